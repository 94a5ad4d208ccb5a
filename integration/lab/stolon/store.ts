// Stolon's store on etcd v3 (store prefix, lease and request rules of 0.17.0), through the etcd3 package: what pgrouted reads and is asked
// about is never written by its own code. Every request gives up after Stolon's store timeout, 5 s.
import { Etcd3, type IKeyValue } from 'etcd3';
import { type ClusterData, clusterDataJson, parseClusterData } from './cluster-data.ts';
import {
  type KeeperInfo,
  keeperInfoJson,
  type ProxyInfo,
  parseKeeperInfo,
  parseProxyInfo,
  proxyInfoJson,
  sentinelInfoJson,
} from './infos.ts';

/** Stolon's floor for the TTL of every lease. */
const MIN_TTL_S = 20;
const STORE_TIMEOUT_MS = 5_000;

export interface StoreOptions {
  readonly etcd: {
    readonly endpoints: readonly string[];
    /** Where etcd asks for one. */
    readonly login?: { readonly username: string; readonly password: string } | undefined;
  };
  /** The cluster's name. */
  readonly name: string;
  /** Default `stolon/cluster`, without a leading slash, as on etcd v3. */
  readonly prefix?: string;
}

/** A document and the revision that a compare-and-put must name. */
export interface StoredClusterData {
  readonly data: ClusterData;
  readonly modRevision: string;
}

export interface StoreChange {
  /** Below the prefix. */
  readonly key: string;
  /** Undefined: deleted, or its lease ran out. */
  readonly value: string | undefined;
  readonly revision: number;
  /** When it was heard here, of `performance.now()`. */
  readonly at: number;
}

export interface StoreWatch {
  readonly close: () => Promise<void>;
}

export interface Candidate {
  readonly key: string;
  readonly uid: string;
}

/** A place in the election for the sentinels' leader. */
export interface Candidacy {
  readonly key: string;
  /** The lease is no longer kept alive: it runs out, after up to 20 s. */
  readonly abandon: () => void;
  /** The lease is revoked: the key goes at once. */
  readonly resign: () => Promise<void>;
}

export interface StolonStore {
  /** With a slash at the end. */
  readonly prefix: string;
  /** Linearizable. Undefined: there is none. */
  readonly clusterData: () => Promise<StoredClusterData | undefined>;
  /** Gives the revision of the put, or undefined when somebody else was faster. */
  readonly compareAndPut: (data: ClusterData, over: StoredClusterData) => Promise<string | undefined>;
  /** As `stolonctl init`: whatever is there. Gives the revision. */
  readonly putClusterData: (data: ClusterData) => Promise<string>;
  readonly keepersInfo: () => Promise<readonly KeeperInfo[]>;
  /** Sorted by UID, as they come from etcd. */
  readonly proxiesInfo: () => Promise<readonly ProxyInfo[]>;
  /** Every put and delete below the prefix from now on, as an independent client sees them. */
  readonly watch: (tell: (change: StoreChange) => void) => Promise<StoreWatch>;
  readonly putKeeperInfo: (info: KeeperInfo, sleepIntervalMs: number) => Promise<void>;
  readonly putProxyInfo: (info: ProxyInfo) => Promise<void>;
  readonly putSentinelInfo: (uid: string, sleepIntervalMs: number) => Promise<void>;
  readonly campaign: (uid: string) => Promise<Candidacy>;
  /** By create revision: the first leads. */
  readonly candidates: () => Promise<readonly Candidate[]>;
  /** Any text under any key below the prefix, without a lease. */
  readonly putRaw: (key: string, text: string) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
  readonly close: () => void;
}

export function openStore({ etcd, name, prefix: root = 'stolon/cluster' }: StoreOptions): StolonStore {
  const client = new Etcd3({
    hosts: [...etcd.endpoints],
    ...(etcd.login === undefined ? {} : { auth: etcd.login }),
    grpcOptions: { 'grpc.enable_http_proxy': 0 },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + STORE_TIMEOUT_MS }),
  });
  const prefix = `${root}/${name}/`;
  const dataKey = `${prefix}clusterdata`;

  const below = async (folder: string): Promise<readonly IKeyValue[]> =>
    (await client.getAll().prefix(`${prefix}${folder}`).exec()).kvs;

  /** A new lease each time; the one before dies unused. */
  const putLeased = async (key: string, text: string, ttlS: number): Promise<void> => {
    const lease = client.lease(ttlS, { autoKeepAlive: false });
    await lease.put(prefix + key).value(text);
  };
  const ttlS = (ms: number): number => Math.max(MIN_TTL_S, Math.ceil(ms / 1_000));

  return {
    prefix,
    clusterData: async () => {
      const [found] = (await client.get(dataKey).exec()).kvs;
      if (found === undefined) return undefined;
      return { data: parseClusterData(found.value.toString('utf8')), modRevision: found.mod_revision };
    },
    compareAndPut: async (data, { modRevision }) => {
      const answer = await client
        .if(dataKey, 'Mod', '==', Number(modRevision))
        .then(client.put(dataKey).value(clusterDataJson(data)))
        .commit();
      return answer.succeeded ? answer.header.revision : undefined;
    },
    putClusterData: async (data) => (await client.put(dataKey).value(clusterDataJson(data)).exec()).header.revision,
    keepersInfo: async () => (await below('keepers/info/')).map(({ value }) => parseKeeperInfo(value.toString('utf8'))),
    proxiesInfo: async () => (await below('proxies/info/')).map(({ value }) => parseProxyInfo(value.toString('utf8'))),
    watch: async (tell) => {
      const watcher = await client.watch().prefix(prefix).create();
      const heard = ({ key, mod_revision }: IKeyValue, value: string | undefined) =>
        tell({
          key: key.toString('utf8').slice(prefix.length),
          value,
          revision: Number(mod_revision),
          at: performance.now(),
        });
      watcher.on('put', (kv) => heard(kv, kv.value.toString('utf8')));
      watcher.on('delete', (kv) => heard(kv, undefined));
      return { close: () => watcher.cancel() };
    },
    putKeeperInfo: (info, sleepIntervalMs) =>
      putLeased(`keepers/info/${info.uid}`, keeperInfoJson(info), ttlS(sleepIntervalMs)),
    putProxyInfo: (info) =>
      putLeased(`proxies/info/${info.UID}`, proxyInfoJson(info), ttlS((2 * info.ProxyTimeout) / 1e6)),
    putSentinelInfo: (uid, sleepIntervalMs) =>
      putLeased(`sentinels/info/${uid}`, sentinelInfoJson(uid), ttlS(2 * sleepIntervalMs)),
    campaign: async (uid) => {
      const lease = client.lease(MIN_TTL_S);
      // Told by the election's own keys: without a lease there is no key, and the sentinel does not lead.
      lease.on('lost', () => {});
      const key = `${prefix}sentinel-leader/${BigInt(await lease.grant()).toString(16)}`;
      await lease.put(key).value(uid);
      return { key, abandon: () => lease.release(), resign: () => lease.revoke() };
    },
    candidates: async () =>
      [...(await below('sentinel-leader/'))]
        .sort((a, b) => Number(a.create_revision) - Number(b.create_revision))
        .map(({ key, value }) => ({ key: key.toString('utf8'), uid: value.toString('utf8') })),
    putRaw: async (key, text) => {
      await client.put(prefix + key).value(text);
    },
    remove: async (key) => {
      await client.delete().key(prefix + key);
    },
    close: () => client.close(),
  };
}
