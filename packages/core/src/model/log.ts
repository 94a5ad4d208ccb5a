// The logger as the product sees it: one line per event, fields first. pino's loggers fit.

export type LogFields = Readonly<Record<string, unknown>>;

/** Field names are the same everywhere: cluster, service, member, revision, target, reason, err. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Says nothing: for tests and for one-shot commands. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
