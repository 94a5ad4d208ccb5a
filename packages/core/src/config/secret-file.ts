// A secret that is kept in a file of its own: one line, which never comes back in an error.
import { bad, good, type Reading } from './quantities.ts';
import { filePath } from './readers.ts';
import type { SchemaContext } from './schema-parts.ts';

export interface SecretFile {
  readonly path: string;
  /** The file's text, less one line end. May be empty. */
  readonly secret: string;
}

/** `written`: the path. */
export function secretIn({ folder, readFile }: SchemaContext, written: unknown): Reading<SecretFile> {
  const path = filePath(folder)(written);
  if (!path.ok) return path;
  try {
    return good({ path: path.value, secret: readFile(path.value).replace(/\r?\n$/, '') });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it could not be read';
    return bad(`${path.value}: ${code}`, 'make the file readable for the user that pgrouted runs as');
  }
}
