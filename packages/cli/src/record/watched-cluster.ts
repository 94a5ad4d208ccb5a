// The cluster as the recorder's probes need it: whom to ask, and whether a switch seems to be under way. Made by the daemon's own reading of the
// records, so it is the same for every source. No I/O.
import type { StoredClusterSpec } from '@pgrouted/core/model/spec';
import type { Millis } from '@pgrouted/core/model/units';
import type { Address, ClusterView } from '@pgrouted/core/model/view';
import { sourcePrefix, sourceView } from '@pgrouted/core/source/source';
import type { StoreRecords } from '@pgrouted/core/store/entries';

export class WatchedCluster {
  readonly #cluster: StoredClusterSpec;
  #view: ClusterView | undefined;

  constructor(cluster: StoredClusterSpec) {
    this.#cluster = cluster;
  }

  /** Reads the records; true if who may take writes, or shall soon, is another than before. */
  see(records: StoreRecords, now: Millis): boolean {
    const before = this.#view;
    const view = sourceView(this.#cluster, sourcePrefix(this.#cluster.source), records, before, now);
    this.#view = view;
    return before !== undefined && authorityOf(before) !== authorityOf(view);
  }

  /** The members that say where their PostgreSQL listens. */
  members(): readonly { readonly name: string; readonly address: Address }[] {
    return (this.#view?.members ?? []).flatMap(({ name, address }) =>
      address === undefined ? [] : [{ name, address }],
    );
  }
}

/** All that is told of authority, as one text: the leadership, a switch that was asked for, and what Stolon tells its proxies. */
function authorityOf({ leadership, plannedSwitch, proxies }: ClusterView): string {
  const who = leadership.kind === 'held' ? leadership.member : (leadership.former ?? null);
  const told = [proxies?.clusterUid, proxies?.generation, proxies?.masterDbUid, proxies?.statusMasterDbUid];
  return JSON.stringify([leadership.kind, who, String(leadership.revision), plannedSwitch, told]);
}
