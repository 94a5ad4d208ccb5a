// Notices that the whole process (or machine) stood still: a SIGSTOP, a paused virtual machine. It wakes up with its timers due and its sockets
// unread, so the view looks unconfirmed and the primary unproven, though neither was asked. Cutting clients for that would be harm.
import type { Clock, Timer } from '../model/clock.ts';
import { after, type Millis } from '../model/units.ts';

/** The clock is looked at this often; a look that is much later means a standstill. */
const BEAT_MS = 500;
const STALL_MS = 1_000;
/** After a standstill everything known is old at once. For this long at most, judgement waits for the first fresh proof. */
const AFTER_STALL_MS = 500;

export class Standstill {
  readonly #clock: Clock;
  readonly #onStall: (stoodMs: number) => void;
  #beatAt: Millis;
  #beat: Timer | undefined;
  #stall: { readonly endedAt: Millis; readonly waitUntil: Millis } | undefined;

  /** `onStall`: called once for each standstill, when it has ended; says whether judgement shall wait. */
  constructor(clock: Clock, onStall: (stoodMs: number) => void) {
    this.#clock = clock;
    this.#onStall = onStall;
    this.#beatAt = clock.now();
  }

  start(): void {
    this.notice(this.#clock.now());
    this.#beat = this.#clock.after(BEAT_MS, () => this.start());
  }

  stop(): void {
    this.#beat?.cancel();
  }

  /** To be called with each look at the clock. */
  notice(now: Millis): void {
    const stoodMs = now - this.#beatAt;
    this.#beatAt = now;
    if (stoodMs < STALL_MS) return;
    this.#stall = { endedAt: now, waitUntil: after(now, AFTER_STALL_MS) };
    this.#onStall(stoodMs);
  }

  get waiting(): boolean {
    return this.#stall !== undefined;
  }

  /** Until when to wait for a fresh proof; undefined: there is nothing to wait for, or no more. */
  waitUntil(confirmedAt: Millis, now: Millis): Millis | undefined {
    if (this.#stall === undefined) return undefined;
    if (confirmedAt >= this.#stall.endedAt || now >= this.#stall.waitUntil) this.#stall = undefined;
    return this.#stall?.waitUntil;
  }

  /** What is known is not worth waiting for. */
  forget(): void {
    this.#stall = undefined;
  }
}
