// Keeps one member under question: when to ask, how long to wait, when to connect anew. Never more than one question or attempt at a time.
//
//            ┌───── deadline, failed ─────┐
//            ▼                            │
//   waiting ──timer──▶ opening ──opened──▶ asking ──answer──▶ resting ──timer──▶ asking
//                         ▲                  │ deadline, ended   │ ended
//                         └──────────────────┴───────────────────┘   at once: who ended it, and is anybody there?
//
// At leisure a session is renewed when it has grown old: a smart shutdown lets old sessions go on for ever, and would wait for ours.
import type { Clock, Timer } from '../model/clock.ts';
import { type ProbeReading, type ProbeState, withReading } from '../model/probe.ts';
import type { Millis } from '../model/units.ts';
import { failureKind, failureReading, NoAnswer } from './failure.ts';
import type { ConnectionPlan } from './options.ts';
import { probeQuestion, readAnswer } from './question.ts';
import { Session } from './session.ts';

/** While hurried, this long without an answer is reported as silence. */
const hurriedDeadlineMs = 500;
/** While hurried, a server that turns us away is not asked more often: each time costs it a process, perhaps TLS, and a line in its log. */
const deniedPauseMs = 250;
/** A deadline that is noticed later than this was missed by us (a stall, a stopped process): the answer may lie in the socket. */
const stallMs = 20;

export interface MemberProbeOptions {
  /** `host:port`, for error texts. */
  readonly where: string;
  /** Made anew for each connection: files may have changed. */
  readonly plan: () => ConnectionPlan;
  readonly clock: Clock;
  readonly pace: { readonly connectTimeoutMs: number; readonly intervalMs: number; readonly burstMs: number };
  /** A session older than this is replaced while nobody hurries. */
  readonly renewAfterMs: number;
  readonly onReading: (state: ProbeState) => void;
}

type Phase = 'waiting' | 'opening' | 'asking' | 'resting' | 'closed';

export class MemberProbe {
  readonly #options: MemberProbeOptions;
  #phase: Phase = 'waiting';
  #hurried = false;
  /** Ask once more as soon as the question under way is over: somebody wants to know what holds now. */
  #again = false;
  #state: ProbeState | undefined;
  #session: Session | undefined;
  /** The old session, while its successor is being opened. */
  #kept: Session | undefined;
  #openedAt: Millis;
  /** When the question or attempt under way was begun. */
  #begunAt: Millis;
  #next: Timer | undefined;
  #deadline: Timer | undefined;
  #failures = 0;
  /** What ended the last session, until something has answered. */
  #endedBy: unknown;
  #rescuedAt: Millis | undefined;

  constructor(options: MemberProbeOptions) {
    this.#options = options;
    this.#begunAt = options.clock.now();
    this.#openedAt = this.#begunAt;
    this.#begin();
  }

  get state(): ProbeState | undefined {
    return this.#state;
  }

