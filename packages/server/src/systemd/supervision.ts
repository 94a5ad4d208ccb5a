// What systemd is told of the running daemon, and when: READY when it drives (or knows that it can't), a line for `systemctl status`, each reload and the
// stop, and a sign of life while every part of the router goes on. Sends nothing itself.
import type { RunningRouter } from '@pgrouted/core/controller/router';
import type { Clock, Timer } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';
import { after, longAgo, type Millis } from '@pgrouted/core/model/units';
import type { Outbox } from './outbox.ts';
import { statusLine } from './status-line.ts';
import { look, lookEveryMs } from './watchdog.ts';

/** What became of a reload. `refused`: the configuration before it stays. */
export type Reloaded = 'taken' | 'unchanged' | 'refused';

export interface SupervisionOptions {
  readonly router: Pick<RunningRouter, 'status' | 'settling' | 'onEvent' | 'late'>;
  readonly outbox: Outbox;
  /** There is something in the outbox. */
  readonly wake: () => void;
  /** There is, for the last time. */
  readonly flush: () => void;
  /** Undefined: nobody watches. */
  readonly watchdogMs: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** CLOCK_MONOTONIC in microseconds, as systemd counts it. */
  readonly monotonicUs: () => bigint;
}

/** The status line changes no more often than this, */
const STATUS_EVERY_MS = 1_000;
/** and rests for so many times as long as it took to make: among thousands of clusters that is some time. */
const STATUS_REST = 50;
/** What a HAProxy holds changes without an event of its own; as long as one is not as decided it is looked at again, less and less often, up to this. */
const LONGEST_STATUS_PAUSE_MS = 30_000;

export class Supervision {
  readonly #o: SupervisionOptions;
  #reloads = 0;
  #refused = false;
  #stopping = false;
  #statusTimer: Timer | undefined;
  #statusNotBefore: Millis = longAgo;
  #statusPauseMs = STATUS_EVERY_MS;
  #toldAliveAt: Millis = longAgo;
  #stuckOn: string | undefined;

  constructor(options: SupervisionOptions) {
    this.#o = options;
  }

  /** Resolves when systemd was told that we are ready: what can be known in the first second is known, and decided. An etcd out of reach holds up nobody. */
  async start(): Promise<void> {
    const { router, watchdogMs } = this.#o;
    router.onEvent(() => this.#changed());
    await router.settling();
    if (this.#stopping) return;
    this.#ready();
    if (watchdogMs !== undefined) this.#watch(watchdogMs);
  }

  /** While `work`, a reload of the configuration, is under way systemd shows `reloading`. */
  async during(work: () => Promise<Reloaded>): Promise<void> {
    const { outbox, wake, monotonicUs } = this.#o;
    this.#reloads += 1;
    outbox.step('reloading', [`MONOTONIC_USEC=${monotonicUs()}`]);
    wake();
    const became = await work();
    this.#reloads -= 1;
    this.#refused = became === 'refused';
    if (this.#reloads === 0 && !this.#stopping) this.#ready();
  }

  /** The stop has begun; nothing is told any more. */
  stopping(): void {
    this.#stopping = true;
    this.#statusTimer?.cancel();
    this.#o.outbox.step('stopping');
    this.#o.outbox.status('stopping; HAProxy keeps what it holds');
    this.#o.flush();
  }

  #ready(): void {
    this.#o.outbox.step('ready');
    this.#tellStatus();
  }

  /** Something happened: the status is another one soon. */
  #changed(): void {
    if (this.#statusPauseMs === STATUS_EVERY_MS && this.#statusTimer !== undefined) return;
    this.#statusPauseMs = STATUS_EVERY_MS;
    this.#statusSoon();
  }

  #statusSoon(): void {
    this.#statusTimer?.cancel();
    if (this.#stopping) return;
    const { clock } = this.#o;
    const waitMs = Math.max(this.#statusPauseMs, this.#statusNotBefore - clock.now());
    this.#statusTimer = clock.after(waitMs, () => this.#tellStatus());
  }

  #tellStatus(): void {
    const { clock, outbox, router, wake } = this.#o;
    this.#statusTimer?.cancel();
    this.#statusTimer = undefined;
    const from = clock.now();
    const refused = this.#refused ? 'the new configuration was not taken (see the log), the one before counts; ' : '';
    const status = router.status();
    outbox.status(refused + statusLine(status));
    const now = clock.now();
    this.#statusNotBefore = after(now, STATUS_REST * (now - from));
    wake();
    if (status.targets.every(({ converged }) => converged)) return;
    this.#statusSoon();
    this.#statusPauseMs = Math.min(LONGEST_STATUS_PAUSE_MS, 2 * this.#statusPauseMs);
  }

  #watch(watchdogMs: number): void {
    if (this.#stopping) return;
    const { clock } = this.#o;
    this.#look(watchdogMs, clock.now());
    clock.after(lookEveryMs(watchdogMs), () => this.#watch(watchdogMs));
  }

  #look(watchdogMs: number, now: Millis): void {
    const { log, outbox, router, wake } = this.#o;
    const seen = look(watchdogMs, now - this.#toldAliveAt, () => router.late());
    if (seen.kind === 'wait') return;
    if (seen.kind === 'stuck') {
      const { part, byMs } = seen.on;
      if (part !== this.#stuckOn)
        log.error(
          { part, byMs: Math.round(byMs) },
          `${part} should have gone on ${Math.round(byMs)} ms ago: systemd is told no more that pgrouted lives, and will start it anew`,
        );
      this.#stuckOn = part;
      return;
    }
    if (this.#stuckOn !== undefined) log.info({ part: this.#stuckOn }, `${this.#stuckOn} goes on again`);
    this.#stuckOn = undefined;
    this.#toldAliveAt = now;
    outbox.alive();
    wake();
  }
}
