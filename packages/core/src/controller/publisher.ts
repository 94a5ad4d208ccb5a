// Tells the targets what the clusters want held, once for many changes that come together: what one delivery of etcd brings is told right after it, and while
// the telling itself takes long (thousands of backends) it is not done more often than a few times in that span. Knows nothing of what is told.
import type { Clock, Timer } from '../model/clock.ts';

/** At most this part of the time goes into telling: a quarter. */
const REST = 3;

export class Publisher {
  readonly #clock: Clock;
  readonly #publish: () => void;
  #wanted = false;
  #timer: Timer | undefined;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, publish: () => void) {
    this.#clock = clock;
    this.#publish = publish;
  }

  /** Something else shall be held than was told. */
  want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    const restMs = this.#restUntil - this.#clock.now();
    if (restMs <= 0) queueMicrotask(() => this.flush());
    else this.#timer = this.#clock.after(restMs, () => this.flush());
  }

  /** Tells now what is still to be told: to be called before the targets are asked about it. */
  flush(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    const from = this.#clock.now();
    this.#publish();
    const now = this.#clock.now();
    this.#restUntil = now + REST * (now - from);
  }
}
