// The daemon as a proxy of Stolon, on a real etcd and a real HAProxy: what it writes into Stolon's books, and that HAProxy opens and closes by what
// they say. Sentinel and keepers are models of Stolon 0.17 that are stepped by hand, so Stolon's own intervals (5 s, 15 s) cost no time.
import { once } from 'node:events';
import { Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Daemon } from '../lab/daemon.ts';
import { inOrder } from '../lab/in-order.ts';
import { eventually } from '../lab/process.ts';
import { type ClientSession, openSessions } from '../lab/sessions.ts';
import { newUid } from '../lab/stolon/infos.ts';
import { quick, registrationOf, type Scene, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
import { type WitnessedHaproxy, WRITES } from '../lab/witnessed-haproxy.ts';

let stage: StolonStage;
let edge: WitnessedHaproxy;
let scene: Scene;

beforeAll(async () => {
  stage = await stolonStage();
  edge = stage.edge;
});
afterAll(() => stage?.close());
afterEach(() => scene?.end());

const allEnded = (sessions: readonly ClientSession[]) => Promise.all(sessions.map(({ ended }) => ended));
const allServed = async (sessions: readonly ClientSession[]) =>
  (await Promise.all(sessions.map((session) => session.echo('still here')))).every(Boolean);
const primaryOf = async (router: Daemon) => (await router.status()).clusters[0]?.services[0];

/** The record as it lies in etcd: its value, its lease (decimal, 63 bits) and revisions. */
async function recordOf(uid: string) {
  const key = `${scene.cluster.store.prefix}proxies/info/${uid}`;
  const text = await stage.etcd.etcdctl('get', key, '-w', 'json');
  const field = (name: string) => new RegExp(`"${name}":"?([^",}]+)`).exec(text)?.[1] ?? '';
  const value = Buffer.from(field('value'), 'base64').toString('utf8');
  return { key, value, lease: field('lease'), modRevision: field('mod_revision'), created: field('create_revision') };
}

async function grantedTtl(lease: string): Promise<number> {
  const answer = await stage.etcd.etcdctl('lease', 'timetolive', BigInt(lease).toString(16), '-w', 'json');
  return Number(/"granted-ttl":(\d+)/.exec(answer)?.[1]);
}

describe('the witness of these tests', () => {
  it('sees sessions and open servers in a worker, in an old one, and in a HAProxy that hangs', async () => {
    scene = await stage.scene();
    const [k1] = stage.servers;
    expect(await edge.remains(k1)).toEqual([]);
    await edge.haproxy.ask('set server be_rw/k1 state ready');
    await edge.hold(3);
    const open = 'edge1 lets clients in to k1';
    expect(await edge.remains(k1)).toEqual(['edge1 has 3 connections to k1', open]);
    await edge.haproxy.reload();
    expect(await edge.remains(k1)).toEqual(['edge1 has 3 connections to k1']);
    edge.haproxy.freeze();
    expect(await edge.remains(k1)).toEqual(['edge1 has 3 connections to k1']);
  });
});

describe('a registered router', () => {
  let router: Daemon;
  let sessions: readonly ClientSession[];

  it('writes the record as stolon-proxy does, and each time with a new infoUID and a new lease', async () => {
    scene = await stage.scene({ spec: { ...quick, proxyTimeout: '15s' } });
    router = await scene.router();
    const uid = await eventually('the record', async () => (await scene.cluster.proxies())[0]?.UID);
    const { generation } = (await scene.cluster.clusterData()).proxy;
    const exact = `{"infoUID":"[0-9a-f]{8}","UID":"${uid}","Generation":${generation},"ProxyTimeout":15000000000}`;
    expect(uid).toMatch(/^[0-9a-f]{8}$/);
    const first = await recordOf(uid);
    expect(first.value).toMatch(new RegExp(`^${exact}$`));
    expect(await grantedTtl(first.lease)).toBe(30);
    const second = await eventually('the next put', async () => {
      const record = await recordOf(uid);
      return record.modRevision === first.modRevision ? undefined : record;
    });
    expect(second.value).toMatch(new RegExp(`^${exact}$`));
    expect(second.value).not.toBe(first.value);
    expect(second.lease).not.toBe(first.lease);
    expect(await grantedTtl(second.lease)).toBe(30);
  });

  it('lets nobody in before it is enabled, and has acknowledged that', async () => {
    scene = await stage.scene();
    router = await scene.router();
    await router.until('the registration', (status) => registrationOf(status)?.acknowledgedGeneration === 1);
    expect(await edge.writer()).toBeUndefined();
    expect((await primaryOf(router))?.reason.text).toContain('has not enabled this proxy');
    await scene.cluster.enable(1);
    await router.ready();
    expect(await edge.writer()).toBe('k1');
    const steps = [
      /^proxy generation 1 .* seen: the master is k1/,
      /^proxy generation 1 acknowledged/,
      /^proxy generation 2 .* seen: enabled are [0-9a-f]{8}$/,
      /^proxy Stolon has enabled this proxy/,
      /^proxy generation 2 acknowledged/,
      /^opened be_rw: k1 /,
    ];
    expect(inOrder(await router.events(), steps)).toEqual(steps);
  });

  describe('that is enabled', () => {
    beforeEach(async () => {
      scene = await stage.scene();
      router = await scene.readyRouter();
      sessions = await edge.hold(20);
    });

    it('ends the sessions and acknowledges before another master is named, then opens that', async () => {
      await scene.cluster.failover();
      await allEnded(sessions);
      await scene.ready(router);
      const to = await scene.master();
      expect(await edge.writer()).toBe(to);
      const events = await router.events();
      const steps = [
        /^proxy generation 3 .* seen: the master is withdrawn/,
        /^fenced be_rw: k1 read back out, 20 sessions ended/,
        /^proxy generation 3 acknowledged/,
        /^proxy generation 4 .* seen: the master is k[23] /,
        /^proxy generation 4 acknowledged/,
        /^opened be_rw: k[23] /,
      ];
      expect(inOrder(events, steps)).toEqual(steps);
      const moved = events.find(({ kind }) => kind === 'switch');
      expect(moved).toMatchObject({ from: 'k1', to, phases: { enabledMs: expect.any(Number) } });
      const { acknowledgedMs, leaderNamedMs, openedMs } = moved?.phases ?? {};
      expect(acknowledgedMs).toBeLessThan(leaderNamedMs ?? 0);
      expect(leaderNamedMs).toBeLessThan(openedMs ?? 0);
    });

    it('goes through one failover after the other, while clients come all the time', async () => {
      const storm = edge.storm(8);
      for (let turn = 1; turn <= 5; turn += 1) {
        const held = await edge.hold(5);
        await scene.cluster.failover();
        await allEnded(held);
        await edge.serves(await scene.master());
      }
      await storm.stop();
      expect(scene.namings()).toHaveLength(6);
    });

    it('closes when Stolon takes it off the list, and opens when it is on it again', async () => {
      await scene.cluster.ctl.change(({ proxy }) => {
        proxy.spec.enabledProxies = [];
        proxy.generation = 3;
      });
      await allEnded(sessions);
      await router.until('it to be acknowledged', (status) => registrationOf(status)?.acknowledgedGeneration === 3);
      expect((await primaryOf(router))?.servers[0]?.reason.code).toBe('proxy_not_enabled');
      await scene.ready(router);
      expect(await edge.writer()).toBe('k1');
      const steps = [
        /^proxy generation 3 .* seen: enabled are none/,
        /^proxy Stolon has taken this proxy \([0-9a-f]+\) off its list/,
        /^fenced be_rw: k1 /,
        /^proxy generation 3 acknowledged/,
        /^proxy Stolon has enabled this proxy/,
        /^proxy generation 4 acknowledged/,
        /^opened be_rw: k1 /,
      ];
      expect(inOrder(await router.events(), steps)).toEqual(steps);
    });

    it('keeps its sessions when another proxy comes, and when that goes', async () => {
      const other = { UID: newUid(), Generation: 2, ProxyTimeout: 15e9 };
      const acknowledged = (generation: number) =>
        router.until(
          'it to be acknowledged',
          (status) => registrationOf(status)?.acknowledgedGeneration === generation,
        );
      await scene.cluster.store.putProxyInfo({ ...other, infoUID: newUid() });
      await scene.cluster.enable(2);
      await acknowledged(3);
      await scene.cluster.store.remove(`proxies/info/${other.UID}`);
      await scene.cluster.until('one to be enabled', ({ proxy }) => proxy.spec.enabledProxies?.length === 1);
      await acknowledged(4);
      expect(await allServed(sessions)).toBe(true);
      expect((await router.events()).filter(({ kind, text }) => kind === 'fenced' && text.includes('be_rw'))).toEqual(
        [],
      );
    });

    it('ends what a read service has on a withdrawn master, too: nobody stops that from taking writes', async () => {
      const readers = await openSessions(edge.readPort, 6);
      await scene.cluster.failover();
      const first = await scene.master();
      const onFirst = readers.filter(({ server }) => server === first);
      expect(onFirst).toHaveLength(3);
      expect(await allServed(onFirst)).toBe(true);
      await edge.serves(first);
      await scene.cluster.failover();
      await allEnded(onFirst);
      for (const reader of readers) reader.close();
    });

    it('closes the write service, then deletes its record, when it is stopped', async () => {
      const { key } = await recordOf(registrationOf(await router.status())?.uid ?? '');
      const client = new Etcd3({ hosts: [...stage.etcd.endpoints] });
      try {
        const watcher = await client.watch().key(key).create();
        const atDeletion = once(watcher, 'delete').then(() => edge.remains(stage.servers[0]));
        router.program().signal('SIGTERM');
        expect(await atDeletion).toEqual([]);
      } finally {
        client.close();
      }
      await allEnded(sessions);
      expect(await router.program().exited).toBe(0);
      expect(await edge.writer()).toBeUndefined();
      expect(await edge.haproxy.ask('pgrouted watchdog')).not.toContain(`armed ${WRITES}`);
      await scene.cluster.failover();
      expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([]);
      await router.start();
      await scene.ready(router);
      await edge.serves(await scene.master());
    });
  });
});

describe('a router of a cluster below another prefix', () => {
  it('registers, fences and opens there', async () => {
    scene = await stage.scene({ prefix: 'orion/cluster' });
    const router = await scene.readyRouter();
    const listed = await stage.etcd.etcdctl(
      'get',
      `orion/cluster/${scene.name}/proxies/info/`,
      '--prefix',
      '--keys-only',
    );
    expect(listed.trim()).toMatch(/^orion\/cluster\/orders\d+\/proxies\/info\/[0-9a-f]{8}$/);
    const sessions = await edge.hold(5);
    await scene.cluster.failover();
    await allEnded(sessions);
    await scene.ready(router);
    expect(await edge.writer()).toBe(await scene.master());
  });
});
