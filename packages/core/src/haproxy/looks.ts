// What a target reads at each look, and thinks about. With few backends all of them, each time. With many: those that are not as decided, in each look; all of
// them by one table, most of which reads as it did before, so often that whatever somebody types is put right within a second.
import { after, type Millis, millis } from '../model/units.ts';
import { Batch } from './batch.ts';
import { countsSessions, type Desired, type DesiredBackend } from './desired.ts';
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
/** So many backends are thought about at once: a writer is let in only on a read-back of the last moment. */
const AT_ONCE = 64;
/** What haproxy.cfg lacks is looked for this often among many backends. */
const LINT_EVERY_MS = 60_000;
/** Whoever asked whether something was let go of asks again within this time. */
const LEDGER_FOR_MS = 30_000;

export interface Look {
  /** What is to be thought about; undefined: nothing is decided. */
  readonly busy: Desired | undefined;
  readonly scope: Scope;
  readonly many: boolean;
  readonly whole: boolean;
  /** There is more to think about than `busy`: its turn comes. */
  readonly partly: boolean;
}

const never = millis(Number.NEGATIVE_INFINITY);

interface Facets {
  readonly exclusive: ReadonlySet<string>;
  readonly awaitsWriter: boolean;
}

export class Looks {
  readonly #quiet = new QuietBackends();
  readonly #batch = new Batch(AT_ONCE);
  readonly #table = new WholeTable();
  readonly #readAt = new Map<string, Millis>();
  readonly #facets = new WeakMap<Desired, Facets>();
  #wholeAt = never;
  #many = false;
  #counted = 0;
  #lintedAt = never;
  #ledgerUntil = never;

  next(desired: Desired | undefined, facts: TargetFacts | undefined, now: Millis): Look {
    const many = desired !== undefined && areMany(desired);
    if (many !== this.#many) this.forget();
    this.#many = many;
    if (desired === undefined || !many) {
      return { busy: desired, scope: { backends: desired?.backends ?? [] }, many, whole: true, partly: false };
    }
    const { backends } = desired;
    const others = facts === undefined ? [] : this.#quiet.others(desired, facts, now).backends;
    const busy = { serial: desired.serial, backends: this.#batch.of(others, now) };
    const partly = busy.backends.length < others.length;
    const whole = facts === undefined || now - this.#wholeAt >= WHOLE_MS;
    if (!whole) return { busy, scope: { backends, only: busy.backends }, many, whole, partly };
    const counted = [...busy.backends.filter(countsSessions), ...this.#sample(backends)];
    const scope = { backends, table: this.#table, counted: new Set(counted.map(({ backend }) => backend)) };
    return { busy, scope, many, whole, partly };
  }

  /** HAProxy was read as this look said. */
  read({ scope: { only }, whole }: Look, now: Millis): void {
    if (whole) {
      this.#wholeAt = now;
      this.#readAt.clear();
      return;
    }
    if (only === undefined || only.length === 0) return;
    this.#table.forget();
    for (const { backend } of only) this.#readAt.set(backend, now);
  }

  /** When the lines of this backend were read last. */
  readAt(backend: string): Millis {
    return this.#readAt.get(backend) ?? this.#wholeAt;
  }

  /** What is to be thought about after the look: the same, and what was found otherwise than before, if that is not too much. `partly`: there is more. */
  busyAfter(
    look: Look,
    desired: Desired,
    facts: TargetFacts,
    now: Millis,
  ): { readonly busy: Desired; readonly partly: boolean } {
    if (!look.many || look.busy === undefined) return { busy: desired, partly: false };
    const all = this.#quiet.others(desired, facts, now, new Set(look.busy.backends));
    if (all.backends.length <= AT_ONCE) return { busy: all, partly: false };
    return { busy: look.busy, partly: true };
  }

  looked({ many, whole, scope }: Look, busy: Desired, facts: TargetFacts, next: Plan, now: Millis): void {
    if (!many) return;
    this.#quiet.looked(busy, facts, next, now);
    if (whole) this.#quiet.keepOnly(scope.backends);
  }

  /** The plan with what is known of those that were not thought about. `partly`: of some of them nothing is known yet. */
  whole({ many }: Look, busy: Desired, next: Plan, partly: boolean): Plan {
    const whole = many ? this.#quiet.whole(next, new Set(busy.backends.map(({ backend }) => backend))) : next;
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

  /** After so many milliseconds all has to be read. Undefined: it is each time. */
  wholeInMs(now: Millis): number | undefined {
    return this.#many ? Math.max(1, after(this.#wholeAt, WHOLE_MS) - now) : undefined;
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
    this.#wholeAt = never;
  }

  otherWorker(): void {
    this.#quiet.forget();
    this.#lintedAt = never;
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
    const facets = {
      exclusive: new Set(writes.map(({ backend }) => backend)),
      awaitsWriter: writes.some(({ servers }) => !servers.some(({ state }) => state === 'ready')),
    };
    this.#facets.set(desired, facets);
    return facets;
  }
}
