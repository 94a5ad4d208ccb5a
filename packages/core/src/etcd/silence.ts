// Finds out that a peer is frozen or cut off: something was asked, and nothing at all has come since. Runs a timer only while an answer is due.
//
//   idle ──asked──▶ waiting ──still nothing──▶ doubting ──still nothing──▶ silent
//    ▲─all answered───┘▲──────anything heard──────┘
import type { Clock, Timer } from '../model/clock.ts';
import type { Millis } from '../model/units.ts';

export interface SilenceOptions {
  readonly clock: Clock;
  readonly heardAt: () => Millis;
  /** Nothing heard for this long with an answer due: ask something that any live peer answers at once. */
  readonly doubtMs: number;
  /** Nothing heard for this long after that: it is silent. */
  readonly giveUpMs: number;
  readonly askAnything: () => void;
  readonly onSilent: () => void;
}

export class SilenceGuard {
  readonly #options: SilenceOptions;
  #due = 0;
  #timer: Timer | undefined;
  #since: Millis;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#since = options.clock.now();
  }

  /** Tells that an answer is due; call the result when it is here, or is no longer waited for. */
  expect(): () => void {
    this.#due += 1;
    if (this.#timer === undefined) this.#wait(this.#options.clock.now());
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#due -= 1;
      // An answer that was given up is no sign of life: then the doubt goes on.
      if (this.#due === 0 && this.#heard()) this.stop();
    };
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #heard(): boolean {
    return this.#options.heardAt() >= this.#since;
  }

  #wait(since: Millis): void {
    const { clock, doubtMs, giveUpMs, askAnything, onSilent } = this.#options;
    const goOn = () => {
      this.stop();
      if (this.#due > 0) this.#wait(clock.now());
    };
    this.#since = since;
    this.#timer = clock.after(doubtMs, () => {
      if (this.#heard()) return goOn();
      const doubtAt = clock.now();
      this.#timer = clock.after(giveUpMs, () => {
        // Late ourselves (stopped, or starved of CPU): an answer may lie unread.
        const late = clock.now() - doubtAt > 2 * giveUpMs;
        if (late || this.#heard()) return goOn();
        this.stop();
        onSilent();
      });
      askAnything();
    });
  }
}
