// What a key-value store holds below one cluster's prefix at one revision, before anybody has read the values. The same for every source.
import type { Millis, Revision } from '../model/units.ts';

export interface StoreEntry {
  readonly value: string;
  readonly modRevision: Revision;
  readonly createRevision?: Revision | undefined;
  /** Decimal text; `0`: none. */
  readonly lease: string;
}

/** All keys below a cluster's prefix at one revision. */
export interface StoreRecords {
  readonly revision: Revision;
  /** When a linearizable read last confirmed that this is the committed state. */
  readonly confirmedAt: Millis;
  /** By full key. */
  readonly entries: ReadonlyMap<string, StoreEntry>;
}
