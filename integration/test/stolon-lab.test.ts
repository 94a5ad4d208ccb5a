// The models of Stolon that other tests stand on, held against the order in which Stolon 0.17.0 does things: on real etcd, with real
// PostgreSQL servers that replicate, and with the model of stolon-proxy as the one who has to let go.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { startPostgres } from '../lab/postgres.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';
import { type StolonCluster, startStolonCluster } from '../lab/stolon/cluster.ts';
import type { ClusterData } from '../lab/stolon/cluster-data.ts';
import { type StolonProxy, startStolonProxy } from '../lab/stolon/stolon-proxy.ts';
import { type Witness, watchClusterData } from '../lab/stolon/witness.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
const closing: (() => Promise<unknown>)[] = [];
const close = async () => {
  for (const end of closing.splice(0).reverse()) await end();
};

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
});

afterAll(async () => {
  await close();
  await etcd?.stop();
  folder.remove();
});

const proxyOf = async (name: string): Promise<StolonProxy> => {
  const proxy = await startStolonProxy({ etcd, name });
  closing.push(() => proxy.kill());
  return proxy;
};

/** A session through a proxy, and how it ended. */
async function sessionThrough(port: number): Promise<{ readonly client: pg.Client; readonly ended: Promise<void> }> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', ssl: false });
  const ended = new Promise<void>((resolve) => {
    client.once('error', () => resolve());
    client.once('end', () => resolve());
  });
  await client.connect();
  return { client, ended };
}

const serverPort = async (client: pg.Client): Promise<unknown> =>
  (await client.query('select inet_server_port() as port')).rows[0]?.port;

