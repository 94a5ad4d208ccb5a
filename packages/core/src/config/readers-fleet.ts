// Readers of what routers share and of who may control them: the prefix in etcd and the token of the HTTP API. A token is never repeated.
import { bad, good } from './quantities.ts';
import { normalNamespace, type Reader, text } from './readers.ts';
import type { SchemaContext } from './schema-parts.ts';
import { secretIn } from './secret-file.ts';

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
  (context: SchemaContext): Reader<TokenFile> =>
  (value) => {
    const file = secretIn(context, value);
    if (!file.ok) return file;
    const { path, secret: token } = file.value;
    const remedy = "write one line of random letters into it, as 'openssl rand -hex 32' gives it";
    if (token.length < shortest) return bad(`the token has less than ${shortest} characters`, remedy);
    if (!tokenText.test(token)) return bad('the token holds a space or a character that no header can carry', remedy);
    return good({ token, path, open: context.isOpen?.(path) ?? false });
  };
