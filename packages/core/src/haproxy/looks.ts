// What a target reads at each look, and thinks about. With few backends all of them, each time. With many: those that are not as decided, in each look; all of
// them by one table, most of which reads as it did before, so often that whatever somebody types is put right within a second.
import { type Reason, reason } from '../model/reason.ts';
import { after, longAgo, type Millis } from '../model/units.ts';
import { Batch } from './batch.ts';
import { countsSessions, type Desired, type DesiredBackend, endsSessions } from './desired.ts';
import type { Scope } from './exchange.ts';
import type { Wanted } from './match.ts';
import type { TargetFacts } from './parse.ts';
import type { Plan } from './plan.ts';
import { areMany, QuietBackends } from './quiet.ts';
import { WholeTable } from './server-lines.ts';

/** All of many backends are read at least this often. */
const WHOLE_MS = 800;
/** With each of those looks the sessions of so many backends are counted, in turn: for people. */
const COUNTED_AT_ONCE = 16;
/** So many backends are thought about at once: a writer is let in only on a read-back and a proof of the last moment. */
const AT_ONCE = 64;
/** A turn among thousands costs most of its time whatever is in it: with fewer at once it only took more of them (18 s instead of 5 for a thousand clusters). */
const LEAST_AT_ONCE = 64;
const MOST_AT_ONCE = 256;
/** What is read in one turn must not take longer, or all of it is old before it is acted upon: then it is fewer backends the next time. */
const LONG_MS = 40;
const SHORT_MS = 20;
/** What haproxy.cfg lacks is looked for this often among many backends. */
const LINT_EVERY_MS = 60_000;
/** Whoever asked whether something was let go of asks again within this time. */
const LEDGER_FOR_MS = 30_000;
/** So many are read again at most while there is more to think about than can be thought about at once. */
const AGAIN_MEANWHILE = 16;

export interface Look {
  /** What is to be thought about; undefined: nothing is decided. */
  readonly busy: Desired | undefined;
  readonly scope: Scope;
  readonly many: boolean;
  readonly whole: boolean;
  /** There is more to think about than `busy`: its turn comes. */
  readonly partly: boolean;
}

interface Facets {
  /** Without second entries for a backend: the first counts. */
  readonly once: Desired;
  readonly askedTwice: readonly Reason[];
  readonly exclusive: ReadonlySet<string>;
  readonly awaitsWriter: boolean;
}

export class Looks {
  readonly #quiet = new QuietBackends();
  readonly #batch = new Batch(AT_ONCE);
  readonly #table = new WholeTable();
  readonly #readAt = new Map<string, Millis>();
  readonly #facets = new WeakMap<Desired, Facets>();
  #wholeAt = longAgo;
  #atOnce = AT_ONCE;
  #askedAt = longAgo;
  #many = false;
  #counted = 0;
  #lintedAt = longAgo;
  #ledgerUntil = longAgo;
  /** Nothing is to be done about these, but their sessions are to be counted once more, from this instant on. */
  readonly #again = new Map<string, Millis>();
  #againSoon = false;
  #askedTwice: readonly Reason[] = [];

