// The log on disk: appended to line by line, at once. A disk that takes no more costs lines, never the daemon.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { errorCode, errorText, exitCodes, Failure } from './failure.ts';

/** Not blocking: a named pipe that nobody reads must not hang us. */
const openFlags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;

/** As PgRoute66 makes it, so that those who read its log can read this one; there is no secret in it. The process's umask can only take away from it. */
const newFileMode = 0o644;

export class LogFile {
  readonly path: string;
  readonly #descriptor: number;
  #failing = false;

  /** Opens it. Throws Failure (`failed`). */
  constructor(path: string) {
    this.path = path;
    try {
      this.#descriptor = openSync(path, openFlags, newFileMode);
    } catch (error) {
      const why: Record<string, string> = {
        ENOENT: 'its folder does not exist; make it, or name another file',
        EACCES: 'this user may not write it; give it to the user that pgrouted runs as, or name another file',
        EISDIR: 'it is a folder; name a file in it',
        ENXIO: 'it is a pipe that nobody reads, or a socket; name a file',
        EROFS: 'its file system is read-only; name another file',
      };
      throw new Failure(
        exitCodes.failed,
        `the log file ${path} can't be opened: ${why[errorCode(error) ?? ''] ?? errorText(error)}`,
      );
    }
  }

  /** Undefined, or what went wrong, once for each time that it begins to go wrong. */
  write(line: string): string | undefined {
    const wasFailing = this.#failing;
    try {
      writeSync(this.#descriptor, line);
      this.#failing = false;
      return undefined;
    } catch (error) {
      this.#failing = true;
      return wasFailing ? undefined : errorText(error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
