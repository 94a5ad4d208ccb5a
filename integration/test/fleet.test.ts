// Routers that share a prefix of a real etcd: each sees the others, any of them tells whether all HAProxies lead to the present leader, and two of one name are
// told apart. What is held is read from HAProxy.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetRouter, type FleetStage, fleetStage, READS, WRITES } from '../lab/fleet-stage.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

let stage: FleetStage;
let a: FleetRouter;
let b: FleetRouter;

beforeAll(async () => {
  stage = await fleetStage({ folder: temporaryFolder() });
  [a, b] = [await stage.router('lb1'), await stage.router('lb2')];
});

afterAll(() => stage?.close());

const records = async () =>
  (await stage.etcd.etcdctl('get', '--prefix', '--keys-only', '/pgrouted/')).split('\n').filter((key) => key !== '');

const switchTo = async (to: string, from: string) => {
  const named = (name: string) => {
    const member = stage.members.find((one) => one.name === name);
    if (member === undefined) throw new Error(`${name} is on no stage`);
    return member;
  };
  await stage.records.switchTo(named(to), named(from));
};

describe('a fleet of two routers', () => {
  it('is seen by each of them, with what every HAProxy holds', async () => {
    const waited = await a.ctl('fleet', '--wait', '10');
    expect(waited).toMatchObject({ code: 0, err: '' });
    const { fleet } = await b.daemon.until(
      'both to be there',
      ({ fleet: told }) => told?.clusters[0]?.routers.length === 2,
    );
    expect(fleet).toMatchObject({
      enabled: true,
      name: 'lb2',
      shared: true,
      registered: true,
      problem: null,
      alarms: [],
    });
    const [cluster] = fleet?.clusters ?? [];
    expect(cluster).toMatchObject({ cluster: 'orders', leader: 'n1', applied: true, waiting: [] });
    expect(cluster?.routers.map(({ name, own, leader }) => [name, own, leader])).toEqual([
      ['lb1', false, 'n1'],
      ['lb2', true, 'n1'],
    ]);
    for (const router of cluster?.routers ?? [])
      expect(router).toMatchObject({
        services: { primary: { in: ['n1'] }, replica: { in: ['n2', 'n3'] } },
        targets: [{ name: 'edge', state: 'reachable', converged: true }],
        health: [],
      });
    expect(await records()).toEqual(['/pgrouted/orders/routers/lb1', '/pgrouted/orders/routers/lb2']);
    const page = (await a.ctl('fleet')).out;
    expect(page).toContain('orders  APPLIED: every router and HAProxy leads to n1');
    expect(page).toMatch(/lb1 \(this\) +\S+ +n1 +\d+ +edge +yes/);
    expect((await a.daemon.get('/metrics')).body).toContain('pgrouted_fleet_routers{cluster="orders"} 2');
  });

  it('has switched when the last HAProxy has', async () => {
    b.haproxy.freeze();
    try {
      await switchTo('n2', 'n1');
      await a.holds(WRITES, ['n2']);
      const early = await a.ctl('fleet', '--wait', '1');
      expect(early.code).toBe(1);
      expect(early.out).toMatch(/waiting: HAProxy edge of lb2 does not hold it yet|waiting: lb2 still follows n1/);
    } finally {
      b.haproxy.thaw();
    }
    const late = await a.ctl('fleet', '--wait', '20');
    expect(late.code).toBe(0);
    expect(await b.accepting(WRITES)).toEqual(['n2']);
  });

  it('tells two of one name apart, and gives the name back', async () => {
    const c = await stage.router('lb3', { more: { fleet: { name: 'lb1' } }, onHaproxyOf: b });
    await c.daemon.until('another name', ({ fleet }) => fleet?.name === 'lb1-2' && fleet.registered);
    expect(await records()).toEqual(['lb1', 'lb1-2', 'lb2'].map((name) => `/pgrouted/orders/routers/${name}`));
    await c.daemon.stop();
    await eventually('the record to go with its router', async () => (await records()).length === 2 || undefined);
  });

  it('has no router that was stopped', async () => {
    await b.daemon.stop();
    expect(await records()).toEqual(['/pgrouted/orders/routers/lb1']);
    expect((await a.ctl('fleet', '--wait', '5')).code).toBe(0);
    expect(await b.accepting(READS)).toEqual(['n1', 'n3']);
    await b.daemon.start();
    await eventually('it to be back', async () => (await records()).length === 2 || undefined);
  });
});
