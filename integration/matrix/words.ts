// What the command line of the matrix asks for. Starts nothing and fetches nothing.
import { type ParseArgsConfig, parseArgs } from 'node:util';

export const usage = `npm run test:node-matrix -- [VERSION...] [--unit] [--smoke] [--minutes N]

Unit tests and the smoke test (a real etcd, PostgreSQL and HAProxy, driven by the built programs) under each Node, one after the other.

  VERSION      a Node whose checksum is pinned, whole (22.23.3) or by its first number (22); without any: all of them
  --unit       only the unit tests
  --smoke      only the smoke test
  --minutes N  the whole may take so long (default 20); what is not done by then has failed`;

export type Suite = 'unit' | 'smoke';

export interface Wish {
  /** Whole versions, oldest first. */
  readonly versions: readonly string[];
  readonly suites: readonly Suite[];
  readonly limitMs: number;
}

const options = {
  unit: { type: 'boolean', default: false },
  smoke: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '20' },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

/** `help` where it is asked for. Throws with what is wrong with the words; `pinned`: the versions that can be had. */
export function wishOf(words: readonly string[], pinned: readonly string[]): Wish | 'help' {
  const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
  if (values.help) return 'help';
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes wants a number above 0; it got "${values.minutes}"`);
  const asked = new Set(positionals.map((word) => versionFor(word, pinned)));
  const suites = (['unit', 'smoke'] as const).filter((suite) => values[suite]);
  return {
    versions: pinned.filter((version) => asked.size === 0 || asked.has(version)),
    suites: suites.length === 0 ? ['unit', 'smoke'] : suites,
    limitMs: minutes * 60_000,
  };
}

/** How long the next suite may take, in milliseconds; 0: it is not begun. One Node that hangs leaves time for the others: twice its even share is its own. */
export function patienceMs({ versions, limitMs }: Wish, goneMs: number): number {
  const share = (2 * limitMs) / Math.max(1, versions.length);
  return Math.max(0, Math.min(share, limitMs - goneMs));
}

function versionFor(word: string, pinned: readonly string[]): string {
  const found = pinned.find((version) => version === word || version.startsWith(`${word}.`));
  if (found === undefined) throw new Error(`there is no pinned Node "${word}"; choose among ${pinned.join(', ')}`);
  return found;
}
