// The models of Stolon that other tests stand on, held against the order in which Stolon 0.17.0 does things: on real etcd, with real
// PostgreSQL servers that replicate, and with the model of stolon-proxy as the one who has to let go.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { type StolonCluster, startStolonCluster } from '../lab/stolon/cluster.ts';
import { type ClusterData, parseClusterData } from '../lab/stolon/cluster-data.ts';
import { startComposedStolon } from '../lab/stolon/composed.ts';
import { startSentinel } from '../lab/stolon/sentinel.ts';
import { type StolonProxy, startStolonProxy } from '../lab/stolon/stolon-proxy.ts';
import { openStore } from '../lab/stolon/store.ts';

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

interface Put {
  readonly revision: number;
  readonly data: ClusterData;
}

/** Every clusterdata that is put from now on, as another client of etcd sees it. */
async function watchClusterData(name: string): Promise<readonly Put[]> {
  const store = openStore({ etcd, name });
  const puts: Put[] = [];
  const watch = await store.watch(({ key, value, revision }) => {
    if (key === 'clusterdata' && value !== undefined) puts.push({ revision, data: parseClusterData(value) });
  });
  closing.push(async () => {
    await watch.close();
    store.close();
  });
  return puts;
}

const putOf = (puts: readonly Put[], revision: number | undefined): Promise<ClusterData> =>
  eventually(`the put of revision ${revision}`, () => puts.find((put) => put.revision === revision)?.data);

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
  let puts: readonly Put[];
  let stolon: StolonCluster;
  let proxies: readonly StolonProxy[];
  let atNaming: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    puts = await watchClusterData(name);
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
    const first = (check: (data: ClusterData) => boolean) => puts.findIndex(({ data }) => check(data));
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

    const clearing = await putOf(puts, cleared.revision);
    expect(clearing.proxy.generation).toBe((before.proxy.generation ?? 0) + 1);
    expect(clearing.proxy.spec).toEqual({ enabledProxies: before.proxy.spec.enabledProxies });
    expect(clearing.cluster.status.master).toBe(cleared.to);
    expect(clearing.dbs[cleared.from]?.spec).toMatchObject({ role: 'master', followers: [] });
    expect(clearing.dbs[cleared.from]?.status.healthy).toBeUndefined();
    expect(clearing.dbs[cleared.to]?.spec.role).toBe('master');
    expect(clearing.dbs[cleared.to]?.spec.followConfig).toBeUndefined();
    const naming = await putOf(puts, named.revision);
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
    const clearing = await putOf(puts, cleared.revision);
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
    const count = puts.length;
    const uid = await stolon.ctl.init();
    await stolon.settle();
    await stolon.until('both proxies to be enabled', ({ proxy }) => proxy.spec.enabledProxies?.length === 2);
    expect(uid).not.toBe(before.cluster.uid);
    const [first, ...later] = puts.slice(count).filter(({ data }) => data.cluster.uid === uid);
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

