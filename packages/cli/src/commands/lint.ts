// pgroutectl lint: what each HAProxy really holds against what the configuration needs: what is missing, where, and what to do.
import { getStatus } from '../api/documents.ts';
import type { RouterAddress } from '../api/request.ts';
import { type ExitCode, exitCodes } from '../failure.ts';
import { type Io, lookOf } from '../io.ts';
import { isClean, lintOf, renderLint } from '../render/lint.ts';
import type { Output } from './status.ts';

export interface LintOptions {
  readonly router: RouterAddress;
  readonly output: Output;
}

/** Exit code 0: nothing is found. 1: something is, or a HAProxy was not read yet. */
export async function lint(io: Io, { router, output }: LintOptions): Promise<ExitCode> {
  const targets = lintOf(await getStatus(router));
  io.out(output === 'json' ? `${JSON.stringify({ targets }, null, 2)}\n` : renderLint(targets, lookOf(io)));
  return isClean(targets) ? exitCodes.ok : exitCodes.failed;
}
