// One suite under one Node: vitest with that runtime as its own, and so as that of every worker and every program of ours that a test starts.
// Bounded: what is not done in time is ended, and counts as failed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Verdict, verdictOf } from '../../scripts/verdict.mjs';
import { startProgram } from '../lab/process.ts';
import type { Suite } from './words.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
const argsOf: Readonly<Record<Suite, readonly string[]>> = {
  // The machine may be busy, and each Node is to be judged, not the processor.
  unit: ['--project', 'unit', '--testTimeout=60000'],
  smoke: ['--config', 'integration/matrix/vitest.config.ts'],
};

export interface SuiteRun {
  readonly suite: Suite;
  /** Path of the node binary. */
  readonly node: string;
  /** Log and report go there. */
  readonly folder: string;
  readonly limitMs: number;
}

export interface SuiteResult extends Verdict {
  readonly tookMs: number;
  /** What is wrong, for people: vitest's last words, or that the time was over. */
  readonly trouble: string | undefined;
}

/** Never rejects for a test that fails; the programs that a test had started end with it. */
export async function runSuite({ suite, node, folder, limitMs }: SuiteRun): Promise<SuiteResult> {
  const startedAt = performance.now();
  const report = join(folder, `${suite}.json`);
  const program = startProgram({
    name: suite,
    command: 'nice',
    args: [
      ...['-n', '5', node, join(top, 'node_modules/vitest/vitest.mjs'), 'run', ...argsOf[suite]],
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ],
    env: inherited,
    cwd: top,
    logFile: join(folder, `${suite}.log`),
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void program.stop();
  }, limitMs);
  const code = await program.exited;
  clearTimeout(timer);
  const text = !late && existsSync(report) ? readFileSync(report, 'utf8') : undefined;
  const verdict = verdictOf(text, code === 0 ? 0 : 1);
  const trouble = late
    ? `not done within ${(limitMs / 60_000).toFixed(1)} minutes`
    : verdict.failed > 0
      ? program.log().slice(-6_000)
      : undefined;
  return { ...verdict, tookMs: performance.now() - startedAt, trouble };
}

/** Vitest's own choices (CI, colours) stay those of the caller; options for Node would not be the same under each. */
const inherited: Readonly<Record<string, string>> = Object.fromEntries(
  ['HOME', 'TMPDIR', 'CI'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
