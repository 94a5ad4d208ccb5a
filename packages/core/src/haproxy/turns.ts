// Runs one thing over and over, never two at once: each turn says how long to wait for the next, and a wake-up ends the waiting. What comes
// while a turn is under way leads to exactly one more.
import type { Clock, Timer } from '../model/clock.ts';
import { after, type Millis } from '../model/units.ts';

export class Turns {
  readonly #clock: Clock;
  readonly #turn: () => Promise<number>;
  #woken = false;
  #wakeUp: (() => void) | undefined;
  #stopped = false;
  #running: Promise<void> | undefined;
  #begunAt: Millis | undefined;
  #restsUntil: Millis | undefined;

  /** `turn` returns the milliseconds until the next one and must not throw. */
  constructor(clock: Clock, turn: () => Promise<number>) {
    this.#clock = clock;
    this.#turn = turn;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** When the turn under way was begun, or until when the one before is rested from. Undefined: not started yet, or stopped. */
  get stage(): { readonly begunAt: Millis } | { readonly restsUntil: Millis } | undefined {
    if (this.#stopped || this.#begunAt === undefined) return undefined;
    return this.#restsUntil === undefined ? { begunAt: this.#begunAt } : { restsUntil: this.#restsUntil };
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
      this.#begunAt = this.#clock.now();
      const delayMs = await this.#turn();
      if (delayMs > 0) await this.#pause(delayMs);
    }
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#woken || this.#stopped) return Promise.resolve();
    this.#restsUntil = after(this.#clock.now(), delayMs);
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      this.#wakeUp = () => {
        timer?.cancel();
        this.#wakeUp = undefined;
        this.#restsUntil = undefined;
        resolve();
      };
      timer = this.#clock.after(delayMs, this.#wakeUp);
    });
  }
}