  /** From `false` to `true` it asks at once. */
  hurry(hurried: boolean): void {
    const newly = hurried && !this.#hurried;
    this.#hurried = hurried;
    if (!newly) return;
    if (this.#phase === 'resting' || this.#phase === 'waiting') this.#begin();
    else if (this.#kept !== undefined) this.#backTo(this.#kept);
    else if (this.#phase !== 'closed') {
      this.#again = this.#phase === 'asking';
      this.#waitFor(this.#patienceMs());
    }
  }

  close(): void {
    this.#phase = 'closed';
    this.#next?.cancel();
    this.#deadline?.cancel();
    this.#session?.close();
    this.#kept?.close();
    this.#session = undefined;
    this.#kept = undefined;
  }

  #begin(): void {
    this.#next?.cancel();
    const isOld = this.#options.clock.now() - this.#openedAt >= this.#options.renewAfterMs;
    if (this.#session !== undefined && (this.#hurried || !isOld)) {
      this.#ask(this.#session);
    } else {
      this.#kept = this.#session;
      this.#open();
    }
  }

  #open(): void {
    this.#next?.cancel();
    this.#phase = 'opening';
    this.#begunAt = this.#options.clock.now();
    const session = new Session(this.#options.plan(), {
      opened: () => this.#opened(session),
      failed: (errors) => this.#failed(errors),
      ended: (error) => this.#ended(session, error),
      answered: ([row]) => this.#answered(row),
      refused: (error) => this.#turnedAway(error),
    });
    this.#session = session;
    const patienceMs = this.#patienceMs();
    this.#waitFor(this.#kept === undefined ? patienceMs : Math.min(patienceMs, hurriedDeadlineMs));
  }

  #opened(session: Session): void {
    this.#openedAt = this.#options.clock.now();
    this.#kept?.close();
    this.#kept = undefined;
    this.#ask(session);
  }

  #failed(errors: readonly unknown[]): void {
    // That no new session can be had (too many, a changed password) takes nothing from the old one, unless the server is about to stop.
    if (this.#kept !== undefined && failureKind(errors.at(-1)) !== 'stopping') {
      this.#backTo(this.#kept);
    } else {
      this.#kept?.close();
      this.#kept = undefined;
      this.#missed(errors);
    }
  }

  /** Gives up the renewal for now. */
  #backTo(kept: Session): void {
    if (this.#session !== kept) this.#session?.destroy();
    this.#session = kept;
    this.#kept = undefined;
    this.#openedAt = this.#options.clock.now();
    this.#ask(kept);
  }

  #ask(session: Session): void {
    this.#phase = 'asking';
    this.#begunAt = this.#options.clock.now();
    this.#again = false;
    this.#waitFor(this.#patienceMs());
    session.ask(probeQuestion);
  }

  #answered(row: unknown): void {
    const answer = readAnswer(row, this.#begunAt);
    if (answer === undefined) {
      this.#turnedAway(new Error('the answer is none that PostgreSQL gives'));
      return;
    }
    this.#failures = 0;
    this.#endedBy = undefined;
    this.#rest(answer);
  }

  /** The session lives, the question was refused. */
  #turnedAway(error: unknown): void {
    this.#rest(failureReading([error], this.#begunAt));
  }

  #rest(reading: ProbeReading): void {
    this.#phase = 'resting';
    const { intervalMs } = this.#options.pace;
    // From send to send, so that a slow answer doesn't slow the pace.
    const pause = this.#hurried ? this.#hurriedPauseMs(reading) : intervalMs;
    const spent = this.#options.clock.now() - this.#begunAt;
    this.#sleep(this.#again ? 0 : pause - spent);
    this.#report(reading);
  }

  #hurriedPauseMs(reading: ProbeReading): number {
    return reading.kind === 'denied' ? deniedPauseMs : this.#options.pace.burstMs;
  }

  /** No session, and no attempt under way any more. */
  #missed(errors: readonly unknown[]): void {
    this.#session = undefined;
    this.#phase = 'waiting';
    const reading = failureReading(errors, this.#begunAt, this.#endedBy);
    const { burstMs, intervalMs } = this.#options.pace;
    const backoffMs = Math.min(intervalMs, 2 * burstMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    const hurriedMs = reading.kind === 'denied' ? deniedPauseMs : 2 * burstMs;
    this.#sleep(this.#hurried ? hurriedMs : backoffMs);
    this.#report(reading);
  }

  #ended(session: Session, error: unknown): void {
    this.#endedBy = error;
    if (session === this.#kept) {
      this.#kept = undefined;
      return;
    }
    this.#session = undefined;
    const now = this.#options.clock.now();
    // One attempt at once tells why; a server that ends every session is not asked without a pause.
    const mayRescue = this.#rescuedAt === undefined || now - this.#rescuedAt >= 2 * this.#options.pace.burstMs;
    if (mayRescue) {
      this.#rescuedAt = now;
      this.#open();
    } else {
      this.#missed([error]);
    }
  }

  #patienceMs(): number {
    const { connectTimeoutMs } = this.#options.pace;
    return this.#hurried ? Math.min(hurriedDeadlineMs, connectTimeoutMs) : connectTimeoutMs;
  }

  #waitFor(patienceMs: number): void {
    const { clock } = this.#options;
    const dueAt = clock.now() + patienceMs;
    this.#deadline?.cancel();
    this.#deadline = clock.after(patienceMs, () => {
      if (clock.now() - dueAt <= stallMs) this.#overdue();
      else this.#deadline = clock.after(0, () => this.#overdue());
    });
  }

  #overdue(): void {
    const { clock, where, pace } = this.#options;
    if (this.#kept !== undefined) {
      this.#backTo(this.#kept);
      return;
    }
    const waitedMs = clock.now() - this.#begunAt;
    const silence = failureReading([new NoAnswer(waitedMs, where)], this.#begunAt);
    const restMs = pace.connectTimeoutMs - waitedMs;
    if (this.#phase === 'opening' && restMs > 0 && this.#session?.knocking !== true) {
      // Accepted but not served yet, or a name not resolved yet: cutting a slow start short again and again would never let it end.
      this.#waitFor(Math.min(restMs, hurriedDeadlineMs));
    } else {
      this.#session?.destroy();
      this.#session = undefined;
      this.#open();
    }
    this.#report(silence);
  }

  #sleep(delayMs: number): void {
    this.#deadline?.cancel();
    this.#next?.cancel();
    this.#next = this.#options.clock.after(Math.max(0, delayMs), () => this.#begin());
  }

  /** Last of all in each step: the listener may call back into this probe. */
  #report(reading: ProbeReading): void {
    this.#state = withReading(this.#state, reading);
    this.#options.onReading(this.#state);
  }
}
