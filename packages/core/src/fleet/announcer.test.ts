// A router's own records, against a store in memory that keeps etcd's promises about conditions and leases.
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { MemoryStore } from '../../test/memory-store.ts';
import { Announcer } from './announcer.ts';
import type { AnnouncerOptions } from './announcer-options.ts';
import { type RouterFacts, readRouter } from './router-record.ts';

const self = { instance: 'aaaaaaaa', pgrouted: '1.0.0', host: 'db1', since: '2026-11-21T10:00:00.000Z' };

const factsOn = (leader: string): RouterFacts => ({
  leader: { member: leader, revision: '7', shared: true },
  services: { primary: { role: 'primary', in: [leader], reason: 'write_open', overridden: false } },
  targets: [{ name: 'edge', state: 'reachable', converged: true }],
  health: [],
});

function stage(clusters: readonly string[] = ['orders'], more: Partial<AnnouncerOptions> = {}) {
  const clock = new ManualClock();
  const store = new MemoryStore(clock);
  const facts = new Map(clusters.map((name) => [name, factsOn('n1')]));
  const told: string[] = [];
  const announcer = new Announcer({
    store,
    prefix: '/pgrouted',
    clock,
    self,
    name: 'lb1',
    clusters: () => [...facts.keys()],
    facts: () => (cluster) => facts.get(cluster),
    busy: () => false,
    isTaken: () => false,
    onChange: () => told.push(announcer.error ?? announcer.name),
    ...more,
  });
  const leaderOf = (key: string) => {
    const entry = store.entries.get(key);
    const record = entry === undefined ? undefined : readRouter(entry);
    return record?.ok === true ? record.value.leader?.member : undefined;
  };
  return { clock, store, facts, announcer, told, leaderOf };
}

describe('a router that announces itself', () => {
  it('writes one record for each cluster under one lease, in batches that etcd takes', async () => {
    const names = Array.from({ length: 250 }, (_, i) => `c${i}`);
    const { clock, store, announcer } = stage(names);
    announcer.start();
    expect(announcer.registered).toBe(false);
    await clock.pass(300);
    expect(store.entries.size).toBe(250);
    expect(store.transactions.map((writes) => writes.length)).toEqual([100, 100, 50]);
    expect(new Set([...store.entries.values()].map(({ lease }) => lease)).size).toBe(1);
    expect(announcer.registered).toBe(true);
  });

  it('writes what has changed once for all changes within 200 ms, and nothing while nothing changes', async () => {
    const { clock, store, announcer, facts, leaderOf } = stage(['orders', 'stock']);
    announcer.start();
    await clock.pass(300);
    const before = store.transactions.length;
    await clock.pass(60_000);
    announcer.look();
    await clock.pass(300);
    expect(store.transactions.length).toBe(before);
    for (const leader of ['n2', 'n3', 'n2']) {
      facts.set('orders', factsOn(leader));
      announcer.look(['orders']);
      await clock.pass(50);
    }
    await clock.pass(200);
    expect(store.transactions.length).toBe(before + 1);
    expect(store.transactions.at(-1)?.map(({ key }) => key)).toEqual(['/pgrouted/orders/routers/lb1']);
    expect(leaderOf('/pgrouted/orders/routers/lb1')).toBe('n2');
  });

  it('waits for a HAProxy that is being told, for a second at most', async () => {
    let busy = true;
    const { clock, store, announcer } = stage(['orders'], { busy: () => busy });
    announcer.start();
    await clock.pass(900);
    expect(store.entries.size).toBe(0);
    await clock.pass(300);
    expect(store.entries.size).toBe(1);
    busy = false;
  });

  it('keeps its lease alive, and writes everything anew when etcd has lost it', async () => {
    const { clock, store, announcer } = stage();
    announcer.start();
    await clock.pass(60_000);
    expect(store.entries.size).toBe(1);
    store.fail('away');
    await clock.pass(30_000);
    expect(announcer.registered).toBe(false);
    expect(announcer.error).toBe('away');
    store.fail(undefined);
    expect(store.entries.size).toBe(0);
    await clock.pass(6_000);
    expect(store.entries.size).toBe(1);
    expect(announcer.registered).toBe(true);
  });

  it('takes another name while its own is taken, and its own again', async () => {
    const taken = new Set(['lb1', 'lb1-2']);
    const { clock, store, announcer, told } = stage(['orders'], { isTaken: (name) => taken.has(name) });
    announcer.start();
    await clock.pass(300);
    expect([...store.entries.keys()]).toEqual(['/pgrouted/orders/routers/lb1-3']);
    expect(told).toContain('lb1-3');
    await clock.pass(20_000);
    expect(announcer.renamedForMs).toBeGreaterThan(20_000);
    taken.clear();
    await clock.pass(5_000);
    expect([...store.entries.keys()]).toEqual(['/pgrouted/orders/routers/lb1']);
    expect(announcer.renamedForMs).toBeUndefined();
  });

  it('never writes over another router that was faster, and says so', async () => {
    const { clock, store, announcer } = stage();
    store.put('/pgrouted/orders/routers/lb1', JSON.stringify({ version: 1, ...self, ...factsOn('n9'), instance: 'b' }));
    announcer.start();
    await clock.pass(6_000);
    expect(announcer.error).toBe('/pgrouted/orders/routers/lb1 belongs to another router of this name');
    expect(store.entries.get('/pgrouted/orders/routers/lb1')?.value).toContain('"instance":"b"');
  });

  it('takes up its own record whose write had no answer', async () => {
    const { clock, store, announcer, facts, leaderOf } = stage();
    announcer.start();
    await clock.pass(300);
    facts.set('orders', factsOn('n2'));
    store.loseAnswer();
    announcer.look();
    await clock.pass(300);
    expect(announcer.error).toBe('no answer');
    facts.set('orders', factsOn('n3'));
    await clock.pass(5_000);
    expect(leaderOf('/pgrouted/orders/routers/lb1')).toBe('n3');
    expect(announcer.error).toBeUndefined();
  });

  it('takes away the record of a cluster that is gone, and all of them when it leaves', async () => {
    const { clock, store, announcer, facts } = stage(['orders', 'stock']);
    announcer.start();
    await clock.pass(300);
    facts.delete('stock');
    announcer.look();
    await clock.pass(300);
    expect([...store.entries.keys()]).toEqual(['/pgrouted/orders/routers/lb1']);
    await announcer.stop(true);
    expect(store.entries.size).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
