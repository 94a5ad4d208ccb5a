// Stolon's keys for tests of the fold: clusterdata as Go writes it, to be changed where a test needs it.
import type { ClusterView } from '../src/model/view.ts';
import { stolonView } from '../src/stolon/view.ts';
import { StoreKeys } from './store-keys.ts';

export const prefix = 'stolon/cluster/demo/';

export interface KeeperData {
  uid?: string;
  status: {
    healthy?: boolean;
    forceFail?: boolean;
    lastHealthyTime?: string;
    postgresBinaryVersion?: { Maj?: number; Min?: number };
    canBeMaster?: boolean;
    canBeSynchronousReplica?: boolean;
  };
}

export interface DbData {
  uid?: string;
  generation?: number;
  spec: {
    keeperUID: string;
    role?: string;
    initMode?: string;
    followConfig?: { type: string; dbuid?: string };
    followers?: string[];
    synchronousStandbys: string[] | null;
  };
  status: {
    healthy?: boolean;
    currentGeneration?: number;
    listenAddress?: string;
    port?: string;
    systemdID?: string;
    timelineID?: number;
    xLogPos?: number;
    synchronousStandbys: string[] | null;
  };
}

export interface Data {
  formatVersion: number;
  changeTime: string;
  cluster: { uid: string; spec: Record<string, unknown>; status: { phase?: string; master?: string } };
  keepers: Record<string, KeeperData>;
  dbs: Record<string, DbData>;
  proxy: { generation?: number; spec: { masterDbUid?: string; enabledProxies?: string[] }; status: object };
}

export const aKeeper = (status: Partial<KeeperData['status']> = {}): KeeperData => ({
  status: {
    healthy: true,
    lastHealthyTime: '2026-11-20T10:01:55.342000242Z',
    postgresBinaryVersion: { Maj: 15, Min: 4 },
    canBeMaster: true,
    canBeSynchronousReplica: true,
    ...status,
  },
});

/** `k2` -> 10.0.0.2, a sound standby of db1. */
export const aStandby = (keeperUID: string): DbData => ({
  generation: 2,
  spec: {
    keeperUID,
    role: 'standby',
    initMode: 'none',
    followConfig: { type: 'internal', dbuid: 'db1' },
    followers: [],
    synchronousStandbys: null,
  },
  status: {
    healthy: true,
    currentGeneration: 2,
    listenAddress: `10.0.0.${keeperUID.slice(1)}`,
    port: '5432',
    systemdID: '7575835178962671673',
    timelineID: 1,
    xLogPos: 900,
    synchronousStandbys: null,
  },
});

export function aMaster(keeperUID: string): DbData {
  const { status } = aStandby(keeperUID);
  return {
    generation: 3,
    spec: { keeperUID, role: 'master', initMode: 'none', followers: ['db2', 'db3'], synchronousStandbys: null },
    status: { ...status, currentGeneration: 3, xLogPos: 1_000 },
  };
}

/** A db that was just added for a standby: nothing is known of it yet. */
export const aResync = (keeperUID: string): DbData => ({
  generation: 1,
  spec: { ...aStandby(keeperUID).spec, initMode: 'resync' },
  status: { synchronousStandbys: null },
});

/** k1 is master (db1), k2 and k3 follow; two proxies are enabled. */
export const soundData = (): Data => ({
  formatVersion: 1,
  changeTime: '2026-11-20T10:01:55.342000242Z',
  cluster: {
    uid: '63b229f1',
    spec: { additionalWalSenders: null, additionalMasterReplicationSlots: null, initMode: 'new', pgHBA: null },
    status: { phase: 'normal', master: 'db1' },
  },
  keepers: { k1: aKeeper(), k2: aKeeper(), k3: aKeeper() },
  dbs: { db1: aMaster('k1'), db2: aStandby('k2'), db3: aStandby('k3') },
  proxy: { generation: 2, spec: { masterDbUid: 'db1', enabledProxies: ['p1', 'p2'] }, status: {} },
});

/** As the sentinel writes it in one put when it replaces the master: k2 is chosen, the proxies have to let go of k1. */
export function failOver(data: Data): void {
  data.cluster.status.master = 'db2';
  const { db1, db2 } = data.dbs;
  if (db1 === undefined || db2 === undefined) throw new Error('db1 and db2 are needed');
  data.keepers['k1'] = aKeeper({ healthy: false });
  db1.generation = 4;
  db1.spec.followers = [];
  db1.status.healthy = false;
  db2.generation = 3;
  db2.spec.role = 'master';
  delete db2.spec.followConfig;
  delete data.proxy.spec.masterDbUid;
  data.proxy.generation = 3;
}

/** All proxies have let go: the new master is named. */
export function nameNew(data: Data): void {
  data.proxy.spec.masterDbUid = 'db2';
  data.proxy.generation = 4;
}

export const proxyInfo = (uid: string, generation: number, infoUID = 'cdc03856'): string =>
  JSON.stringify({ infoUID, UID: uid, Generation: generation, ProxyTimeout: 15_000_000_000 });

export class StolonKeys extends StoreKeys {
  #data: Data;

  private constructor(data: Data, others: Readonly<Record<string, string>>) {
    super(prefix, (records, before, now) => stolonView('demo', prefix, records, before, now), {
      ...others,
      clusterdata: JSON.stringify(data),
    });
    this.#data = data;
  }

  /** The view after this clusterdata and these other keys were listed for the first time. */
  static listed(change: (data: Data) => void = () => {}, others: Readonly<Record<string, string>> = {}): StolonKeys {
    return new StolonKeys(changed(soundData(), change), others);
  }

  get data(): Data {
    return this.#data;
  }

  /** The sentinel writes clusterdata with this changed, and the view that it gives. */
  write(change: (data: Data) => void = () => {}): ClusterView {
    this.#data = changed(this.#data, change);
    return this.put({ clusterdata: JSON.stringify(this.#data) });
  }

  /** Several puts of which only the last is seen. */
  writeUnseen(...changes: readonly ((data: Data) => void)[]): ClusterView {
    const puts = changes.map((change) => {
      this.#data = changed(this.#data, change);
      return { clusterdata: JSON.stringify(this.#data) };
    });
    return this.unseen(...puts);
  }
}

function changed(data: Data, change: (data: Data) => void): Data {
  const copy = structuredClone(data);
  change(copy);
  return copy;
}
