// What the fleet's keys say, kept as they change: overrides at once, routers when somebody asks. A fold over lists and events; it contacts nobody and decides
// nothing, and a record that can't be read is left out and told.
import type { Override } from '../model/override.ts';
import { shown } from '../store/names.ts';
import type { NamedRouter } from './agreement.ts';
import { parseFleetKey } from './keys.ts';
import { isInForce, type KnownOverride, type Moment, readOverride } from './override-record.ts';
import { readRouter } from './router-record.ts';
import type { FleetEntry } from './store.ts';

export type OverrideChange =
  | { readonly kind: 'set'; readonly cluster: string; readonly override: Override }
  /** `by`: undefined: its record was deleted by somebody who left no name. */
  | { readonly kind: 'lifted'; readonly cluster: string; readonly override: Override; readonly by: string | undefined };

export type FleetEvent =
  | { readonly type: 'put'; readonly entry: FleetEntry }
  | { readonly type: 'delete'; readonly key: string };

export interface FleetProblem {
  readonly key: string;
  readonly error: string;
}

interface Held {
  readonly cluster: string;
  readonly known: KnownOverride;
}

export class FleetBook {
  readonly #prefix: string;
  /** By key. */
  #overrides = new Map<string, Held>();
  /** By cluster, then by name. */
  #routers = new Map<string, Map<string, FleetEntry>>();
  #unreadable = new Map<string, string>();

  /** `prefix`: as configured, without a slash at its end. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A whole list takes the place of what was known. */
  replace(entries: Iterable<FleetEntry>, moment: Moment): readonly OverrideChange[] {
    const before = this.#overrides;
    this.#overrides = new Map();
    this.#routers = new Map();
    this.#unreadable = new Map();
    const changes: OverrideChange[] = [];
    for (const entry of entries) changes.push(...this.#put(entry, moment, before.get(entry.key)));
    for (const [key, held] of before) if (!this.#overrides.has(key)) changes.push(...gone(held, moment));
    return changes;
  }

  apply(events: readonly FleetEvent[], moment: Moment): readonly OverrideChange[] {
    return events.flatMap((event) => {
      if (event.type === 'put') return this.#put(event.entry, moment, this.#overrides.get(event.entry.key));
      return this.#delete(event.key, moment);
    });
  }

  /** The overrides of a cluster that were neither lifted nor have run out. */
  overrides(cluster: string, moment: Pick<Moment, 'now'>): readonly Override[] {
    return [...this.#overrides.values()]
      .filter((held) => held.cluster === cluster && counts(held.known, moment))
      .map(({ known }) => known.override);
  }

  /** As it is in etcd, lifted or not; undefined: there is none. */
  override(cluster: string, id: string): KnownOverride | undefined {
    return [...this.#overrides.values()].find((held) => held.cluster === cluster && held.known.override.id === id)
      ?.known;
  }

  /** Forgets one, though its record may be there still. Undefined: there is none that counts. */
  drop(cluster: string, id: string, moment: Pick<Moment, 'now'>): Override | undefined {
    const known = this.override(cluster, id);
    if (known === undefined || !counts(known, moment)) return undefined;
    this.#overrides.delete(known.entry.key);
    return known.override;
  }

  /** Clusters with overrides that count. */
  overridden(moment: Pick<Moment, 'now'>): ReadonlySet<string> {
    const held = [...this.#overrides.values()].filter(({ known }) => counts(known, moment));
    return new Set(held.map(({ cluster }) => cluster));
  }

  routers(cluster: string): readonly NamedRouter[] {
    return [...(this.#routers.get(cluster) ?? [])]
      .flatMap(([name, entry]) => {
        const record = readRouter(entry);
        return record.ok ? [{ name, record: record.value }] : [];
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether another process than `instance` stands under this name in one of these clusters. */
  isTaken(name: string, instance: string, clusters: readonly string[]): boolean {
    // By the text alone: after a move of all clusters a thousand of our own have changed, and nobody has asked what they say.
    const own = `"instance":${JSON.stringify(instance)}`;
    return clusters.some((cluster) => this.#routers.get(cluster)?.get(name)?.value.includes(own) === false);
  }

  /** Overrides that can't be read. */
  problems(): readonly FleetProblem[] {
    return [...this.#unreadable].map(([key, error]) => ({ key: shown(key), error }));
  }

  /** Routers that can't be read; reads all of them, so it is for those who ask. */
  unreadableRouters(): readonly FleetProblem[] {
    const routers = [...this.#routers.values()].flatMap((byName) => [...byName.values()]);
    return routers.flatMap((entry) => {
      const record = readRouter(entry);
      return record.ok ? [] : [{ key: shown(entry.key), error: record.error }];
    });
  }

  #put(entry: FleetEntry, moment: Moment, before: Held | undefined): readonly OverrideChange[] {
    const key = parseFleetKey(this.#prefix, entry.key);
    if (key === undefined) return [];
    const { cluster } = key;
    if (key.kind === 'router') {
      const routers = this.#routers.get(cluster) ?? new Map<string, FleetEntry>();
      this.#routers.set(cluster, routers.set(key.router, entry));
      return [];
    }
    // The same record once more, as in a new list: its end was reckoned when it was first seen.
    if (before !== undefined && isSame(before.known.entry, entry)) {
      this.#overrides.set(entry.key, before);
      return [];
    }
    const read = readOverride(key.id, entry, moment);
    if (!read.ok) {
      this.#unreadable.set(entry.key, read.error);
      this.#overrides.delete(entry.key);
      return before === undefined ? [] : gone(before, moment);
    }
    this.#unreadable.delete(entry.key);
    const known = read.value;
    const held = { cluster, known };
    this.#overrides.set(entry.key, held);
    const { override, liftedBy } = known;
    if (liftedBy === undefined) return isInForce(override, moment.now) ? [{ kind: 'set', cluster, override }] : [];
    return before === undefined || !counts(before.known, moment)
      ? []
      : [{ kind: 'lifted', cluster, override, by: liftedBy }];
  }

  #delete(text: string, moment: Moment): readonly OverrideChange[] {
    this.#unreadable.delete(text);
    const held = this.#overrides.get(text);
    if (held !== undefined) {
      this.#overrides.delete(text);
      return gone(held, moment);
    }
    const key = parseFleetKey(this.#prefix, text);
    if (key?.kind === 'router') this.#routers.get(key.cluster)?.delete(key.router);
    return [];
  }
}

const isSame = (a: FleetEntry, b: FleetEntry): boolean => a.modRevision === b.modRevision && a.value === b.value;

const counts = ({ override, liftedBy }: KnownOverride, { now }: Pick<Moment, 'now'>): boolean =>
  liftedBy === undefined && isInForce(override, now);

/** What its lease or its own end has ended is told elsewhere: by the clock. */
const gone = ({ cluster, known }: Held, moment: Moment): readonly OverrideChange[] =>
  counts(known, moment) ? [{ kind: 'lifted', cluster, override: known.override, by: undefined }] : [];
