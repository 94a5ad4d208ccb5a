// Overrides on a real etcd, with two routers and a real HAProxy each: set at one, obeyed by both, kept through kill -9, reloads and an etcd that is away, and gone
// by themselves. What is held is read from HAProxy.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FleetRouter, type FleetStage, fleetStage, READS, WRITES } from '../lab/fleet-stage.ts';
import { type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

let stage: FleetStage;
let a: FleetRouter;
let b: FleetRouter;
let watches: readonly OverlapWatch[];

beforeAll(async () => {
  stage = await fleetStage({ folder: temporaryFolder() });
  [a, b] = [await stage.router('lb1'), await stage.router('lb2')];
  watches = [a, b].map(({ haproxy }) => watchOverlap(haproxy.adminSocket, WRITES, 5));
  await b.holds(WRITES, ['n1']);
});

afterAll(async () => {
  await Promise.all(watches?.map((watch) => watch.stop()) ?? []);
  await stage?.close();
  for (const watch of watches ?? []) expect(watch.overlaps()).toEqual([]);
});

afterEach(async () => {
  const left = (await a.daemon.status()).overrides ?? [];
  for (const { id } of left) await fetch(`${a.daemon.url}/v2/overrides/orders/${id}?by=test`, { method: 'DELETE' });
  await both(READS, ['n2', 'n3']);
  await both(WRITES, ['n1']);
});

const both = (backend: string, servers: readonly string[]) =>
  Promise.all([a, b].map((router) => router.holds(backend, servers)));

const entriesOf = async (router: FleetRouter) =>
  (await router.daemon.events()).filter(({ kind }) => kind === 'override').map(({ text }) => text);

describe('an override of the fleet', () => {
  it('is obeyed by every router, told everywhere, and lifted at any of them', async () => {
    const set = await a.ctl('maint', 'n2', '--service', 'replica', '--for', '1h', '--reason', 'kernel update');
    expect(set).toMatchObject({ code: 0, err: '' });
    expect(set.out).toMatch(
      /^maint of n2 in replica in cluster orders for 60 min; pgroutectl lift \w{8} takes it back\n$/,
    );
    await both(READS, ['n3']);
    const status = await b.daemon.until('the override to be told', ({ overrides = [] }) => overrides.length === 1);
    const [override] = status.overrides ?? [];
    expect(override).toMatchObject({
      member: 'n2',
      service: 'replica',
      action: 'maint',
      reason: 'kernel update',
      scope: 'fleet',
    });
    expect(override?.owner).toMatch(/^dba@/);
    const verdict = status.clusters[0]?.services
      .find(({ name }) => name === 'replica')
      ?.servers.find(({ member }) => member === 'n2');
    expect(verdict).toMatchObject({ override: override?.id, reason: { code: 'override_maint' } });
    expect((await b.ctl('status')).out).toContain('OVERRIDE  orders: maint of n2 in replica by dba@');
    expect((await b.ctl('overrides')).out).toMatch(/n2 +replica +maint +59 min +dba@\S+ +kernel update/);
    expect((await b.daemon.get('/metrics')).body).toContain(
      'pgrouted_override_active{cluster="orders",member="n2",service="replica",action="maint"} 1',
    );
    const lifted = await b.ctl('lift', override?.id ?? '', '--owner', 'night shift');
    expect(lifted).toMatchObject({ code: 0, out: 'maint of n2 in replica in cluster orders is lifted\n' });
    await both(READS, ['n2', 'n3']);
    await eventually(
      'lb1 to tell who',
      async () => (await entriesOf(a)).includes('maint of n2 in replica was lifted by night shift') || undefined,
    );
  });

  it('lives through kill -9 and a reload of either: the server is never let in meanwhile', async () => {
    await a.set({ member: 'n2', action: 'drain' });
    await both(READS, ['n3']);
    const seen = watchOverlap(a.haproxy.adminSocket, READS, 2);
    await a.daemon.kill();
    await a.daemon.start();
    await a.daemon.ready();
    await a.haproxy.reload();
    await a.holds(READS, ['n3']);
    a.daemon.program().signal('SIGHUP');
    a.daemon.configure({ more: { fleet: { name: 'lb1' }, log: { level: 'debug' } } });
    a.daemon.program().signal('SIGHUP');
    await eventually(
      'the new configuration',
      async () => (await a.daemon.events()).some(({ kind }) => kind === 'config') || undefined,
    );
    await a.holds(READS, ['n3']);
    await seen.stop();
    expect(seen.history().flat()).not.toContain('n2');
  });

  it('is gone by itself when its time is over, and its record with it', async () => {
    const { override } = await b.set({ member: 'n3', action: 'drain', for_seconds: 1 });
    await both(READS, ['n2']);
    await both(READS, ['n2', 'n3']);
    await eventually(
      'the record to go',
      async () => (await stage.etcd.etcdctl('get', `/pgrouted/orders/overrides/${override.id}`)) === '' || undefined,
    );
    expect(await entriesOf(a)).toContain('drain of n3 has run out');
  });

  it('closes the write service and makes no other writer', async () => {
    await a.set({ member: 'n1', action: 'maint', service: 'primary' });
    // Drained first, as the table says for maintenance.
    await both(WRITES, []);
    await a.set({ member: 'n2', action: 'ready' });
    await a.set({ member: 'n3', action: 'weight', weight: 7 });
    await eventually(
      'the weight to be held',
      async () => /(?:^|\n)7 \(initial/.test(await b.haproxy.ask(`get weight ${READS}/n3`)) || undefined,
    );
    expect(await b.accepting(WRITES)).toEqual([]);
    const { alarms } = (await b.daemon.status()).clusters[0] ?? { alarms: [] };
    expect(alarms.map(({ code }) => code)).toContain('override_closes_writes');
  });

  it('written by hand counts as well; what can not be read is told and left out', async () => {
    const record = { version: 1, member: 'n2', action: 'drain', owner: 'cron', reason: 'backup' };
    const key = '/pgrouted/orders/overrides';
    await stage.etcd.etcdctl(
      'put',
      `${key}/nightly`,
      JSON.stringify({ ...record, created_at: '2026-01-01T00:00:00Z' }),
    );
    await stage.etcd.etcdctl('put', `${key}/future`, JSON.stringify({ ...record, version: 2 }));
    await both(READS, ['n3']);
    const { fleet } = await b.daemon.until('the alarm', ({ fleet: told }) => (told?.alarms.length ?? 0) > 0);
    expect(fleet?.alarms.map(({ text }) => text)).toEqual([
      "The record /pgrouted/orders/overrides/future can't be read (version 2; only version 1 is understood): it does not count",
    ]);
    await stage.etcd.etcdctl('del', '--prefix', key);
    await both(READS, ['n2', 'n3']);
  });
});

describe('an override while etcd is away', () => {
  it('counts until it ends by the clock of the router; a new one is local, and says so', async () => {
    await a.set({ member: 'n2', action: 'drain', for_seconds: 3 });
    await both(READS, ['n3']);
    stage.etcd.members[0]?.freeze();
    try {
      const { override, why } = await a.set({ member: 'n3', action: 'drain', for_seconds: 60 });
      expect(override.scope).toBe('local');
      expect(why).not.toBeNull();
      await a.holds(READS, ['n2']);
      expect(await b.accepting(READS)).toEqual(['n2', 'n3']);
    } finally {
      stage.etcd.members[0]?.thaw();
    }
    await stage.etcd.healthy();
  });
});

describe('a request that can not be meant', () => {
  it('is refused with what was meant', async () => {
    expect(await a.ctl('drain', 'n22', '--service', 'replica', '--reason', 'x')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/there is no member n22 in cluster orders; did you mean n2\? Known: n1, n2, n3/),
    });
    expect((await a.daemon.status()).overrides).toEqual([]);
  });

  it('is refused to a page in a browser, and to a form', async () => {
    const post = (headers: Readonly<Record<string, string>>) =>
      fetch(`${a.daemon.url}/v2/overrides`, { method: 'POST', headers, body: '{}' });
    const page = await post({ 'content-type': 'application/json', origin: 'https://evil.example' });
    expect([page.status, await page.json()]).toMatchObject([
      403,
      { error: 'a page in a browser may change nothing here' },
    ]);
    expect((await post({ 'content-type': 'text/plain' })).status).toBe(415);
  });
});
