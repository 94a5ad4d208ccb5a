// The keys of one Patroni cluster, sorted into drawers: which entry is the leader, which are members, and so on. Reads no values.
import type { PatroniSpec } from '../model/spec.ts';
import type { StoreEntry, StoreRecords } from '../store/entries.ts';

/** `/service/demo/`: with the trailing slash, since `/service/demo` is also a prefix of `/service/demo2/...`. */
export function patroniPrefix({ namespace, scope }: PatroniSpec): string {
  return `/${namespace}/${scope}/`.replace(/\/{2,}/g, '/');
}

export interface Drawers {
  entry(name: string): StoreEntry | undefined;
  /** Names as the store has them, sorted; not checked. */
  readonly members: readonly (readonly [name: string, entry: StoreEntry])[];
}

const MEMBERS = 'members/';

export function drawers(prefix: string, { entries }: StoreRecords): Drawers {
  const start = prefix + MEMBERS;
  const members: (readonly [string, StoreEntry])[] = [];
  for (const [key, entry] of entries) {
    if (key.startsWith(start)) members.push([key.slice(start.length), entry]);
  }
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return { entry: (name) => entries.get(prefix + name), members };
}
