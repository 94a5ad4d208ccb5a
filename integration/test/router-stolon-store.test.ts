// A router that etcd is cut off from, registered and passive, and what a passive one does and does not do. The network is a TCP proxy that swallows
// everything; the model of Stolon's sentinel goes on meanwhile.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Daemon } from '../lab/daemon.ts';
import { watchOverlap } from '../lab/overlap.ts';
import type { ClientSession } from '../lab/sessions.ts';
import type { ClusterSpec } from '../lab/stolon/cluster-data.ts';
import { quick, registrationOf, type Scene, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
import { startTcpProxy, type TcpProxy } from '../lab/tcp-proxy.ts';
import { type WitnessedHaproxy, WRITES } from '../lab/witnessed-haproxy.ts';

let stage: StolonStage;
let edge: WitnessedHaproxy;
let network: TcpProxy;
let scene: Scene;
let router: Daemon;
let sessions: readonly ClientSession[];

beforeAll(async () => {
  stage = await stolonStage();
  edge = stage.edge;
  network = await startTcpProxy(stage.etcd.members[0]?.port ?? 0);
});
afterAll(async () => {
  await network?.close();
  await stage?.close();
});
afterEach(async () => {
  heal();
  await scene?.end();
});

const heal = () => {
  network.blackHole(false);
  network.cut();
};
const throughNetwork = () => ({ etcdEndpoints: [`http://127.0.0.1:${network.port}`] });
const allEnded = () => Promise.all(sessions.map((session) => session.ended));
const allServed = async () => (await Promise.all(sessions.map((session) => session.echo('here')))).every(Boolean);
const reasonOf = async () => (await router.status()).clusters[0]?.services[0]?.servers[0]?.reason.code;

describe('a registered router without etcd', () => {
  const begin = async (spec: ClusterSpec) => {
    scene = await stage.scene({ automatic: true, spec });
    router = await scene.readyRouter(throughNetwork());
    sessions = await edge.hold(20);
  };

  it('serves on until its registration is proxyTimeout old, closes by itself, and comes back', async () => {
    await begin({ ...quick, proxyTimeout: '3s' });
    network.blackHole(true);
    const status = await router.until('etcd to be missed', ({ clusters }) => {
      const age = clusters[0]?.stolon?.registration?.aliveAgeMs ?? 0;
      return age > 1_500 && age < 2_500;
    });
    expect(status.clusters[0]?.services[0]?.routing).toBe(true);
    expect(await allServed()).toBe(true);
    await allEnded();
    expect(registrationOf(await router.status())?.aliveAgeMs).toBeGreaterThan(3_000);
    expect(['proxy_timeout', 'view_unconfirmed']).toContain(await reasonOf());
    heal();
    await scene.ready(router);
    await edge.serves('k1');
  });

  it('closes and ends in order when it is stopped then, and its record runs out', async () => {
    await begin(quick);
    network.blackHole(true);
    router.program().signal('SIGTERM');
    expect(await router.program().exited).toBe(0);
    await allEnded();
    expect(await edge.writer()).toBeUndefined();
    expect(router.program().log()).toContain('could not be deleted and runs out by itself');
  });

  it('has let go before Stolon goes on without it, and opens the new master when etcd is back', async () => {
    await begin(quick);
    const watch = watchOverlap(edge.haproxy.adminSocket, WRITES, 5);
    network.blackHole(true);
    await scene.cluster.clear();
    await scene.cluster.name();
    await allEnded();
    heal();
    await scene.ready(router);
    const master = await scene.master();
    await edge.serves(master);
    await watch.stop();
    expect(watch.history()).toEqual([['k1'], [], [master]]);
  });
});

describe('a passive router', () => {
  it('writes nothing, closes when the master is withdrawn, and opens the one that is named', async () => {
    scene = await stage.scene();
    router = await scene.readyRouter({ register: false });
    sessions = await edge.hold(20);
    expect(registrationOf(await router.status())).toBeNull();
    await scene.cluster.clear();
    await allEnded();
    expect(await edge.writer()).toBeUndefined();
    await scene.cluster.name();
    await scene.cluster.settle();
    await edge.serves(await scene.master());
    expect(await scene.cluster.proxies()).toEqual([]);
    const keys = await stage.etcd.etcdctl('get', `${scene.cluster.store.prefix}proxies/`, '--prefix', '--keys-only');
    expect(keys.trim()).toBe('');
  });

  it('has closed within one sleepInterval of losing etcd: earlier no sentinel names another master', async () => {
    scene = await stage.scene({ spec: { ...quick, sleepInterval: '2s' } });
    router = await scene.readyRouter({ ...throughNetwork(), register: false });
    sessions = await edge.hold(20);
    network.blackHole(true);
    await scene.cluster.clear();
    // What the sentinel does between two checks.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await scene.cluster.name();
    await allEnded();
    heal();
    await scene.cluster.settle();
    await edge.serves(await scene.master());
  });
});
