// Readers of what routers share and of who may control them: the prefix in etcd and the token of the HTTP API. A token is never repeated.
import { bad, good } from './quantities.ts';
import { filePath, normalNamespace, type Reader, text } from './readers.ts';
import type { SchemaContext } from './schema-parts.ts';

/** A prefix of our own in etcd, in the form `/a/b`. */
export const fleetPrefix: Reader<string> = (value) => {
  const read = text(value);
  if (!read.ok) return read;
  const prefix = normalNamespace(read.value);
  return prefix === ''
    ? bad('would be every key of etcd', 'name a prefix that nothing else uses, such as /pgrouted')
    : good(prefix);
};

/** What a token consists of: what can stand in a header, and enough of it that nobody guesses. */
const shortest = 16;
const tokenText = /^[\x21-\x7e]+$/;

/** The secret that is kept in a file, and whether others may read it, too. */
export interface TokenFile {
  readonly token: string;
  readonly path: string;
  readonly open: boolean;
}

export const tokenFile =
  ({ folder, readFile, isOpen }: SchemaContext): Reader<TokenFile> =>
  (value) => {
    const path = filePath(folder)(value);
    if (!path.ok) return path;
    let token: string;
    try {
      token = readFile(path.value).replace(/\r?\n$/, '');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'it could not be read';
      return bad(`${path.value}: ${code}`, 'make the file readable for the user that pgrouted runs as');
    }
    const remedy = "write one line of random letters into it, as 'openssl rand -hex 32' gives it";
    if (token.length < shortest) return bad(`the token has less than ${shortest} characters`, remedy);
    if (!tokenText.test(token)) return bad('the token holds a space or a character that no header can carry', remedy);
    return good({ token, path: path.value, open: isOpen?.(path.value) ?? false });
  };
