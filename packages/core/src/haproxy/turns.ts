// Runs one thing over and over, never two at once: each turn says how long to wait for the next, and a wake-up ends the waiting. What comes
// while a turn is under way leads to exactly one more.
import type { Clock, Timer } from '../model/clock.ts';

export class Turns {
  readonly #clock: Clock;
  readonly #turn: () => Promise<number>;
  #woken = false;
  #wakeUp: (() => void) | undefined;
  #stopped = false;
  #running: Promise<void> | undefined;

  /** `turn` returns the milliseconds until the next one and must not throw. */
  constructor(clock: Clock, turn: () => Promise<number>) {
    this.#clock = clock;
    this.#turn = turn;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The next turn begins now, or right after the one under way. */
  wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  /** Resolves after the turn under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false;
      const delayMs = await this.#turn();
      if (delayMs > 0) await this.#pause(delayMs);
    }
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#woken || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      this.#wakeUp = () => {
        timer?.cancel();
        this.#wakeUp = undefined;
        resolve();
      };
      timer = this.#clock.after(delayMs, this.#wakeUp);
    });
  }
}