  next(desired: Desired | undefined, facts: TargetFacts | undefined, now: Millis): Look {
    const many = desired !== undefined && areMany(desired);
    if (many !== this.#many) this.forget();
    this.#many = many;
    if (desired === undefined || !many) {
      return { busy: desired, scope: { backends: desired?.backends ?? [] }, many, whole: true, partly: false };
    }
    this.#askedAt = now;
    const { once, askedTwice } = this.#of(desired);
    const { backends } = once;
    this.#askedTwice = askedTwice;
    const others = facts === undefined ? [] : this.#quiet.others(once, facts, now).backends;
    const busy = { serial: desired.serial, backends: this.#batch.of(others, now, this.#atOnce) };
    const partly = busy.backends.length < others.length;
    const whole = facts === undefined || now - this.#wholeAt >= WHOLE_MS;
    const again = this.#dueAgain(backends, busy.backends, partly ? AGAIN_MEANWHILE : AT_ONCE, now);
    if (!whole) return { busy, scope: { backends, only: [...busy.backends, ...again] }, many, whole, partly };
    const counted = [...busy.backends.filter(countsSessions), ...again, ...this.#sample(backends)];
    const scope = { backends, table: this.#table, counted: new Set(counted.map(({ backend }) => backend)) };
    return { busy, scope, many, whole, partly };
  }

  /** HAProxy was read as this look said, from `begunAt` on. */
  read(look: Look, begunAt: Millis, now: Millis): void {
    const { scope, whole, partly, many } = look;
    const { only = [] } = scope;
    const counted = this.counted(look);
    for (const [backend, from] of this.#again)
      if (from <= begunAt && counted?.has(backend)) this.#again.delete(backend);
    this.#againSoon = false;
    if (whole) {
      this.#wholeAt = now;
      this.#readAt.clear();
      if (!many) return;
      // The table tells no sessions, and not that a line was another for a moment.
      for (const backend of counted ?? []) this.#readAt.set(backend, now);
      const { justChanged } = this.#table;
      const changed = justChanged.size === 0 ? [] : scope.backends.filter(({ backend }) => justChanged.has(backend));
      for (const one of changed) {
        if (endsSessions(one) && !counted?.has(one.backend)) this.#again.set(one.backend, now);
      }
      this.#againSoon = this.#again.size > 0;
      return;
    }
    if (only.length === 0) return;
    if (now - this.#askedAt > LONG_MS) this.#atOnce = Math.max(LEAST_AT_ONCE, this.#atOnce / 2);
    else if (partly && now - this.#askedAt < SHORT_MS) this.#atOnce = Math.min(MOST_AT_ONCE, this.#atOnce * 2);
    this.#table.forget();
    for (const { backend } of only) this.#readAt.set(backend, now);
  }

  /** HAProxy was not read, or not as a whole: what it was told since it was read last may have been carried out. */
  failed(): void {
    this.#table.forget();
    this.#readAt.clear();
  }

  /** The backends whose lines and sessions such a look reads. Undefined: all. */
  counted({ many, whole, scope: { counted, only = [] } }: Look): ReadonlySet<string> | undefined {
    if (!many) return undefined;
    return whole ? (counted ?? new Set()) : new Set(only.map(({ backend }) => backend));
  }

  /** The sessions of these are counted once more, from this instant on. */
  countAgain(backends: readonly string[], from: Millis): void {
    if (this.#many) for (const backend of backends) this.#again.set(backend, from);
  }

  /** When the lines of this backend were read last, with their sessions. */
  readAt(backend: string): Millis {
    return this.#readAt.get(backend) ?? (this.#many ? longAgo : this.#wholeAt);
  }

  /** What is to be thought about after the look: the same, and what was found otherwise than before, if that is not too much. `partly`: there is more. */
  busyAfter(
    look: Look,
    desired: Desired,
    facts: TargetFacts,
    now: Millis,
  ): { readonly busy: Desired; readonly partly: boolean } {
    if (!look.many || look.busy === undefined) return { busy: desired, partly: false };
    // Those that wait have been read by a look at all only: nothing is known of them that was not known before.
    if (look.partly && !look.whole) return { busy: look.busy, partly: true };
    const all = this.#quiet.others(this.#of(desired).once, facts, now, new Set(look.busy.backends));
    if (all.backends.length <= this.#atOnce) return { busy: all, partly: false };
    return { busy: look.busy, partly: true };
  }

  looked({ many, whole, scope }: Look, busy: Desired, facts: TargetFacts, next: Plan, now: Millis): void {
    if (!many) return;
    this.#quiet.looked(busy, facts, next, now);
    if (whole) this.#quiet.keepOnly(scope.backends);
  }

  /** The plan with what is known of those that were not thought about. `partly`: of some of them nothing is known yet. */
  whole({ many }: Look, busy: Desired, next: Plan, partly: boolean): Plan {
    const known = many ? this.#quiet.whole(next, new Set(busy.backends.map(({ backend }) => backend))) : next;
    const whole =
      many && this.#askedTwice.length > 0 ? { ...known, problems: [...known.problems, ...this.#askedTwice] } : known;
    return partly ? { ...whole, converged: false } : whole;
  }

  /** What every line shall hold. */
  wanted({ many }: Look, { wanted }: Plan): readonly Wanted[] {
    if (!many) return wanted;
    const busy = new Set(wanted.map(({ line }) => line.backend));
    return [...wanted, ...this.#quiet.wanted().filter(({ line }) => !busy.has(line.backend))];
  }

  mayLint({ many }: Look, now: Millis): boolean {
    if (!many) return true;
    if (now - this.#lintedAt < LINT_EVERY_MS) return false;
    this.#lintedAt = now;
    return true;
  }

  /** After so many milliseconds all has to be read, or something again. Undefined: all is, each time. */
  wholeInMs(now: Millis): number | undefined {
    if (!this.#many) return undefined;
    return this.#againSoon ? 1 : Math.max(1, after(this.#wholeAt, WHOLE_MS) - now);
  }

  /** The write services. */
  exclusive(desired: Desired): ReadonlySet<string> {
    return this.#of(desired).exclusive;
  }

  /** A write service is closed and will be opened soon. Among many it is read when that is decided, which takes no longer than to read all of them always. */
  awaitsWriter(desired: Desired): boolean {
    return !areMany(desired) && this.#of(desired).awaitsWriter;
  }

  /** Somebody asks what was let go of. True: nobody had for a while, so that what was noted has a gap. */
  wantsLedger(now: Millis): boolean {
    const anew = this.#many && now >= this.#ledgerUntil;
    this.#ledgerUntil = after(now, LEDGER_FOR_MS);
    return anew;
  }

  /** What was let go of is noted: always, but among many backends only while somebody asks. */
  keepsLedger(desired: Desired, now: Millis): boolean {
    return !areMany(desired) || now < this.#ledgerUntil;
  }

  /** Nothing counts that was read before. */
  forget(): void {
    this.#quiet.forget();
    this.#table.forget();
    this.#readAt.clear();
    this.#again.clear();
    this.#wholeAt = longAgo;
  }

  otherWorker(): void {
    this.#quiet.forget();
    this.#lintedAt = longAgo;
  }

  #dueAgain(
    backends: readonly DesiredBackend[],
    besides: readonly DesiredBackend[],
    most: number,
    now: Millis,
  ): readonly DesiredBackend[] {
    if (this.#again.size === 0) return [];
    const due = new Set([...this.#again].flatMap(([backend, from]) => (from <= now ? [backend] : [])));
    for (const { backend } of besides) due.delete(backend);
    return due.size === 0 ? [] : backends.filter(({ backend }) => due.has(backend)).slice(0, most);
  }

  #sample(backends: readonly DesiredBackend[]): readonly DesiredBackend[] {
    const from = this.#counted % backends.length;
    this.#counted = from + COUNTED_AT_ONCE;
    return backends.slice(from, from + COUNTED_AT_ONCE);
  }

  #of(desired: Desired): Facets {
    const known = this.#facets.get(desired);
    if (known !== undefined) return known;
    const writes = desired.backends.filter(({ exclusive }) => exclusive);
    const names = new Set<string>();
    const second = new Set(desired.backends.filter(({ backend }) => names.size === names.add(backend).size));
    const facets = {
      once: second.size === 0 ? desired : { ...desired, backends: desired.backends.filter((one) => !second.has(one)) },
      askedTwice: [...second].map(({ backend }) => reason('backend_asked_twice', { backend })),
      exclusive: new Set(writes.map(({ backend }) => backend)),
      awaitsWriter: writes.some(({ servers }) => !servers.some(({ state }) => state === 'ready')),
    };
    this.#facets.set(desired, facets);
    return facets;
  }
}
