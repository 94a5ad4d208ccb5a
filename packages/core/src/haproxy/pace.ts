// How long a target waits before it looks at HAProxy again. Pure.
import type { Millis } from '../model/units.ts';
import type { Choice } from './choose.ts';

export const SOON_MS = 2;
const SETTLE_SLOWLY_MS = 20;
/** While a write service waits for its next writer HAProxy is read this often: an opening needs a read-back of the last 50 ms. */
const WATCHFUL_MS = 40;
/** Sessions that end are looked at without a pause for so long; so is a worker that stops, and one that is expected after a reload. */
export const HURRY_MS = 1_000;

export interface Pace {
  readonly now: Millis;
  readonly pollMs: number;
  /** All is as decided, and the master socket tells of reloads: what is left to find is a hand that types. */
  readonly calm: boolean;
  readonly awaitsWriter: boolean;
  readonly hurried: boolean;
  /** A newer decision may be on its way to us: until then what was found changed is left alone. */
  readonly driftPauseMs: number;
  readonly denied: boolean;
  /** What is to be done next. */
  readonly next: Choice;
  /** How often the commands for these servers had no effect. */
  readonly tries: (of: Choice) => number;
  /** When the fence of a backend that still has sessions began; without one of ours nothing is about to end. */
  readonly settlingSince: (backend: string) => Millis | undefined;
  /** After how many milliseconds a read-back may show what this one could not. */
  readonly lookAgainMs: number | undefined;
}

/** Milliseconds until the next turn; 0: at once. */
export function nextTurnMs(pace: Pace): number {
  const { now, pollMs, next } = pace;
  const delays = [pace.calm ? 2 * pollMs : pollMs];
  if (pace.lookAgainMs !== undefined) delays.push(pace.lookAgainMs);
  if (pace.awaitsWriter) delays.push(WATCHFUL_MS);
  if (pace.hurried) delays.push(SOON_MS);
  if (pace.driftPauseMs > 0) return Math.max(1, pace.driftPauseMs);
  if (pace.denied) return pollMs;
  if (next.commands.length > 0) {
    const tries = pace.tries(next);
    delays.push(tries === 0 ? 0 : tries <= 5 ? SOON_MS : pollMs);
  }
  for (const backend of next.settling) {
    const since = pace.settlingSince(backend);
    if (since !== undefined) delays.push(now - since < HURRY_MS ? SOON_MS : SETTLE_SLOWLY_MS);
  }
  return Math.min(...delays);
}
