// The daemon's log: JSON lines, written at once, so that the last line before a crash is not lost; to standard output, and to a file if one is
// configured. And the journal as log lines.
import type { LogLevel } from '@pgrouted/core/config/config';
import type { Log } from '@pgrouted/core/model/log';
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import { LogFile } from './log-file.ts';

export interface DaemonLog extends Log {
  setLevel(level: LogLevel): void;
  /**
   * Appends each line to this file too, from now on; undefined: to none. The file is opened anew, also if it is the same as before, since it may have been
   * moved away. Throws Failure where it can't be opened; then all stays as it was.
   */
  appendTo(file: string | undefined): void;
}

/** Writes to `stream`; standard output unless given. */
export function createLog(level: LogLevel, stream: DestinationStream = standardOutput()): DaemonLog {
  let file: LogFile | undefined;
  const both: DestinationStream = {
    write: (line) => {
      stream.write(line);
      const trouble = file?.write(line);
      if (trouble !== undefined)
        logger.error({ file: file?.path, err: trouble }, 'log lines can not be written to the file');
    },
  };
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    both,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    setLevel: (wanted) => {
      logger.level = wanted;
    },
    appendTo: (path) => {
      const successor = path === undefined ? undefined : new LogFile(path);
      file?.close();
      file = successor;
    },
  };
}

function standardOutput(): DestinationStream {
  const stream = destination({ dest: 1, sync: true });
  // Whoever read our output may end; routing goes on.
  stream.on('error', () => {});
  return stream;
}

const levels: Partial<Record<JournalEntry['kind'], LogLevel>> = { alarm: 'warn', drift: 'warn' };

/** One line for each entry: its facts by the names that all lines share, its text as the message. */
export function logEntry(log: Log, entry: JournalEntry): void {
  const { text, seq: _seq, at: _at, tMs: _tMs, reason, ...fields } = entry;
  const why = reason === undefined ? {} : { reason: reason.code, facts: reason.facts };
  log[levels[entry.kind] ?? 'info']({ ...fields, ...why }, text);
}
