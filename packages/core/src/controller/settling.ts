// The moment after a start or a new configuration in which not enough is known to answer from memory: whoever asks then waits, as he would for PgRoute66, which
// asks every server first. Never for longer than a second: a server that hangs must not hold up what is known of the others.
//
//   settling ──everything known, or a second is over──▶ settled (for good; a new configuration makes a new one)
import type { Clock } from '../model/clock.ts';

const LONGEST_MS = 1_000;

export class Settling {
  readonly #isKnown: () => boolean;
  #end: (() => void) | undefined;
  #over: Promise<void> | undefined;

  /** `isKnown`: asked at once and with each `look`. */
  constructor(clock: Clock, isKnown: () => boolean) {
    this.#isKnown = isKnown;
    if (isKnown()) return;
    this.#over = new Promise((resolve) => {
      const timer = clock.after(LONGEST_MS, () => this.#end?.());
      this.#end = () => {
        timer.cancel();
        this.#end = undefined;
        this.#over = undefined;
        resolve();
      };
    });
  }

  /** Something may be known now that was not. */
  look(): void {
    if (this.#end !== undefined && this.#isKnown()) this.#end();
  }

  /** Nobody waits for this one any more than for the next. */
  stop(): void {
    this.#end?.();
  }

  /** Resolves when it is settled; undefined: it is. */
  get over(): Promise<void> | undefined {
    return this.#over;
  }
}
