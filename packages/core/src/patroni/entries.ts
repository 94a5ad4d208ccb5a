// The keys of one Patroni cluster, sorted into drawers: which entry is the leader, which are members, and so on. Reads no values.
import type { PatroniSpec } from '../model/spec.ts';
import type { Millis, Revision } from '../model/units.ts';

export interface PatroniEntry {
  readonly value: string;
  readonly modRevision: Revision;
  readonly createRevision?: Revision | undefined;
  /** Decimal text; `0`: none. One lease per Patroni process, shared by its member key and, if it leads, the leader key. */
  readonly lease: string;
}

/** All keys below a cluster's prefix at one revision. */
export interface PatroniRecords {
  readonly revision: Revision;
  /** When a linearizable read last confirmed that this is the committed state. */
  readonly confirmedAt: Millis;
  /** By full key. */
  readonly entries: ReadonlyMap<string, PatroniEntry>;
}

/** `/service/demo/`: with the trailing slash, since `/service/demo` is also a prefix of `/service/demo2/...`. */
export function patroniPrefix({ namespace, scope }: PatroniSpec): string {
  return `/${namespace}/${scope}/`.replace(/\/{2,}/g, '/');
}

export interface Drawers {
  entry(name: string): PatroniEntry | undefined;
  /** Names as the store has them, sorted; not checked. */
  readonly members: readonly (readonly [name: string, entry: PatroniEntry])[];
}

const MEMBERS = 'members/';

export function drawers(prefix: string, { entries }: PatroniRecords): Drawers {
  const start = prefix + MEMBERS;
  const members: (readonly [string, PatroniEntry])[] = [];
  for (const [key, entry] of entries) {
    if (key.startsWith(start)) members.push([key.slice(start.length), entry]);
  }
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return { entry: (name) => entries.get(prefix + name), members };
}