describe('the model of a Stolon cluster without PostgreSQL', () => {
  afterEach(close);

  const composed = async (name: string, spec = {}, automatic = false) => {
    const ports = await Promise.all([freePort(), freePort()]);
    const keepers = ports.map((port, index) => ({ uid: `keeper${index + 1}`, port }));
    const stolon = await startComposedStolon({ etcd, name, keepers, spec, automatic });
    closing.push(() => stolon.close());
    return stolon;
  };

  it('fails over again and again, each time when the proxy has acknowledged', async () => {
    const stolon = await composed('again', { proxyCheckInterval: '50ms', proxyTimeout: '2s' });
    const proxy = await proxyOf('again');
    await stolon.enable([proxy.uid]);
    for (let round = 0; round < 5; round += 1) {
      const { cleared, named } = await stolon.failover();
      expect(named).toMatchObject({ masterDbUid: cleared.to, acknowledgedBy: [proxy.uid] });
      expect(named.generation).toBe(cleared.generation + 1);
    }
    const kinds = stolon.history().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'cleared').length).toBe(5);
  });

  it('waits for a dead proxy until its record did not change for twice its timeout, then drops it', async () => {
    const stolon = await composed('dead', { proxyCheckInterval: '100ms', proxyTimeout: '500ms' });
    const [alive, dead] = [await proxyOf('dead'), await proxyOf('dead')];
    await stolon.enable([alive.uid, dead.uid]);
    // As Stolon does, a proxy publishes the greater of the timeout it had before (15 s at first) and the new one, once.
    await stolon.eventually(
      'the short timeout to be published',
      async () => (await stolon.proxies()).every(({ ProxyTimeout }) => ProxyTimeout === 500e6) || undefined,
    );
    await dead.kill();
    const cleared = await stolon.clear();
    const named = await stolon.name();
    const waiting = stolon.history().filter((event) => event.kind === 'waiting_for');
    expect(waiting.at(-1)).toMatchObject({ proxies: [dead.uid], generation: cleared.generation });
    expect(named.acknowledgedBy).toEqual([alive.uid]);
    const { proxy } = await stolon.enable([alive.uid]);
    expect(proxy.spec.masterDbUid).toBe(cleared.to);
    await stolon.until('the dead one to be dropped', ({ proxy: { spec } }) => spec.enabledProxies?.length === 1);
  });

  it('names the master though it is still in recovery: nothing in Stolon looks at that', async () => {
    const stolon = await composed('slow');
    const { dbs } = await stolon.clusterData();
    const standby = Object.values(dbs).find(({ spec }) => spec.role === 'standby');
    stolon.keeper(standby?.spec.keeperUID ?? '').hold(true);
    await stolon.clear();
    const { masterDbUid } = await stolon.name();
    const db = (await stolon.clusterData()).dbs[masterDbUid];
    expect(db?.status.currentGeneration).toBe((db?.generation ?? 0) - 1);
    stolon.keeper(standby?.spec.keeperUID ?? '').hold(false);
    await stolon.settle();
  });

  it('forgets a keeper on stolonctl removekeeper, but not the master, and finds one that lives again', async () => {
    const stolon = await composed('removed');
    const { dbs } = await stolon.clusterData();
    await expect(stolon.ctl.removeKeeper('keeper1')).rejects.toThrow("Can't remove");
    await stolon.ctl.removeKeeper('keeper2');
    const { keepers, dbs: left } = await stolon.clusterData();
    expect(Object.keys(keepers)).toEqual(['keeper1']);
    expect(Object.keys(left).length).toBe(1);
    await stolon.settle();
    const found = Object.values((await stolon.clusterData()).dbs).find(({ spec }) => spec.keeperUID === 'keeper2');
    expect(Object.keys(dbs)).not.toContain(found?.uid);
  });

  it('has a proxy that closes by itself when it can not check for proxyTimeout, and opens again after that', async () => {
    const stolon = await composed('watchdog', { proxyCheckInterval: '100ms', proxyTimeout: '500ms' });
    const proxy = await proxyOf('watchdog');
    await stolon.enable([proxy.uid]);
    const forwarding = () => eventually('the proxy to forward', () => proxy.destination());
    await forwarding();
    const [member] = etcd.members;
    member?.freeze();
    await eventually('the watchdog', () => proxy.history.find(({ kind }) => kind === 'watchdog'));
    expect([proxy.destination(), proxy.listening()]).toEqual([undefined, false]);
    member?.thaw();
    await forwarding();
    expect(proxy.listening()).toBe(true);
  });

  it('is led by another sentinel when the first has died and its lease has run out; the first check only records', async () => {
    const name = 'leaders';
    const puts = await watchClusterData(name);
    const stolon = await composed(name, { sleepInterval: '500ms', failInterval: '3s' }, true);
    const second = startSentinel({ etcd, name });
    closing.push(() => second.resign());
    await eventually(
      'both to stand for election',
      async () => (await stolon.store.candidates()).length === 2 || undefined,
    );
    expect([stolon.sentinel.leads(), second.leads()]).toEqual([true, false]);
    await stolon.sentinel.kill();
    const count = puts.length;
    await eventually('the second to put', () => puts.length > count + 1 || undefined);
    expect(second.history[0]?.kind).toBe('leads');
    const [last, first, next] = puts.slice(count - 1);
    expect({ ...first?.data, changeTime: '' }).toEqual({ ...last?.data, changeTime: '' });
    expect(next?.data.keepers).not.toEqual(first?.data.keepers);
    await stolon.ctl.failKeeper('keeper1');
    await eventually('the second to name a master', () => second.history.find(({ kind }) => kind === 'named'));
  });
});
