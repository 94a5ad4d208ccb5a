// The whole thing with Stolon, nothing faked but Stolon itself: etcd, keepers with real PostgreSQL in streaming replication, HAProxy, the daemon, and a
// client that writes through HAProxy all the time. At every naming of a master HAProxy has let go of the one before, whatever that one still does.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { inOrder } from '../lab/in-order.ts';
import { type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';
import { type StolonCluster, startStolonCluster } from '../lab/stolon/cluster.ts';
import type { ClusterData, Db } from '../lab/stolon/cluster-data.ts';
import type { Keeper } from '../lab/stolon/keeper.ts';
import { READS, startWitnessedHaproxy, type WitnessedHaproxy, WRITES } from '../lab/witnessed-haproxy.ts';
import { createWriterTable, startWriter, type Writer } from '../lab/writer.ts';

const folder = temporaryFolder();
const login = { user: 'postgres', password: '' };
let etcd: EtcdLab;
let cluster: StolonCluster;
let edge: WitnessedHaproxy | undefined;
let daemon: Daemon;
let master: Keeper;
/** What HAProxy still did with the former master, at each naming. */
const remains: (readonly string[])[] = [];

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  cluster = await startStolonCluster({
    etcd,
    name: 'orders',
    keepers: 3,
    beforeNaming: async () => {
      if (edge !== undefined) remains.push(await edge.remains({ name: master.uid, port: master.port }));
    },
  });
  const servers = cluster.keepers.map(({ uid, port }) => ({ name: uid, port }));
  edge = await startWitnessedHaproxy({ folder: folder.path, name: 'edge', servers });
  const { adminSocket, masterSocket } = edge.haproxy;
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        stolon: { name: 'orders' },
        probe: { user: 'postgres', sslmode: 'disable' },
        services: { primary: { backend: WRITES, role: 'primary' }, replica: { backend: READS, role: 'replica' } },
      },
    ],
    haproxy: [{ socket: adminSocket, master_socket: masterSocket, name: 'edge' }],
  });
  await daemon.ready();
  master = await cluster.masterKeeper();
  await master.postgres()?.sql(createWriterTable());
});

afterAll(async () => {
  await daemon?.stop();
  await edge?.haproxy.stop();
  await cluster?.close();
  await etcd?.stop();
  folder.remove();
});

let writer: Writer;
let watch: OverlapWatch;
let session: pg.Client;
let sessionEnded: Promise<unknown>;

beforeEach(async () => {
  const { writePort = 0, haproxy } = edge ?? {};
  await cluster.until('a master and somebody to follow it', canFailOver);
  await daemon.ready();
  master = await cluster.masterKeeper();
  watch = watchOverlap(haproxy?.adminSocket ?? '', WRITES, 5);
  writer = startWriter({ port: writePort, login, names: new Map(cluster.keepers.map(({ port, uid }) => [port, uid])) });
  session = new pg.Client({ host: '127.0.0.1', port: writePort, ...login, database: 'postgres', ssl: false });
  session.on('error', () => {});
  sessionEnded = new Promise<void>((resolve) => session.once('end', () => resolve()));
  await session.connect();
  await eventually('writes to go through', () => writer.committed().length > 10 || undefined);
});

afterEach(async () => {
  await writer?.stop();
  await session?.end().catch(() => {});
  await watch?.stop();
  expect(watch.overlaps()).toEqual([]);
  expect(remains.flat()).toEqual([]);
});

/** What was the master before may still be rebuilt meanwhile. */
const canFailOver = ({ cluster: { status }, dbs, proxy }: ClusterData) => {
  const named = dbs[proxy.spec.masterDbUid ?? ''];
  const inUse = Object.values(dbs).filter(
    (db) => db.spec.initMode === 'none' && db.status.healthy === true && db.status.currentGeneration === db.generation,
  );
  const follows = (db: Db) => db !== named && db.status.timelineID === named?.status.timelineID;
  return named?.uid === status.master && inUse.some((db) => db === named) && inUse.some(follows);
};

/** The keeper that takes the writes after this instant. */
const writesGoTo = ({ uid }: Keeper, since: number) =>
  eventually(`writes to go to ${uid}`, () => writer.firstCommitAfter(since)?.outcome.server === uid || undefined);

describe('a failover of a Stolon cluster behind the daemon', () => {
  it('ends the sessions on a living old master, acknowledges, and opens the new one: the journal tells each step', async () => {
    const mark = (await daemon.events()).at(-1)?.seq ?? 0;
    const { oldMaster, newMaster, named } = await cluster.failover((old) => cluster.ctl.failKeeper(old.uid));
    await sessionEnded;
    await writesGoTo(newMaster, named.at);
    expect(remains).toHaveLength(1);
    expect(writer.servers()).toEqual([oldMaster.uid, newMaster.uid]);
    const events = (await daemon.events()).filter(({ seq }) => seq > mark);
    const steps = [
      /^proxy generation \d+ of the proxies seen: the master is withdrawn/,
      new RegExp(`^fenced ${WRITES}: ${oldMaster.uid} read back out, \\d+ sessions ended`),
      /^proxy generation \d+ acknowledged/,
      new RegExp(`^proxy generation \\d+ of the proxies seen: the master is ${newMaster.uid} `),
      /^proxy generation \d+ acknowledged/,
      new RegExp(`^opened ${WRITES}: ${newMaster.uid} `),
      new RegExp(`^switch primary has moved from ${oldMaster.uid} to ${newMaster.uid}`),
    ];
    expect(inOrder(events, steps)).toEqual(steps);
    const phases = events.find(({ kind }) => kind === 'switch')?.phases;
    expect(phases?.fencedMs).toBeLessThanOrEqual(phases?.acknowledgedMs ?? -1);
    expect(phases?.acknowledgedMs).toBeLessThan(phases?.leaderNamedMs ?? -1);
    expect(phases?.enabledMs).toBeLessThanOrEqual(phases?.openedMs ?? -1);
  });

  it('takes every client off an old master that lives on without its keeper, and would take their writes', async () => {
    const { oldMaster, newMaster, named } = await cluster.failover((old) => old.stopKeeperOnly());
    await sessionEnded;
    await writesGoTo(newMaster, named.at);
    expect(await oldMaster.postgres()?.sql('select pg_is_in_recovery() as recovery')).toEqual([{ recovery: false }]);
    expect(writer.servers()).toEqual([oldMaster.uid, newMaster.uid]);
    await writer.stop();
    const rows = await newMaster
      .postgres()
      ?.sql(`select count(*)::int as written from lab_writes where at > now() - interval '1h'`);
    expect(Number(rows?.[0]?.['written'])).toBeGreaterThan(0);
    oldMaster.start();
  });

  it('follows when the master dies with its keeper', async () => {
    const { oldMaster, newMaster, named } = await cluster.failover();
    await writesGoTo(newMaster, named.at);
    expect(writer.servers()).toEqual([oldMaster.uid, newMaster.uid]);
    oldMaster.start();
  });

  it('is safe with a router that was killed: HAProxy closes by itself, and a new router opens the new master', async () => {
    await daemon.kill();
    const { newMaster, named } = await cluster.failover((old) => cluster.ctl.failKeeper(old.uid));
    await sessionEnded;
    expect(writer.firstCommitAfter(named.at)).toBeUndefined();
    await daemon.start();
    await writesGoTo(newMaster, named.at);
  });
});
