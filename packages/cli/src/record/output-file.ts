// A file that a recording is written to: only for its owner, never over another one unasked, each line whole even if we are killed.
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errorCode, errorText, exitCodes, Failure } from '../failure.ts';

export interface LineSink {
  /** Throws a Failure when the line can't be written completely. */
  readonly write: (line: string) => void;
  /** A new file to which nothing was written is removed. */
  readonly close: () => void;
}

/**
 * Opens `path` for its owner only (0600). With `force` an old file is overwritten, from the first line on (so that one is not lost to
 * a recording that never begins); without, it is an error.
 */
export function openOutput(path: string, force: boolean): LineSink {
  const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = constants;
  const isNew = !existsSync(path);
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_APPEND | (force ? 0 : O_EXCL), 0o600);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw new Failure(`${path} exists; --force overwrites it`, exitCodes.usage);
    throw new Failure(`${path} can't be written: ${errorText(error)}`);
  }
  // An old file that is overwritten may have been open to others. A device such as /dev/null stays as it is.
  const isFile = fstatSync(fd).isFile();
  if (isFile) fchmodSync(fd, 0o600);
  let empty = true;
  return {
    write: (line) => {
      try {
        if (empty && isFile) ftruncateSync(fd);
        empty = false;
        const bytes = Buffer.from(line);
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      } catch (error) {
        throw new Failure(
          `${path} can't be written any further: ${errorText(error)}; it is complete up to its last full line`,
        );
      }
    },
    close: () => {
      closeSync(fd);
      if (empty && isFile && isNew) unlinkSync(path);
    },
  };
}
