// What can go wrong in a way that we expect: one line that says what was tried, what came back and what to do, with its exit code.

/** Documented in --help and docs/configuration.md. */
export const exitCodes = {
  ok: 0,
  /** Something outside failed while running: a port in use, etcd out of reach for a command that needs it. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** EX_CONFIG of sysexits.h: the configuration can't be read or is wrong. Starting again does not help. */
  config: 78,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export class Failure extends Error {
  readonly exitCode: ExitCode;

  /** `message` may have several lines, each of which stands for itself. */
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** The `code` of a Node error (`EADDRINUSE`, `ENOENT`), if it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
