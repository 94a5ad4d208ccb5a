// A Stolon cluster without PostgreSQL: keepers that only claim, the same sentinel, real etcd. A whole failover takes as long as its proxies
// need, again and again: nothing waits for an interval unless it is asked to (`automatic`). A failure is told by `stolonctl failkeeper`.

import { type ClaimedKeeper, ClaimingKeeper, newLog } from './claiming-keeper.ts';
import type { ClusterData, ClusterSpec } from './cluster-data.ts';
import { effectiveSpec } from './cluster-spec.ts';
import { type Common, commonHandles, type EventOf, type Kind } from './handles.ts';
import { type Loop, repeatedly } from './loop.ts';
import { type Sentinel, type SentinelOptions, startSentinel } from './sentinel.ts';
import { openStore, type StoreOptions } from './store.ts';

export interface ComposedOptions extends StoreOptions, Pick<SentinelOptions, 'beforeNaming' | 'onEvent'> {
  /** The one with the lowest uid becomes the first master. */
  readonly keepers: readonly ClaimedKeeper[];
  readonly spec?: ClusterSpec;
  /** True: sentinel and keepers run by themselves, each `sleepInterval`. Default false: they act when a method here is called. */
  readonly automatic?: boolean;
}

export interface ComposedStolon extends Common {
  readonly sentinel: Sentinel;
  readonly keeper: (uid: string) => ClaimingKeeper;
  /** Every keeper acts, then the sentinel checks; gives what it decided. */
  readonly check: () => Promise<readonly EventOf<Kind>[]>;
  /** Checks until nothing is left to decide: every db converged, every active proxy enabled. */
  readonly settle: () => Promise<void>;
  /** The clearing put: the master's keeper (or the one that is named) counts as failed. */
  readonly clear: () => Promise<EventOf<'cleared'>>;
  /** Checks until every active proxy has acknowledged and the new master is named. */
  readonly name: (patienceMs?: number) => Promise<EventOf<'named'>>;
  /** Checks until these proxies, or as many as this, are enabled. */
  readonly enable: (proxies: number | readonly string[], patienceMs?: number) => Promise<ClusterData>;
  /** All of it; gives the two puts that matter. */
  readonly failover: () => Promise<{ readonly cleared: EventOf<'cleared'>; readonly named: EventOf<'named'> }>;
  readonly close: () => Promise<void>;
}

/** Starts it and waits until it is settled: phase normal, a master named, every keeper with a db. */
export async function startComposedStolon(options: ComposedOptions): Promise<ComposedStolon> {
  const { automatic = false, spec = {} } = options;
  const store = openStore(options);
  const log = newLog();
  const keepers = options.keepers.map((keeper) => new ClaimingKeeper(keeper, store, log));
  const sentinel = startSentinel({ ...options, automatic });
  const check = async () => {
    await Promise.all(keepers.map((keeper) => keeper.act()));
    return automatic ? [] : sentinel.check();
  };
  const common = commonHandles({ store, spec, sentinels: [sentinel], pump: automatic ? undefined : check });
  const { ctl, until, clusterData, waitForEvent } = common;
  await ctl.init();
  const sleepMs = effectiveSpec(spec).sleepIntervalMs;
  const loops: readonly Loop[] = automatic
    ? keepers.map((keeper) =>
        repeatedly(() =>
          keeper.act().then(
            () => sleepMs,
            () => sleepMs,
          ),
        ),
      )
    : [];

  const settled = (cd: ClusterData): boolean =>
    cd.proxy.spec.masterDbUid !== undefined &&
    cd.proxy.spec.masterDbUid === cd.cluster.status.master &&
    Object.values(cd.keepers).filter(({ status }) => status.healthy === true).length === Object.values(cd.dbs).length &&
    Object.values(cd.dbs).every(
      ({ generation, status }) => status.healthy === true && status.currentGeneration === generation,
    );
  const settle = async () => {
    await until('the cluster to settle', settled);
    if (automatic) return;
    await common.eventually('nothing left to decide', async () => (await check()).length === 0 || undefined);
  };
  const clear = async () => {
    const mark = sentinel.history.length;
    const cd = await clusterData();
    const master = cd.dbs[cd.cluster.status.master ?? ''];
    if (master === undefined) throw new Error('there is no master to fail');
    await ctl.failKeeper(master.spec.keeperUID);
    return waitForEvent('cleared', { after: mark });
  };
  const name: ComposedStolon['name'] = (patienceMs) => {
    const { history } = sentinel;
    const mark = history.findLastIndex(({ kind }) => kind === 'cleared');
    return waitForEvent('named', { after: mark + 1, ...(patienceMs === undefined ? {} : { patienceMs }) });
  };
  await settle();
  return {
    ...common,
    sentinel,
    keeper: (uid) => {
      const found = keepers.find((keeper) => keeper.uid === uid);
      if (found === undefined) throw new Error(`no keeper ${uid}`);
      return found;
    },
    check,
    settle,
    clear,
    name,
    enable: (proxies, patienceMs) =>
      until(
        'proxies to be enabled',
        ({
          proxy: {
            spec: { enabledProxies = [] },
          },
        }) =>
          typeof proxies === 'number'
            ? enabledProxies.length >= proxies
            : proxies.every((uid) => enabledProxies.includes(uid)),
        patienceMs,
      ),
    failover: async () => {
      const cleared = await clear();
      const named = await name();
      await settle();
      return { cleared, named };
    },
    close: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
      await sentinel.resign();
      store.close();
    },
  };
}
