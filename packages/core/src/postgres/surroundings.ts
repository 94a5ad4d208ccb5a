// What connection options depend on outside of the configuration: environment, home folder, files. Passed in, so that rules can be tested.
// Files are read anew for each connection plan: a renewed certificate or password is taken up without a restart.
import { readFileSync, type Stats, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';

export type FileReading =
  | { readonly kind: 'file'; readonly text: string; readonly mode: number; readonly ownerId: number }
  | { readonly kind: 'missing' }
  /** It may be there, but the way to it is closed to us (a folder without permission). */
  | { readonly kind: 'out-of-reach'; readonly error: string }
  /** There is something, but no regular file. */
  | { readonly kind: 'not-a-file' }
  | { readonly kind: 'unreadable'; readonly error: string };

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined: no home folder, so none of libpq's default files. */
  readonly home: string | undefined;
  /** The name of the user we run as: libpq's default user. */
  readonly osUser: string | undefined;
  readonly readFile: (path: string) => FileReading;
}

export function systemSurroundings(): Surroundings {
  const { env } = process;
  const user = currentUser();
  return { env, home: env['HOME'] || user?.homedir || homedir() || undefined, osUser: user?.username, readFile };
}

/** A process may run under a number that has no name (containers). */
function currentUser(): { readonly username: string; readonly homedir: string } | undefined {
  try {
    return userInfo();
  } catch {
    return undefined;
  }
}

function readFile(path: string): FileReading {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'missing' }
      : { kind: 'out-of-reach', error: messageOf(error) };
  }
  if (!stat.isFile()) return { kind: 'not-a-file' };
  try {
    return { kind: 'file', text: readFileSync(path, 'utf8'), mode: stat.mode & 0o777, ownerId: stat.uid };
  } catch (error) {
    return { kind: 'unreadable', error: messageOf(error) };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