describe('the model of a Stolon cluster with PostgreSQL', () => {
  const name = 'real';
  let witness: Witness;
  let stolon: StolonCluster;
  let proxies: readonly StolonProxy[];
  let atNaming: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    witness = await watchClusterData({ etcd, name });
    closing.push(witness.close);
    stolon = await startStolonCluster({ etcd, name, keepers: 3, beforeNaming: async () => atNaming?.() });
    closing.push(() => stolon.close());
    proxies = [await proxyOf(name), await proxyOf(name)];
    await stolon.until('both proxies to be enabled', ({ proxy }) => proxy.spec.enabledProxies?.length === 2);
  });
  afterAll(close);
  afterEach(() => {
    atNaming = undefined;
  });

  const forwards = (port: number) =>
    eventually(
      `the proxies to forward to ${port}`,
      () => proxies.every((proxy) => proxy.destination()?.port === port) || undefined,
    );

  it('begins like Stolon: a first master is built, named, proxies are enabled, standbys are added', async () => {
    const first = (check: (data: ClusterData) => boolean) => witness.puts.findIndex(({ data }) => check(data));
    const steps = () => [
      first(({ cluster, dbs }) => cluster.status.phase === 'initializing' && Object.keys(dbs).length === 0),
      first(({ cluster }) => cluster.status.phase === 'initializing' && cluster.status.master !== undefined),
      first(({ cluster }) => cluster.status.phase === 'normal'),
      first(({ proxy }) => proxy.generation === 1 && proxy.spec.masterDbUid !== undefined),
      first(({ dbs }) => Object.values(dbs).some(({ spec }) => spec.initMode === 'resync')),
      first(({ proxy }) => proxy.spec.enabledProxies !== undefined),
    ];
    // The watch may hear of the last put a little after the others.
    const order = await eventually('every step to be heard of', () => (steps().includes(-1) ? undefined : steps()));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    const { dbs, proxy } = await stolon.clusterData();
    expect(proxy.spec.enabledProxies).toEqual(proxies.map(({ uid }) => uid).sort());
    const master = dbs[proxy.spec.masterDbUid ?? ''];
    expect(master?.spec).toMatchObject({ role: 'master', initMode: 'none' });
    expect(master?.spec.followers).toEqual(Object.keys(dbs).filter((uid) => uid !== master?.uid));
  });

  it('forwards through stolon-proxy to the master that is named', async () => {
    const master = await stolon.masterKeeper();
    await forwards(master.port);
    for (const { port } of proxies) {
      const { client } = await sessionThrough(port);
      expect(await serverPort(client)).toBe(master.port);
      await client.end();
    }
  });

  it('replaces a master whose keeper has died, though its PostgreSQL still runs, when both proxies have let go', async () => {
    const before = await stolon.clusterData();
    const sessions = await Promise.all(proxies.map(({ port }) => sessionThrough(port)));
    const open: number[] = [];
    atNaming = async () => {
      open.push(...proxies.map((proxy) => proxy.openConnections()));
    };
    const { oldMaster, newMaster, cleared, named } = await stolon.failover((master) => master.stopKeeperOnly());
    expect(newMaster.uid).not.toBe(oldMaster.uid);
    expect(open).toEqual([0, 0]);
    await Promise.all(sessions.map(({ ended }) => ended));

    const clearing = await witness.putOf(cleared.revision);
    expect(clearing.proxy.generation).toBe((before.proxy.generation ?? 0) + 1);
    expect(clearing.proxy.spec).toEqual({ enabledProxies: before.proxy.spec.enabledProxies });
    expect(clearing.cluster.status.master).toBe(cleared.to);
    expect(clearing.dbs[cleared.from]?.spec).toMatchObject({ role: 'master', followers: [] });
    expect(clearing.dbs[cleared.from]?.status.healthy).toBeUndefined();
    expect(clearing.dbs[cleared.to]?.spec.role).toBe('master');
    expect(clearing.dbs[cleared.to]?.spec.followConfig).toBeUndefined();
    const naming = await witness.putOf(named.revision);
    expect(naming.proxy).toMatchObject({
      generation: (before.proxy.generation ?? 0) + 2,
      spec: { masterDbUid: cleared.to, enabledProxies: before.proxy.spec.enabledProxies },
    });
    expect(named.acknowledgedBy).toEqual(before.proxy.spec.enabledProxies);

    // Stolon has no fencing of the server itself.
    expect(await oldMaster.postgres()?.sql('select pg_is_in_recovery() as recovery')).toEqual([{ recovery: false }]);
    await forwards(newMaster.port);
    await stolon.settle();
    const after = await stolon.clusterData();
    expect(after.dbs[cleared.from]).toBeUndefined();
    expect(newMaster.history.map(({ kind }) => kind)).toContain('promoted');

    oldMaster.start();
    await stolon.settle();
    const rebuilt = Object.values((await stolon.clusterData()).dbs).find(
      ({ spec }) => spec.keeperUID === oldMaster.uid,
    );
    expect(rebuilt?.uid).not.toBe(cleared.from);
    expect(rebuilt?.spec).toMatchObject({ role: 'standby', followConfig: { type: 'internal', dbuid: cleared.to } });
    expect(rebuilt?.status.timelineID).toBe(2);
    const following = await newMaster.postgres()?.sql('select application_name as name from pg_stat_replication');
    expect(following?.map(({ name }) => name)).toContain(`stolon_${rebuilt?.uid}`);
  });

  it('replaces a master that has died with its server', async () => {
    const { oldMaster, newMaster, cleared } = await stolon.failover();
    await forwards(newMaster.port);
    await stolon.settle();
    const { dbs } = await stolon.clusterData();
    const others = Object.values(dbs).filter(({ uid }) => uid !== cleared.to);
    expect(others.map(({ spec }) => [spec.keeperUID === oldMaster.uid, spec.followConfig?.dbuid])).toEqual([
      [false, cleared.to],
    ]);
    oldMaster.start();
    await stolon.settle();
  });

  it('replaces a master that the operator fails, and builds its keeper a new db', async () => {
    const { oldMaster, newMaster, cleared } = await stolon.failover((master) => stolon.ctl.failKeeper(master.uid));
    const clearing = await witness.putOf(cleared.revision);
    expect(clearing.keepers[oldMaster.uid]?.status).not.toHaveProperty('healthy');
    expect(clearing.keepers[oldMaster.uid]?.status).not.toHaveProperty('forceFail');
    await stolon.settle();
    expect((await stolon.masterKeeper()).uid).toBe(newMaster.uid);
    const rebuilt = Object.values((await stolon.clusterData()).dbs).find(
      ({ spec }) => spec.keeperUID === oldMaster.uid,
    );
    expect(rebuilt?.spec.role).toBe('standby');
  });

  it('moves the generation of every db when parameters change, and each keeper carries it out', async () => {
    const before = await stolon.clusterData();
    await stolon.ctl.update({ pgParameters: { work_mem: '8192' } });
    await stolon.until('every db to have moved', ({ dbs }) =>
      Object.values(dbs).every(({ uid, generation }) => generation > (before.dbs[uid]?.generation ?? 0)),
    );
    await stolon.settle();
    expect((await stolon.clusterData()).proxy.generation).toBe(before.proxy.generation);
    for (const keeper of stolon.keepers)
      expect(await keeper.postgres()?.sql('show work_mem')).toEqual([{ work_mem: '8MB' }]);
  });

  it('begins anew on stolonctl init: no dbs, another cluster uid, proxy generations from 0', async () => {
    const before = await stolon.clusterData();
    const count = witness.puts.length;
    const uid = await stolon.ctl.init();
    await stolon.settle();
    await stolon.until('both proxies to be enabled', ({ proxy }) => proxy.spec.enabledProxies?.length === 2);
    expect(uid).not.toBe(before.cluster.uid);
    const [first, ...later] = witness.puts.slice(count).filter(({ data }) => data.cluster.uid === uid);
    expect(first?.data.proxy.generation).toBeUndefined();
    expect(first?.data.dbs).toEqual({});
    expect(later.find(({ data }) => data.proxy.spec.masterDbUid !== undefined)?.data.proxy.generation).toBe(1);
    await forwards((await stolon.masterKeeper()).port);
  });
});

