// A whole Stolon cluster as models on real etcd and real PostgreSQL: sentinels, keepers, and handles to hurt them. Started the way Stolon starts: `stolonctl init`, then everything else is the sentinel's and the keepers' doing.
import { freePort, temporaryFolder } from '../process.ts';
import type { ClusterSpec } from './cluster-data.ts';
import { effectiveSpec } from './cluster-spec.ts';
import { type Common, commonHandles, type EventOf } from './handles.ts';
import { type Keeper, startKeeper } from './keeper.ts';
import { type Sentinel, type SentinelOptions, startSentinel } from './sentinel.ts';
import { openStore, type StoreOptions } from './store.ts';

export interface StolonClusterOptions extends StoreOptions, Pick<SentinelOptions, 'beforeNaming' | 'onEvent'> {
  /** How many; they are called `keeper1`, `keeper2`, ... */
  readonly keepers: 2 | 3;
  /** How many at the start. Default 1. */
  readonly sentinels?: number;
  /** Default: short intervals for tests (`quickSpec`). `{}`: Stolon's own. */
  readonly spec?: ClusterSpec;
  /** Lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** An existing folder that other users may enter. Default: a new one, that is gone after `close`. */
  readonly folder?: string;
}

/** Half a second where Stolon takes five. */
export const quickSpec = {
  sleepInterval: '500ms',
  failInterval: '3s',
  proxyCheckInterval: '500ms',
  proxyTimeout: '3s',
} as const satisfies ClusterSpec;

/** What Stolon takes when nothing is set, said aloud: for `ctl.update` on a cluster that was started with `quickSpec`. */
export const defaultSpec = {
  sleepInterval: '5s',
  failInterval: '20s',
  proxyCheckInterval: '5s',
  proxyTimeout: '15s',
} as const satisfies ClusterSpec;

export interface StolonCluster extends Common {
  readonly keepers: readonly Keeper[];
  readonly keeper: (uid: string) => Keeper;
  /** The keeper whose db `cluster.status.master` names. */
  readonly masterKeeper: () => Promise<Keeper>;
  readonly sentinels: readonly Sentinel[];
  /** The one that leads now. */
  readonly sentinel: () => Sentinel | undefined;
  readonly startSentinel: () => Sentinel;
  /** Waits until every living keeper's db is in regular use and has carried out its spec, and the named master takes writes (a standby cluster's: none). */
  readonly settle: (patienceMs?: number) => Promise<void>;
  /** Kills the master (or runs `cause` instead) and waits until another is named. */
  readonly failover: (cause?: (master: Keeper) => Promise<void>) => Promise<Failover>;
  /** Leaves no process. */
  readonly close: () => Promise<void>;
}

export interface Failover {
  readonly oldMaster: Keeper;
  readonly newMaster: Keeper;
  readonly cleared: EventOf<'cleared'>;
  readonly named: EventOf<'named'>;
}

export async function startStolonCluster(options: StolonClusterOptions): Promise<StolonCluster> {
  const { spec = quickSpec } = options;
  const store = openStore(options);
  const own = options.folder === undefined ? temporaryFolder() : undefined;
  const folder = options.folder ?? own?.path ?? '';
  const sentinels: Sentinel[] = [];
  const common = commonHandles({ store, spec, sentinels });
  await common.ctl.init();
  const start = (): Sentinel => {
    const sentinel = startSentinel(options);
    sentinels.push(sentinel);
    return sentinel;
  };
  for (let count = options.sentinels ?? 1; count > 0; count -= 1) start();
  const { settings } = options;
  const keepers: Keeper[] = [];
  for (let number = 1; number <= options.keepers; number += 1)
    keepers.push(
      startKeeper({
        ...{ etcd: options.etcd, name: options.name, folder, port: await freePort() },
        ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
        ...(settings === undefined ? {} : { settings }),
        uid: `keeper${number}`,
        sleepIntervalMs: effectiveSpec(spec).sleepIntervalMs,
      }),
    );
  const keeper = (uid: string | undefined): Keeper => {
    const found = keepers.find((one) => one.uid === uid);
    if (found === undefined) throw new Error(`no keeper ${uid}`);
    return found;
  };
  const masterKeeper = async () => {
    const { dbs, cluster } = await common.clusterData();
    return keeper(dbs[cluster.status.master ?? '']?.spec.keeperUID);
  };
  const settle = async (patienceMs?: number) => {
    const alive = () => keepers.filter((one) => one.running()).map(({ uid }) => uid);
    await common.until(
      'every keeper to have carried out its spec',
      ({ cluster, dbs, proxy }) => {
        const sound = Object.values(dbs).filter(
          ({ generation, spec: { initMode }, status }) =>
            status.healthy === true && initMode === 'none' && status.currentGeneration === generation,
        );
        const named = proxy.spec.masterDbUid !== undefined && proxy.spec.masterDbUid === cluster.status.master;
        return named && alive().every((uid) => sound.some((db) => db.spec.keeperUID === uid));
      },
      patienceMs,
    );
    const { postgres } = await masterKeeper();
    const { role } = effectiveSpec((await common.clusterData()).cluster.spec);
    await common.eventually(`the master to be in the role ${role}`, async () => {
      const [row] = (await postgres()?.sql('select pg_is_in_recovery() as recovery')) ?? [];
      return row?.['recovery'] === (role === 'standby') || undefined;
    });
  };
  const close = async () => {
    await Promise.all([...sentinels.map((sentinel) => sentinel.resign()), ...keepers.map((one) => one.close())]);
    store.close();
    own?.remove();
  };
  try {
    await settle();
  } catch (error) {
    const failures = keepers.map(({ uid, history }) => `${uid}: ${JSON.stringify(history.slice(-3))}`);
    await close();
    throw new Error(`the cluster did not start; ${failures.join('; ')}`, { cause: error });
  }
  return {
    ...common,
    keepers,
    keeper,
    masterKeeper,
    sentinels,
    sentinel: () => sentinels.find((sentinel) => sentinel.leads()),
    startSentinel: start,
    settle,
    failover: async (cause = (master) => master.kill()) => {
      const after = common.history().length;
      const oldMaster = await masterKeeper();
      await cause(oldMaster);
      const cleared = await common.waitForEvent('cleared', { after });
      const named = await common.waitForEvent('named', { after });
      return { oldMaster, newMaster: await masterKeeper(), cleared, named };
    },
    close,
  };
}
