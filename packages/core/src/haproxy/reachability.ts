// Whether HAProxy answers and obeys, how long to wait before it is tried again, and what of that is worth telling. Does no I/O.
//
//   reachable <--> not_running | hung | broken (answers that can't be read) | no_permission (socket closed to us, or commands denied)
import type { Millis } from '../model/units.ts';
import type { TargetReport, TargetState } from './report.ts';
import type { RuntimeFailure } from './runtime.ts';

const SOON_MS = 2;
const RETRY_MS = 20;
/** A HAProxy that is not there is looked for often in the beginning: it is probably being restarted. */
const RETRY_OFTEN_MS = 2_000;
/** Connections that end early for less than this are what a reload looks like. */
const BROKEN_FOR_MS = 100;
/** A HAProxy that denied a command is only read for this long. */
const DENIED_PAUSE_MS = 1_000;

export type Trouble = RuntimeFailure & { readonly since: Millis };

export class Reachability {
  readonly #pollMs: number;
  #failure: (Trouble & { readonly told: boolean }) | undefined;
  #denied: { readonly error: string; readonly since: Millis; readonly lastAt: Millis } | undefined;

  constructor(pollMs: number) {
    this.#pollMs = pollMs;
  }

  get answers(): boolean {
    return this.#failure === undefined;
  }

  get trouble(): Trouble | undefined {
    return this.#failure ?? (this.#denied && { kind: 'no_permission', ...this.#denied });
  }

  /** It can be read, but denied our commands a moment ago: no use in sending them again right now. */
  denies(now: Millis): boolean {
    return this.#denied !== undefined && now - this.#denied.lastAt < DENIED_PAUSE_MS;
  }

  get state(): Exclude<TargetState, 'unknown'> {
    const kind = this.trouble?.kind;
    return kind === undefined ? 'reachable' : kind === 'protocol' ? 'broken' : kind;
  }

  /** `denied`: the line held commands, and this HAProxy was read before. `hurried`: a new worker is expected any moment. */
  failed(
    failure: RuntimeFailure,
    now: Millis,
    { denied, hurried }: { readonly denied: boolean; readonly hurried: boolean },
  ): { readonly reports: readonly TargetReport[]; readonly delayMs: number } {
    if (failure.kind === 'no_permission' && this.#failure === undefined && denied) {
      const reports = this.#denied === undefined ? [toReport(failure, now)] : [];
      this.#denied = { error: failure.error, since: this.#denied?.since ?? now, lastAt: now };
      return { reports, delayMs: SOON_MS };
    }
    const before = this.#failure;
    const since = before?.since ?? now;
    const told = before?.kind === failure.kind && before.told;
    const tell = !told && (failure.kind !== 'protocol' || now - since >= BROKEN_FOR_MS);
    this.#failure = { ...failure, since, told: told || tell };
    const reports = tell ? [toReport(failure, now)] : [];
    if (failure.kind === 'hung' || failure.kind === 'no_permission') return { reports, delayMs: this.#pollMs };
    if (hurried) return { reports, delayMs: SOON_MS };
    return { reports, delayMs: now - since < RETRY_OFTEN_MS ? RETRY_MS : this.#pollMs };
  }

  /** It says that we may change it: a denial was another worker's. (Where nothing is to be done no command would ever show it.) */
  permitted(now: Millis): readonly TargetReport[] {
    const denied = this.#denied;
    this.#denied = undefined;
    return denied === undefined ? [] : [{ kind: 'back', at: now, afterMs: now - denied.since }];
  }

  /** There is a read-back. `obeyed`: of a line that held commands. */
  answered(obeyed: boolean, now: Millis): readonly TargetReport[] {
    const failure = this.#failure?.told === true ? this.#failure : undefined;
    const since = failure?.since ?? (obeyed ? this.#denied?.since : undefined);
    this.#failure = undefined;
    if (obeyed) this.#denied = undefined;
    return since === undefined ? [] : [{ kind: 'back', at: now, afterMs: now - since }];
  }
}

function toReport({ kind, error }: RuntimeFailure, at: Millis): TargetReport {
  return kind === 'hung' ? { kind, at, error } : { kind: 'unreachable', at, why: kind, error };
}
