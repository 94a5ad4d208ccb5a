// Until when a decision holds without new facts: every comparison with the clock goes through here and leaves its instant behind.
import { after, type Millis } from '../model/units.ts';

export class Horizon {
  readonly now: Millis;
  #next: Millis | undefined;

  constructor(now: Millis) {
    this.now = now;
  }

  /** True until `durationMs` after `since`; the decision has to be reviewed then. */
  within(since: Millis, durationMs: number): boolean {
    const end = after(since, durationMs);
    if (this.now >= end) return false;
    if (end !== Number.POSITIVE_INFINITY && (this.#next === undefined || end < this.#next)) this.#next = end;
    return true;
  }

  /** The earliest instant at which one of the comparisons turns out otherwise. */
  get reviewAt(): Millis | undefined {
    return this.#next;
  }
}
