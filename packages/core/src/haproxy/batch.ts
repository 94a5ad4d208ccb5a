// Of more backends than can be thought about at once those whose turn it is: they stay for a while, since a fence is followed by a question and an opening, and
// make room for the next when they are through or get nowhere. Values only.
import { longAgo, type Millis } from '../model/units.ts';
import type { DesiredBackend } from './desired.ts';

/** Fence, read back, prove, open, read back: a matter of milliseconds, but not where the machine is busy. */
const STAY_MS = 1_000;

export class Batch {
  readonly #most: number;
  #since: ReadonlyMap<string, Millis> = new Map();
  #after = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** `most`: fewer (or more) than usual. */
  of(backends: readonly DesiredBackend[], now: Millis, most = this.#most): readonly DesiredBackend[] {
    if (backends.length <= most) {
      this.#since = new Map();
      return backends;
    }
    const stay = backends.filter(({ backend }) => now - (this.#since.get(backend) ?? longAgo) < STAY_MS).slice(0, most);
    const staying = new Set(stay);
    const waiting = backends.filter((one) => !staying.has(one));
    const from = this.#after % Math.max(1, waiting.length);
    const come = [...waiting.slice(from), ...waiting.slice(0, from)].slice(0, most - stay.length);
    // Those who make room come last again.
    this.#after = from + come.length;
    const batch = [...stay, ...come];
    const before = this.#since;
    const sinceOf = (one: DesiredBackend): Millis => (staying.has(one) ? (before.get(one.backend) ?? now) : now);
    this.#since = new Map(batch.map((one) => [one.backend, sinceOf(one)]));
    return batch;
  }
}
