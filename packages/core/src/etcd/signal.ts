// Lets somebody wait for something to happen that makes a condition true, but not for ever.
import type { Clock } from '../model/clock.ts';

export class Signal {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has happened: those who wait look whether it is what they wait for. */
  fire(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves when `enough` holds after something has happened, or when `patienceMs` are over; which of both is for the caller to see. */
  until(enough: () => boolean, patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        timer.cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const look = () => {
        if (enough()) over();
      };
      const timer = this.#clock.after(patienceMs, over);
      this.#waiting.add(look);
    });
  }
}
