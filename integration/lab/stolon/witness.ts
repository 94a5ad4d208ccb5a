// A witness of one Stolon cluster: every clusterdata that is put, in order, as a client of etcd sees it that belongs to nobody else.
import { eventually } from '../process.ts';
import { type ClusterData, parseClusterData } from './cluster-data.ts';
import { openStore, type StoreOptions } from './store.ts';

export interface ClusterDataPut {
  readonly revision: number;
  readonly data: ClusterData;
}

export interface Witness {
  /** Grows. The last put of all may be heard of a little later than another client reads it. */
  readonly puts: readonly ClusterDataPut[];
  /** Waits until the put of that revision was heard of. */
  readonly putOf: (revision: number | undefined) => Promise<ClusterData>;
  readonly close: () => Promise<void>;
}

/** Begins to listen; nothing that is put after this has settled is missed. */
export async function watchClusterData(options: StoreOptions): Promise<Witness> {
  const store = openStore(options);
  const puts: ClusterDataPut[] = [];
  const watch = await store.watch(({ key, value, revision }) => {
    if (key === 'clusterdata' && value !== undefined) puts.push({ revision, data: parseClusterData(value) });
  });
  return {
    puts,
    putOf: (revision) =>
      eventually(`the put of revision ${revision}`, () => puts.find((put) => put.revision === revision)?.data),
    close: async () => {
      await watch.close();
      store.close();
    },
  };
}
