// The daemon's log: JSON lines, written at once, so that the last line before a crash is not lost. And the journal as log lines.
import type { LogLevel } from '@pgrouted/core/config/config';
import type { Log } from '@pgrouted/core/model/log';
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';

export interface DaemonLog extends Log {
  setLevel(level: LogLevel): void;
}

/** Writes to `stream`; standard output unless given. */
export function createLog(level: LogLevel, stream: DestinationStream = standardOutput()): DaemonLog {
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    stream,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    setLevel: (wanted) => {
      logger.level = wanted;
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
