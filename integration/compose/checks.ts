// What was checked, and how it went: said at once, summed up at the end. A check that fails does not keep the next one from its turn.
// Judges nothing itself: a check fails by throwing.
import { performance } from 'node:perf_hooks';

export interface Checks {
  /** Gives what the check gives, or undefined when it failed. */
  readonly check: <T>(what: string, how: () => Promise<T> | T) => Promise<T | undefined>;
  readonly skip: (what: string, why: string) => void;
  readonly sum: () => { readonly passed: number; readonly failed: number; readonly skipped: number };
}

const longest = 3_000;

export function openChecks(say: (text: string) => void): Checks {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  return {
    check: async (what, how) => {
      const startedAt = performance.now();
      try {
        const value = await how();
        sum.passed += 1;
        say(`ok    ${what} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
        return value;
      } catch (error) {
        sum.failed += 1;
        say(`FAILED ${what}`);
        say(messageOf(error).slice(-longest));
        return undefined;
      }
    },
    skip: (what, why) => {
      sum.skipped += 1;
      say(`skipped ${what}: ${why}`);
    },
    sum: () => ({ ...sum }),
  };
}

/** The message, and that of each cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${messageOf(error.cause)}`;
}

/** Throws with `what` and the text that was looked at. */
export function expectThat(holds: boolean, what: string, seen: string): void {
  if (!holds) throw new Error(`${what}; seen:\n${seen}`);
}
