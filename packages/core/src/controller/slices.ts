// Work that comes for thousands at once, done a slice at a time: answers of HAProxy and etcd are read in between, instead of after all of it. What comes alone is
// done at once. Knows nothing of what the work is.
import type { Clock, Timer } from '../model/clock.ts';
import { longAgo, type Millis } from '../model/units.ts';

/** How long one slice takes: HAProxy's answers come in pieces, and each piece waits for a slice. */
const SLICE_MS = 8;
/** After so long without work the next is no part of what was done before. */
const BREAK_MS = 2;

export class Slices<T> {
  readonly #clock: Clock;
  readonly #run: (one: T) => void;
  /** In the order in which they came; one that comes again keeps its place. */
  readonly #waiting = new Set<T>();
  #spentMs = 0;
  #endedAt: Millis = longAgo;
  #next: Timer | undefined;

  /** `run` must not throw. */
  constructor(clock: Clock, run: (one: T) => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** It is to be done: now, or after what waits already. */
  want(one: T): void {
    const now = this.#clock.now();
    if (now - this.#endedAt > BREAK_MS) this.#spentMs = 0;
    this.#waiting.add(one);
    if (this.#next !== undefined) return;
    if (this.#waiting.size > 1 || this.#spentMs >= SLICE_MS) this.#later();
    else this.#do(one);
  }

  /** If it waits it is done now. */
  settle(one: T): void {
    if (this.#waiting.has(one)) this.#do(one);
  }

  /** It is not to be done any more. */
  drop(one: T): void {
    this.#waiting.delete(one);
  }

  stop(): void {
    this.#waiting.clear();
    this.#next?.cancel();
    this.#next = undefined;
  }

  #do(one: T): void {
    this.#waiting.delete(one);
    const from = this.#clock.now();
    this.#run(one);
    this.#endedAt = this.#clock.now();
    this.#spentMs += this.#endedAt - from;
  }

  #later(): void {
    this.#next ??= this.#clock.after(0, () => {
      this.#next = undefined;
      this.#spentMs = 0;
      for (const one of this.#waiting) {
        if (this.#spentMs >= SLICE_MS) break;
        this.#do(one);
      }
      if (this.#waiting.size > 0) this.#later();
    });
  }
}
