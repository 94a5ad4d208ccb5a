// The mirror of an etcd prefix on a sound three-member etcd: what it shows, in what order, and what it proves.
import { absent } from '@pgrouted/core/etcd/client';
import { EtcdMirror } from '@pgrouted/core/etcd/mirror';
import { silentLog } from '@pgrouted/core/model/log';
import { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { etcdSpec, type ObservedMirror, observeMirror } from '../lab/observed-mirror.ts';
import { realClock } from '../lab/probing.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

const prefix = '/service/orders/';
const folder = temporaryFolder();
let lab: EtcdLab;
/** Another client than ours, so that what we read was not written by our own code. */
let other: Etcd3;
let observed: ObservedMirror;

beforeAll(async () => {
  lab = await startEtcd({ folder: folder.path, members: 3 });
  other = new Etcd3({ hosts: [...lab.endpoints] });
  await other.put(`${prefix}before`).value('listed');
  observed = observeMirror(etcdSpec(lab.endpoints));
  await observed.watching(3);
});

afterAll(async () => {
  await observed?.close();
  other?.close();
  await lab?.stop();
  folder.remove();
});

describe('a mirror', () => {
  it('begins with a list, and knows the etcd cluster', () => {
    expect(observed.changes[0]).toMatchObject({ kind: 'relisted', why: 'start', historyLost: false });
    expect(observed.value(`${prefix}before`)).toBe('listed');
    expect(observed.mirror.snapshot()?.clusterId).toMatch(/^[0-9]{10,}$/);
  });

  it('tells each write once, in order, though three members deliver it', async () => {
    for (let i = 0; i < 200; i += 1) await other.put(`${prefix}leader`).value(`v${i}`);
    await observed.until('the last write', () => observed.value(`${prefix}leader`) === 'v199');
    expect(observed.told(`${prefix}leader`)).toEqual(Array.from({ length: 200 }, (_, i) => `v${i}`));
  });

  it('tells all writes of one transaction in one change', async () => {
    await other.put(`${prefix}sync`).value('x');
    const { header } = await other
      .if(`${prefix}sync`, 'Version', '>', 0)
      .then(
        other.delete().key(`${prefix}sync`),
        other.put(`${prefix}history`).value('[]'),
        other.put(`${prefix}failsafe`).value('{}'),
      )
      .commit();
    const at = BigInt(header.revision);
    await observed.until('the transaction', ({ revision }) => revision >= at);
    const change = observed.changes.filter((each) => each.kind === 'events').find(({ revision }) => revision === at);
    expect(change?.events).toHaveLength(3);
    expect(change?.snapshot.entries.has(`${prefix}sync`)).toBe(false);
    expect(change?.snapshot.entries.get(`${prefix}history`)?.modRevision).toBe(at);
  });

  it('hears nothing of other prefixes', async () => {
    const before = observed.mirror.status().counters.events;
    await other.put('/service/orders2/leader').value('x');
    const proof = await observed.mirror.prove();
    expect(proof.ok).toBe(true);
    expect(observed.mirror.status().counters.events).toBe(before);
  });

  it('carries leases, and sees keys go with them', async () => {
    const { lease } = await observed.client.grantLease(60);
    await observed.client.put(`${prefix}leased`, 'x', lease);
    const snapshot = await observed.until('the key', ({ entries }) => entries.has(`${prefix}leased`));
    expect(snapshot.entries.get(`${prefix}leased`)?.lease).toBe(lease);
    await observed.client.revokeLease(lease);
    await observed.until('the key to go', ({ entries }) => !entries.has(`${prefix}leased`));
  });

  it('holds, after a proof, everything that was committed before it was asked for', async () => {
    for (let i = 0; i < 100; i += 1) {
      const { header } = await other.put(`${prefix}proven`).value(`p${i}`);
      const askedAt = realClock.now();
      const proof = await observed.mirror.prove();
      expect(proof).toMatchObject({ ok: true });
      if (proof.ok) expect(proof.at).toBeGreaterThanOrEqual(askedAt);
      expect(observed.mirror.snapshot()?.revision).toBeGreaterThanOrEqual(BigInt(header.revision));
      expect(observed.value(`${prefix}proven`)).toBe(`p${i}`);
    }
  });

  it('is confirmed again and again in a quiet etcd, by every member in turn', async () => {
    const { confirmedAt } = await observed.until('a snapshot', () => true);
    await observed.until('a later proof', (snapshot) => snapshot.confirmedAt > confirmedAt);
    const since = realClock.now();
    await eventually('all members to be heard', () =>
      observed.mirror.status().members.every((member) => (member.lastHeardAt ?? 0) > since),
    );
    expect(observed.mirror.status().counters.relists).toEqual({
      start: 1,
      compacted: 0,
      behind: 0,
      rewind: 0,
      cluster_changed: 0,
    });
  });

  it('shares its client with others, and leaves it open', async () => {
    const second = new EtcdMirror({ client: observed.client, prefix: '/pgrouted/', clock: realClock, log: silentLog });
    second.start();
    await eventually('the list', () => second.snapshot());
    await other.put('/pgrouted/override').value('1');
    await eventually('the key', () => second.snapshot()?.entries.has('/pgrouted/override') || undefined);
    await second.close();
    expect(await second.prove()).toMatchObject({ ok: false });
    expect((await observed.mirror.prove()).ok).toBe(true);
  });

  it('takes a list and a backlog far bigger than one window', async () => {
    const value = 'x'.repeat(500_000);
    for (let i = 0; i < 12; i += 1) await other.put(`/big/${i}`).value(value);
    const big = observeMirror(etcdSpec(lab.endpoints), { prefix: '/big/' });
    const { entries } = await big.until('the list', () => true);
    expect([...entries.values()].every((kv) => kv.value.length === 500_000)).toBe(true);
    await big.close();
    await other.delete().prefix('/big/');
  });
});

describe('a client', () => {
  it('writes only when the conditions hold, and gives what it found when they do not', async () => {
    const key = '/pgrouted/lock';
    const put = (value: string) => [{ type: 'put' as const, key, value, lease: '0' }];
    const first = await observed.client.write(put('mine'), [absent(key)]);
    expect(first.done).toBe(true);
    const second = await observed.client.write(put('theirs'), [absent(key)]);
    expect(second).toMatchObject({ done: false, found: [{ key, value: 'mine', modRevision: first.revision }] });
    expect(
      await observed.client.write([{ type: 'delete', key }], [{ key, modRevision: first.revision }]),
    ).toMatchObject({ done: true });
    expect(await other.get(key)).toBeNull();
  });
});
