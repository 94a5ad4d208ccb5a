// What a target reads at each look, and thinks about. With few backends all of them, each time. With many: those that are not as decided, in each look; all of
// them by one table, most of which reads as it did before, so often that whatever somebody types is put right within a second, and whenever much is to be done:
// HAProxy tells thousands of lines at once sooner than some hundred one by one.
import { type Reason, reason } from '../model/reason.ts';
import { after, longAgo, type Millis } from '../model/units.ts';
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
/** Where more backends than this are not as decided all are read. */
const ONE_BY_ONE = 64;
/**
 * How old a read-back may be for a writer to be let in on it. Among many it takes longer to read them, to think about them and to have all openings proven, and
 * with less time than that takes nobody would ever be let in. The opening closes all other lines in the same transaction in any case.
 */
const FRESH_MS = 50;
const FRESH_AMONG_MANY_MS = 1_000;
/** What haproxy.cfg lacks is looked for this often among many backends. */
const LINT_EVERY_MS = 60_000;
/** Whoever asked whether something was let go of asks again within this time. */
const LEDGER_FOR_MS = 30_000;
/** So many are counted once more at a time. */
const AGAIN_AT_ONCE = 64;

export interface Look {
  /** What is to be thought about; undefined: nothing is decided. */
  readonly busy: Desired | undefined;
  readonly scope: Scope;
  readonly many: boolean;
  readonly whole: boolean;
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
  readonly #table = new WholeTable();
  readonly #readAt = new Map<string, Millis>();
  readonly #facets = new WeakMap<Desired, Facets>();
  #wholeAt = longAgo;
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
      return { busy: desired, scope: { backends: desired?.backends ?? [] }, many, whole: true };
    }
    const { once, askedTwice } = this.#of(desired);
    const { backends } = once;
    this.#askedTwice = askedTwice;
    const busy = facts === undefined ? { serial: desired.serial, backends: [] } : this.#quiet.others(once, facts, now);
    const whole = facts === undefined || now - this.#wholeAt >= WHOLE_MS || busy.backends.length > ONE_BY_ONE;
    const again = this.#dueAgain(backends, busy.backends, now);
    if (!whole) return { busy, scope: { backends, only: [...busy.backends, ...again] }, many, whole };
    const counted = [...busy.backends.filter(countsSessions), ...again, ...this.#sample(backends)];
    const scope = { backends, table: this.#table, counted: new Set(counted.map(({ backend }) => backend)) };
    return { busy, scope, many, whole };
  }

  /** HAProxy was read as this look said, from `begunAt` on. */
  read(look: Look, begunAt: Millis, now: Millis): void {
    const { scope, whole, many } = look;
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

  /** What is to be thought about after the look: the same, and what was found otherwise than before. */
  busyAfter(look: Look, desired: Desired, facts: TargetFacts, now: Millis): Desired {
    if (!look.many || look.busy === undefined) return desired;
    return this.#quiet.others(this.#of(desired).once, facts, now, new Set(look.busy.backends));
  }

  looked({ many, whole, scope }: Look, busy: Desired, facts: TargetFacts, next: Plan, now: Millis): void {
    if (!many) return;
    this.#quiet.looked(busy, facts, next, now);
    if (whole) this.#quiet.keepOnly(scope.backends);
  }

  /** The plan with what is known of those that were not thought about. */
  whole({ many }: Look, busy: Desired, next: Plan): Plan {
    if (!many) return next;
    const known = this.#quiet.whole(next, new Set(busy.backends.map(({ backend }) => backend)));
    return this.#askedTwice.length === 0 ? known : { ...known, problems: [...known.problems, ...this.#askedTwice] };
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

  /** How old what was read may be for a writer to be let in on it. */
  get freshMs(): number {
    return this.#many ? FRESH_AMONG_MANY_MS : FRESH_MS;
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
    now: Millis,
  ): readonly DesiredBackend[] {
    if (this.#again.size === 0) return [];
    const due = new Set([...this.#again].flatMap(([backend, from]) => (from <= now ? [backend] : [])));
    for (const { backend } of besides) due.delete(backend);
    return due.size === 0 ? [] : backends.filter(({ backend }) => due.has(backend)).slice(0, AGAIN_AT_ONCE);
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
