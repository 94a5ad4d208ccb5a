// What every Stolon cluster of this lab offers to a test: its documents, stolonctl, and waiting for what a sentinel decides.
import { eventually } from '../process.ts';
import type { ClusterData, ClusterSpec, Db } from './cluster-data.ts';
import { type ProxyInfo, parseProxyInfo } from './infos.ts';
import type { Sentinel, SentinelEvent } from './sentinel.ts';
import { type Stolonctl, stolonctl } from './stolonctl.ts';
import type { StolonStore, StoreChange, StoreWatch } from './store.ts';

export type Kind = SentinelEvent['kind'];
export type EventOf<K extends Kind> = Extract<SentinelEvent, { kind: K }>;

export interface Common {
  readonly store: StolonStore;
  readonly ctl: Stolonctl;
  readonly clusterData: () => Promise<ClusterData>;
  /** As they lie in etcd now, sorted by uid. */
  readonly proxies: () => Promise<readonly ProxyInfo[]>;
  /** Every record that a proxy puts from now on, and the end of one. */
  readonly watchProxies: (tell: (change: ProxyChange) => void) => Promise<StoreWatch>;
  /** The db that `proxy.spec.masterDbUid` names. */
  readonly namedMaster: () => Promise<Db | undefined>;
  /** What all sentinels decided, in order. */
  readonly history: () => readonly SentinelEvent[];
  /** Waits for clusterdata that satisfies `check`, and gives it. */
  readonly until: (what: string, check: (data: ClusterData) => boolean, patienceMs?: number) => Promise<ClusterData>;
  /** Waits for an event of that kind at place `after` (default 0) of the history or later. */
  readonly waitForEvent: <K extends Kind>(
    kind: K,
    options?: { readonly after?: number; readonly patienceMs?: number },
  ) => Promise<EventOf<K>>;
  /** Waits for anything; what moves the cluster, if it doesn't move by itself, is done meanwhile. */
  readonly eventually: <T>(what: string, check: () => Promise<T | undefined>, patienceMs?: number) => Promise<T>;
}

export interface ProxyChange extends Omit<StoreChange, 'key' | 'value'> {
  readonly uid: string;
  /** Undefined: deleted, or run out. */
  readonly info: ProxyInfo | undefined;
}

export interface CommonParts {
  readonly store: StolonStore;
  readonly spec: ClusterSpec;
  /** May grow. */
  readonly sentinels: readonly Sentinel[];
  /** Moves a cluster that doesn't move by itself one check on. */
  readonly pump?: (() => Promise<unknown>) | undefined;
}

const PATIENCE_MS = 60_000;
const proxyFolder = 'proxies/info/';

export function commonHandles({ store, spec, sentinels, pump }: CommonParts): Common {
  const clusterData = async (): Promise<ClusterData> => {
    const stored = await store.clusterData();
    if (stored === undefined) throw new Error(`${store.prefix}clusterdata does not exist`);
    return stored.data;
  };
  const history = (): readonly SentinelEvent[] =>
    sentinels.flatMap((sentinel) => sentinel.history).sort((a, b) => a.at - b.at);
  const moving: Common['eventually'] = (what, check, patienceMs = PATIENCE_MS) =>
    eventually(
      what,
      async () => {
        const found = await check();
        if (found !== undefined) return found;
        await pump?.();
        return check();
      },
      patienceMs,
      pump === undefined ? 20 : 5,
    );
  return {
    store,
    ctl: stolonctl(store, spec),
    clusterData,
    history,
    eventually: moving,
    proxies: () => store.proxiesInfo(),
    watchProxies: (tell) =>
      store.watch(({ key, value, revision, at }) => {
        const uid = key.startsWith(proxyFolder) ? key.slice(proxyFolder.length) : undefined;
        if (uid !== undefined)
          tell({ uid, info: value === undefined ? undefined : parseProxyInfo(value), revision, at });
      }),
    namedMaster: async () => {
      const { dbs, proxy } = await clusterData();
      return dbs[proxy.spec.masterDbUid ?? ''];
    },
    until: async (what, check, patienceMs) => {
      let last: ClusterData | undefined;
      try {
        return await moving(
          what,
          async () => {
            last = await clusterData();
            return check(last) ? last : undefined;
          },
          patienceMs,
        );
      } catch (error) {
        const events = JSON.stringify(history().slice(-5));
        throw new Error(`${String(error)}; at last: ${JSON.stringify(last)}; decided: ${events}`, { cause: error });
      }
    },
    waitForEvent: (kind, { after = 0, patienceMs } = {}) =>
      moving(`the sentinel to have ${kind}`, async () => history().slice(after).find(isKind(kind)), patienceMs),
  };
}

export const isKind =
  <K extends Kind>(kind: K) =>
  (event: SentinelEvent): event is EventOf<K> =>
    event.kind === kind;