describe('the model of a standby cluster', () => {
  afterAll(close);

  it('takes writes after stolonctl promote without a word to its proxies', async () => {
    const outside = await startPostgres({
      folder: folder.path,
      name: 'outside',
      // Without them no base backup can be taken of its standbys.
      settings: { full_page_writes: 'on' },
      hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
    });
    closing.push(() => outside.stop('immediate'));
    const stolon = await startStolonCluster({
      ...{ etcd, name: 'standby', keepers: 2 },
      spec: {
        ...{ sleepInterval: '500ms', failInterval: '3s', proxyCheckInterval: '500ms', proxyTimeout: '3s' },
        ...{ initMode: 'pitr', role: 'standby', pitrConfig: { dataRestoreCommand: 'pg_basebackup -D "%d"' } },
        standbyConfig: { standbySettings: { primaryConninfo: `host=127.0.0.1 port=${outside.port} user=postgres` } },
      },
    });
    closing.push(() => stolon.close());
    const proxy = await proxyOf('standby');
    await stolon.until('the proxy to be enabled', ({ proxy: { spec } }) => spec.enabledProxies?.length === 1);
    await eventually('the proxy to forward', () => proxy.destination());
    const { client } = await sessionThrough(proxy.port);
    const recovery = async () => (await client.query('select pg_is_in_recovery() as recovery')).rows[0]?.recovery;
    expect(await recovery()).toBe(true);
    const before = await stolon.clusterData();
    await stolon.ctl.promote();
    await eventually('the session to become writable', async () => (await recovery()) === false || undefined);
    expect((await stolon.clusterData()).proxy).toMatchObject({
      generation: before.proxy.generation,
      spec: before.proxy.spec,
    });
    await client.end();
  });
});
