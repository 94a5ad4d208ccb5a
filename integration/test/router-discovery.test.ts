// Clusters that nobody listed: found below a namespace of a real etcd, driven in a real HAProxy, let go when they are gone. Records only; more backends than are
// looked at one by one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { type ManyClusters, manyBackends, manyClusters, scopeOf, takers } from '../lab/many-clusters.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

const indexes = Array.from({ length: 40 }, (_, index) => index);
/** Its backend is there, its records come later. */
const late = 39;

const folder = temporaryFolder();
let etcd: EtcdLab;
let haproxy: Haproxy;
let records: ManyClusters;
let daemon: Daemon;

const held = async () => takers(await haproxy.ask('show servers state'));
const leads = (index: number, member: string, readers: string) =>
  eventually(
    `${member} to lead ${scopeOf(index)}`,
    async () => {
      const now = await held();
      const writer = now.get(`${scopeOf(index)}-primary`)?.join();
      return (writer === member && now.get(`${scopeOf(index)}-replica`)?.join() === readers) || undefined;
    },
    20_000,
  );

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  records = manyClusters(etcd.endpoints);
  haproxy = await startHaproxy({ folder: folder.path, config: manyBackends(indexes) });
  await records.bootstrap(indexes.filter((index) => index !== late));
  await etcd.etcdctl('put', '/service/not a name/initialize', '1');
  await etcd.etcdctl('put', '/service/only-a-leader/leader', 'n1');
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        discover: true,
        patroni: { namespace: '/service' },
        exclude: ['c0038'],
        services: {
          primary: { backend: '{cluster}-primary', role: 'primary' },
          replica: { backend: '{cluster}-replica', role: 'replica', fallback: 'primary' },
        },
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket }],
    more: { fleet: { enabled: false } },
  });
}, 60_000);
afterAll(async () => {
  await daemon?.stop();
  records?.close();
  await haproxy?.stop();
  await etcd?.stop();
  folder.remove();
});

describe('a router that finds its clusters in etcd', () => {
  it('drives every scope that is a cluster, and none that is excluded or can not be named in HAProxy', async () => {
    await leads(0, 'n1', 'n2,n3');
    await leads(37, 'n1', 'n2,n3');
    const names = (await daemon.status()).clusters.map(({ name }) => name);
    expect(names).toEqual(indexes.filter((index) => index < 38).map(scopeOf));
    const events = await daemon.events();
    expect(events.filter(({ kind }) => kind === 'alarm').map(({ text }) => text)).toContainEqual(
      expect.stringContaining('Scope not a name below /service is not driven'),
    );
    expect((await held()).get('c0038-primary')).toEqual([]);
  }, 40_000);

  it('takes in a cluster that comes later', async () => {
    await records.bootstrap([late]);
    await leads(late, 'n1', 'n2,n3');
  }, 30_000);

  it('follows one of many through a switchover', async () => {
    await records.moveTo(7, 'n2');
    await leads(7, 'n2', 'n1,n3');
    await leads(8, 'n1', 'n2,n3');
  }, 30_000);

  it('puts right what somebody types, though it looks at thousands of lines only now and then', async () => {
    await haproxy.ask('set server c0005-primary/n3 state ready');
    await leads(5, 'n1', 'n2,n3');
    await haproxy.ask('set server c0006-replica/n2 state maint');
    await leads(6, 'n1', 'n2,n3');
  }, 30_000);

  it('holds all of it in the new worker after a reload', async () => {
    await haproxy.reload();
    await leads(0, 'n1', 'n2,n3');
    await leads(7, 'n2', 'n1,n3');
    await leads(late, 'n1', 'n2,n3');
  }, 30_000);

  it('closes the write service of a cluster whose keys are gone', async () => {
    await records.remove(3);
    await eventually('c0003 to be closed', async () => (await held()).get('c0003-primary')?.length === 0 || undefined);
    expect((await held()).get('c0004-primary')).toEqual(['n1']);
  }, 30_000);
});
