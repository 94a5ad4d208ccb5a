// What can go wrong in a way that we expect: one line that says what was tried, what came back and what to do, with its exit code.

/** Documented in --help and docs/cli.md. */
export const exitCodes = {
  ok: 0,
  /** The router could not be reached or understood, or a file could not be read or written. */
  failed: 1,
  /** The command line or the configuration file is wrong. */
  usage: 2,
  /** `status`: the router was reached, and not every write service has a server. */
  notReady: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export class Failure extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.failed) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** The `code` of a Node error (`ECONNREFUSED`, `ENOENT`), if it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
