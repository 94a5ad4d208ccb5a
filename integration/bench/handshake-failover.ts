// How long a whole failover takes with Stolon's own intervals on real PostgreSQL: the master is killed while a client writes. Two clusters alike,
// one behind pgrouted, one behind stolon-proxy: in one cluster the sentinel would wait for the slower of them, and the faster would gain nothing.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { eventually } from '../lab/process.ts';
import { type StolonCluster, startStolonCluster } from '../lab/stolon/cluster.ts';
import type { ClusterSpec } from '../lab/stolon/cluster-data.ts';
import { createWriterTable, startWriter, type Writer } from '../lab/writer.ts';
import { startDirectProber } from './direct-prober.ts';
import { login, throughPgrouted, throughStolonProxy, type Way } from './handshake-ways.ts';
import { fromPerformance, nowMs, sleep } from './instant.ts';

/** Stolon's own, in force whenever a master dies here. */
export const stolonDefaults = {
  sleepInterval: '5s',
  failInterval: '20s',
  proxyCheckInterval: '5s',
  proxyTimeout: '15s',
} as const satisfies ClusterSpec;

/** To build the clusters and to take a killed keeper back. `failInterval` stays: who still sleeps for 5 s must not count as dead. */
const inAHurry = { ...stolonDefaults, sleepInterval: '500ms' } as const satisfies ClusterSpec;

export const writeEveryMs = 20;
export const witnessEveryMs = 10;
const patienceMs = 90_000;

export const methods = ['pgrouted', 'stolon-proxy'] as const;
export type Method = (typeof methods)[number];

const wayWith = { pgrouted: throughPgrouted, 'stolon-proxy': throughStolonProxy } as const;

/** The instants of one failover, of `nowMs`. */
export interface Failover {
  readonly method: Method;
  readonly killedAt: number;
  /** Right before the put that takes the master away was sent. */
  readonly clearingAt: number;
  /** When an independent reader of etcd had read the proxy's record with that generation. */
  readonly acknowledgedAt: number;
  /** Right before the put that names the new master was sent. */
  readonly namingAt: number;
  /** When an independent witness had read that the new PostgreSQL is not in recovery. */
  readonly writableAt: number;
  /** When the way to it was seen open: by HAProxy's own answer, or as the model of stolon-proxy tells. */
  readonly openedAt: number;
  /** When the client's first write was acknowledged by the new PostgreSQL. */
  readonly firstWriteAt: number;
}

interface Scene {
  readonly method: Method;
  readonly cluster: StolonCluster;
  readonly way: Way;
  readonly writer: Writer;
}

interface Options {
  readonly folder: string;
  /** How many failovers with each method. */
  readonly each: number;
  readonly say: (text: string) => void;
}

export async function measureFailovers(options: Options): Promise<readonly Failover[]> {
  const { folder } = options;
  const etcd = await startEtcd({ folder, members: 3 });
  const all = await Promise.all(methods.map((method) => failoversWith(method, etcd, options)));
  await etcd.stop();
  return all.flat();
}

async function failoversWith(
  method: Method,
  etcd: EtcdLab,
  { folder, each, say }: Options,
): Promise<readonly Failover[]> {
  const home = join(folder, method);
  mkdirSync(home);
  const cluster = await startStolonCluster({ etcd, name: method, keepers: 3, spec: inAHurry, folder: home });
  const way = await wayWith[method]({ folder: home, etcd, name: method, cluster });
  await (await cluster.masterKeeper()).postgres()?.sql(createWriterTable());
  const names = new Map(cluster.keepers.map(({ uid, port }) => [port, uid]));
  const writer = startWriter({ port: way.port, login, everyMs: writeEveryMs, names });
  const scene: Scene = { method, cluster, way, writer };
  const rounds: Failover[] = [];
  while (rounds.length < each) {
    await atRest(scene);
    say(`${method}: the master of a cluster at rest is killed`);
    const round = await failover(scene);
    rounds.push(round);
    const after = (from: number): string => `${((round.firstWriteAt - from) / 1000).toFixed(2)} s`;
    say(
      `${method} ${rounds.length} of ${each}: first write ${after(round.killedAt)} after the kill, ${after(round.clearingAt)} after the master was taken away`,
    );
  }
  await writer.stop();
  await way.stop();
  await cluster.close();
  return rounds;
}

/** Every keeper in use, the client writing, Stolon's own intervals in force, and nobody in step with the sentinel. */
async function atRest({ cluster, writer }: Scene): Promise<void> {
  await cluster.settle(patienceMs);
  const { uid } = await cluster.masterKeeper();
  await eventually('the client to write on the master', () => lastServer(writer) === uid, patienceMs, 100);
  await cluster.ctl.update(stolonDefaults);
  // All keepers begin to sleep for 5 s within half a second now. A sentinel that begins later is as far from them as chance has it.
  await cluster.sentinels.at(-1)?.resign();
  await sleep(Math.random() * 5_000);
  cluster.startSentinel();
  // Two of its checks: after the first it only knows who is there.
  await sleep(6_000 + Math.random() * 5_000);
}

const lastServer = (writer: Writer): string | undefined => {
  const last = writer.attempts().at(-1)?.outcome;
  return last?.kind === 'committed' ? last.server : undefined;
};

/** The first write that this server acknowledged after that instant. */
function firstWriteOn(writer: Writer, server: string, since: number): number | undefined {
  const first = writer
    .attempts()
    .find(
      ({ endedAt, outcome }) =>
        fromPerformance(endedAt) >= since && outcome.kind === 'committed' && outcome.server === server,
    );
  return first === undefined ? undefined : fromPerformance(first.endedAt);
}

async function failover({ method, cluster, way, writer }: Scene): Promise<Failover> {
  const mark = cluster.history().length;
  const before = await cluster.masterKeeper();
  const servers = cluster.keepers.map(({ uid, port }) => ({ name: uid, port }));
  const witness = startDirectProber(servers, login, witnessEveryMs);
  const killedAt = nowMs();
  const killed = before.kill();
  const cleared = await cluster.waitForEvent('cleared', { after: mark, patienceMs });
  const clearingAt = fromPerformance(cleared.decidedAt);
  const acknowledgedAt = await way.acknowledged(cleared.generation, clearingAt);
  const named = await cluster.waitForEvent('named', { after: mark, patienceMs });
  const namingAt = fromPerformance(named.decidedAt);
  const master = await cluster.masterKeeper();
  const openedAt = await way.opened(master, namingAt);
  const first = await eventually(
    'the first write on the new master',
    () => firstWriteOn(writer, master.uid, killedAt),
    patienceMs,
    50,
  );
  const writable = witness.stays(master.uid).findLast(({ state }) => state === 'primary');
  await witness.stop();
  // It comes back as a standby; so its db, which still has the role of a master, has to go first.
  await cluster.ctl.update(inAHurry);
  await cluster.until('the old db to be removed', ({ dbs }) => dbs[cleared.from] === undefined, patienceMs);
  await killed;
  before.start();
  return {
    method,
    killedAt,
    clearingAt,
    acknowledgedAt,
    namingAt,
    writableAt: writable?.from ?? Number.NaN,
    openedAt,
    firstWriteAt: first,
  };
}
