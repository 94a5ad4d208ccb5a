// Notices that the whole process (or machine) stood still: a SIGSTOP, a paused virtual machine. It wakes up with its timers due and its sockets
// unread, so the view looks unconfirmed and the primary unproven, though neither was asked. Cutting clients for that would be harm.
import type { Clock, Timer } from '../model/clock.ts';
import { after, type Millis } from '../model/units.ts';

/** The clock is looked at this often; a look that is much later means a standstill. */
const BEAT_MS = 500;
const STALL_MS = 1_000;
/** After a standstill everything known is old at once. For this long at most, judgement waits for the first fresh proof. */
const AFTER_STALL_MS = 500;

/** The beat that shows a standstill: one for as many clusters as there are. */
export class Heart {
  readonly #clock: Clock;
  readonly #listeners = new Set<(stoodMs: number, now: Millis) => void>();
  #beatAt: Millis;
  #beat: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beatAt = clock.now();
  }

  /** To be called with each look at the clock. */
  notice(now: Millis): void {
    const stoodMs = now - this.#beatAt;
    this.#beatAt = now;
    if (stoodMs < STALL_MS) return;
    for (const listener of [...this.#listeners]) listener(stoodMs, now);
  }

  /** Calls `listener` once for each standstill, when it has ended. Returns how to stop. */
  listen(listener: (stoodMs: number, now: Millis) => void): () => void {
    if (this.#listeners.size === 0) this.#beatAt = this.#clock.now();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#beat?.cancel();
      this.#beat = undefined;
    };
  }

  /** Beats from now on, for as long as anybody listens. */
  start(): void {
    if (this.#beat === undefined) this.#run();
  }

  #run(): void {
    this.notice(this.#clock.now());
    this.#beat = this.#clock.after(BEAT_MS, () => this.#run());
  }
}

export class Standstill {
  readonly #heart: Heart;
  readonly #leave: () => void;
  #stall: { readonly endedAt: Millis; readonly waitUntil: Millis } | undefined;

  /** `onStall`: called once for each standstill, when it has ended. */
  constructor(heart: Heart, onStall: (stoodMs: number) => void) {
    this.#heart = heart;
    this.#leave = heart.listen((stoodMs, now) => {
      this.#stall = { endedAt: now, waitUntil: after(now, AFTER_STALL_MS) };
      onStall(stoodMs);
    });
  }

  start(): void {
    this.#heart.start();
  }

  stop(): void {
    this.#leave();
  }

  /** To be called with each look at the clock. */
  notice(now: Millis): void {
    this.#heart.notice(now);
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
