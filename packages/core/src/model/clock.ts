// Time as it is handed in from outside, so that tests and replays run on a clock of their own.
import type { Millis } from './units.ts';

/** A scheduled call that can be taken back. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** The monotonic clock: never set back, unrelated to the time of day. */
  now(): Millis;
  /** The time of day, for journals and logs only; never used to decide. */
  wall(): Date;
  /** Calls `run` once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer;
}

/** Resolves `delayMs` from now on the given clock. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
