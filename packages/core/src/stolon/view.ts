// Stolon's clusterdata and the proxies' records at one revision -> ClusterView. A pure fold, as patroni/view.ts is for Patroni.
import type { StolonSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import type { StoreRecords } from '../store/entries.ts';

/** `stolon/cluster/orders/`: with the trailing slash. */
export function stolonPrefix({ prefix, name }: Pick<StolonSpec, 'prefix' | 'name'>): string {
  return `${prefix}/${name}/`.replace(/\/{2,}/g, '/');
}

export function stolonView(
  _cluster: string,
  _prefix: string,
  _records: StoreRecords,
  _before: ClusterView | undefined,
  _now: Millis,
): ClusterView {
  throw new Error('being written');
}
