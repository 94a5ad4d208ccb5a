// Until when a decision holds without new facts: every comparison with the clock goes through here and leaves its instant behind.
import { after, earliest, type Millis } from '../model/units.ts';

export class Horizon {
  readonly now: Millis;
  readonly #confirmedAt: Millis | undefined;
  #age: Millis | undefined;
  #facts: Millis | undefined;

  /** `confirmedAt`: of the view; what is counted from that instant is put off by the next confirmation. */
  constructor(now: Millis, confirmedAt?: Millis) {
    this.now = now;
    this.#confirmedAt = confirmedAt;
  }

  /** True until `durationMs` after `since`; the decision has to be reviewed then. */
  within(since: Millis, durationMs: number): boolean {
    const end = after(since, durationMs);
    if (this.now >= end) return false;
    if (end === Number.POSITIVE_INFINITY) return true;
    if (since === this.#confirmedAt) this.#age = earliest(this.#age, end);
    else this.#facts = earliest(this.#facts, end);
    return true;
  }

  /** The earliest instant at which one of the comparisons turns out otherwise. */
  get reviewAt(): Millis | undefined {
    return earliest(this.#age, this.#facts);
  }

  /** The same in two parts: of the comparisons with the last confirmation, and of all others. */
  get reviewBy(): { readonly age: Millis | undefined; readonly facts: Millis | undefined } {
    return { age: this.#age, facts: this.#facts };
  }
}
