// A clock that stands still until a test moves it.
import type { Clock, Timer } from '../src/model/clock.ts';
import { type Millis, millis } from '../src/model/units.ts';

export class ManualClock implements Clock {
  #now = 1_000;
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): Millis {
    return millis(this.#now);
  }

  wall(): Date {
    return new Date(this.#now);
  }

  after(delayMs: number, run: () => void): Timer {
    const entry = { at: this.#now + delayMs, run };
    this.#due.add(entry);
    return { cancel: () => this.#due.delete(entry) };
  }

  /** How many calls are still scheduled. */
  get pending(): number {
    return this.#due.size;
  }

  /** Moves on, running what falls due in its order, and lets promises settle after each. */
  async pass(durationMs: number): Promise<void> {
    const end = this.#now + durationMs;
    for (;;) {
      await settled();
      const [next] = [...this.#due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#due.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
    await settled();
  }

  /** Moves on without running anything, as if the process had been stopped; what is due runs at the next `pass`. */
  stall(durationMs: number): void {
    this.#now += durationMs;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
