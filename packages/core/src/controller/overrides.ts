// The overrides that count now: those of the fleet, as etcd tells them, and those that this router alone knows. Ends each when its time is over, by this router's
// own clock, whether or not etcd can be read; tells the journal and whoever decides. Writes nothing to etcd.
import type { FleetBook, OverrideChange } from '../fleet/book.ts';
import { isInForce } from '../fleet/override-record.ts';
import type { Clock, Timer } from '../model/clock.ts';
import { type Override, overrideWords } from '../model/override.ts';
import { earliest, type Millis } from '../model/units.ts';
import type { Journal } from './journal.ts';

export interface OverridesOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  /** Others than before stand for this cluster. */
  readonly onChange: (cluster: string) => void;
}

export interface ClusterOverride {
  readonly cluster: string;
  readonly override: Override;
}

/** A timer is never set for longer: whatever the distance, it is looked again. */
const LONGEST_WAIT_MS = 3_600_000;

export class Overrides {
  readonly #o: OverridesOptions;
  #book: FleetBook | undefined;
  #local: readonly ClusterOverride[] = [];
  /** What stood at the last look, by cluster: the very same list until it is another. */
  #standing = new Map<string, readonly Override[]>();
  #timer: Timer | undefined;

  constructor(options: OverridesOptions) {
    this.#o = options;
  }

  of(cluster: string): readonly Override[] {
    return this.#standing.get(cluster) ?? none;
  }

  /** All that stand, by cluster. */
  all(): readonly ClusterOverride[] {
    return [...this.#standing].flatMap(([cluster, overrides]) => overrides.map((override) => ({ cluster, override })));
  }

  find(cluster: string, id: string): Override | undefined {
    return this.of(cluster).find((override) => override.id === id);
  }

  /** The fleet's have changed, or are kept elsewhere from now on. */
  shared(book: FleetBook, changes: readonly OverrideChange[]): void {
    this.#book = book;
    for (const change of changes) {
      const { cluster, override } = change;
      if (change.kind === 'set')
        this.#tell(cluster, override, `${overrideWords(override)} was set by ${override.owner}: ${override.reason}`);
      else
        this.#tell(
          cluster,
          override,
          `${overrideWords(override)} was lifted ${change.by === undefined ? 'by somebody who deleted its record' : `by ${change.by}`}`,
        );
    }
    this.#look();
  }

  /** `why`: the fleet does not have it. */
  addLocal(cluster: string, override: Override, why: string): void {
    this.#local = [...this.#local, { cluster, override }];
    this.#tell(
      cluster,
      override,
      `${overrideWords(override)} was set by ${override.owner}, for this router alone (${why}): ${override.reason}`,
    );
    this.#look();
  }

  /** False: this router has none of its own by that id. */
  liftLocal(cluster: string, id: string, by: string): boolean {
    const found = this.#local.find((one) => one.cluster === cluster && one.override.id === id);
    if (found === undefined) return false;
    this.#local = this.#local.filter((one) => one !== found);
    this.#tell(cluster, found.override, `${overrideWords(found.override)} was lifted by ${by}`);
    this.#look();
    return true;
  }

  /** One of the fleet's that etcd is not asked about any more. False: there is none. */
  forget(cluster: string, id: string, by: string): boolean {
    const override = this.#book?.drop(cluster, id, { now: this.#o.clock.now() });
    if (override === undefined) return false;
    this.#tell(cluster, override, `${overrideWords(override)} was lifted by ${by}`);
    this.#look();
    return true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** What stands now; tells what has run out since the last look, and whom it concerns. */
  #look(): void {
    const now = this.#o.clock.now();
    const before = this.#standing;
    this.#local = this.#local.filter(({ override }) => isInForce(override, now));
    const clusters = new Set([
      ...(this.#book?.overridden({ now }) ?? []),
      ...this.#local.map(({ cluster }) => cluster),
    ]);
    const standing = new Map<string, readonly Override[]>();
    for (const cluster of [...clusters].sort()) {
      const merged = this.#merged(cluster, now);
      const old = before.get(cluster);
      standing.set(cluster, old !== undefined && same(old, merged) ? old : merged);
    }
    this.#standing = standing;
    for (const [cluster, overrides] of before) {
      for (const override of overrides) {
        if (!isInForce(override, now)) this.#tell(cluster, override, `${overrideWords(override)} has run out`);
      }
    }
    this.#lookAgain(now);
    for (const cluster of new Set([...before.keys(), ...standing.keys()])) {
      if (before.get(cluster) !== standing.get(cluster)) this.#o.onChange(cluster);
    }
  }

  #merged(cluster: string, now: Millis): readonly Override[] {
    const shared = this.#book?.overrides(cluster, { now }) ?? [];
    // A write whose answer did not come may have been done all the same: then the fleet has it.
    const known = new Set(shared.map(({ id }) => id));
    const local = this.#local.filter((one) => one.cluster === cluster && !known.has(one.override.id));
    return [...shared, ...local.map(({ override }) => override)];
  }

  #lookAgain(now: Millis): void {
    this.#timer?.cancel();
    const next = earliest(...this.all().map(({ override }) => override.until));
    this.#timer =
      next === undefined
        ? undefined
        : this.#o.clock.after(Math.min(LONGEST_WAIT_MS, Math.max(0, next - now) + 1), () => this.#look());
  }

  #tell(cluster: string, { member, service }: Override, text: string): void {
    this.#o.journal.add({
      kind: 'override',
      cluster,
      member,
      ...(service === undefined ? {} : { service }),
      text,
    });
  }
}

const none: readonly Override[] = [];

const same = (a: readonly Override[], b: readonly Override[]): boolean =>
  a.length === b.length && a.every((one, at) => one === b[at]);
