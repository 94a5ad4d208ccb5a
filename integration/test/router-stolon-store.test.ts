// A router that etcd is cut off from, registered and passive, and what a passive one does and does not do. The network is a TCP proxy that swallows
// everything; the model of Stolon's sentinel goes on meanwhile. Tests run at the same time, since mostly they wait.
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { watchOverlap } from '../lab/overlap.ts';
import { type Begin, playsOn } from '../lab/stolon-play.ts';
import { quick, registrationOf, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
import { startTcpProxy } from '../lab/tcp-proxy.ts';
import { WRITES } from '../lab/witnessed-haproxy.ts';

let stage: StolonStage;
let begin: Begin;

beforeAll(async () => {
  stage = await stolonStage({ haproxies: 5 });
  begin = playsOn(stage);
});
afterAll(() => stage?.close());

/** A way to etcd that can be cut, and mended. */
const network = async ({ onTestFinished }: TestContext) => {
  const proxy = await startTcpProxy(stage.etcd.members[0]?.port ?? 0);
  onTestFinished(() => proxy.close());
  return {
    etcdEndpoints: [`http://127.0.0.1:${proxy.port}`],
    cut: () => proxy.blackHole(true),
    mend: () => {
      proxy.blackHole(false);
      proxy.cut();
    },
  };
};

describe.concurrent('a registered router without etcd', () => {
  it('serves on until its registration is proxyTimeout old, closes by itself, and comes back', async (test) => {
    const { etcdEndpoints, cut, mend } = await network(test);
    const spec = { ...quick, proxyTimeout: '4s' };
    const { scene, router, edge, allServed, allEnded } = await begin(test, { automatic: true, spec, etcdEndpoints });
    cut();
    const status = await router.until('etcd to be missed', ({ clusters }) => {
      const age = clusters[0]?.stolon?.registration?.aliveAgeMs ?? 0;
      return age > 1_500 && age < 3_500;
    });
    expect(status.clusters[0]?.services[0]?.routing).toBe(true);
    expect(await allServed()).toBe(true);
    await allEnded();
    const closed = await router.status();
    expect(registrationOf(closed)?.aliveAgeMs).toBeGreaterThan(4_000);
    const reason = closed.clusters[0]?.services[0]?.servers[0]?.reason.code;
    expect(['proxy_timeout', 'view_unconfirmed']).toContain(reason);
    mend();
    await scene.ready(router);
    await edge.serves('k1');
  });

  it('closes and ends in order when it is stopped then, and its record runs out', async (test) => {
    const { etcdEndpoints, cut } = await network(test);
    const { router, edge, allEnded } = await begin(test, { etcdEndpoints });
    cut();
    router.program().signal('SIGTERM');
    expect(await router.program().exited).toBe(0);
    await allEnded();
    expect(await edge.writer()).toBeUndefined();
    expect(router.program().log()).toContain('could not be deleted and runs out by itself');
  });

  it('has let go before Stolon goes on without it, and opens the new master when etcd is back', async (test) => {
    const { etcdEndpoints, cut, mend } = await network(test);
    const { scene, router, edge, allEnded } = await begin(test, { automatic: true, spec: quick, etcdEndpoints });
    const watch = watchOverlap(edge.haproxy.adminSocket, WRITES, 10);
    cut();
    await scene.cluster.clear();
    await scene.cluster.name();
    await allEnded();
    mend();
    await scene.ready(router);
    const master = await scene.master();
    await edge.serves(master);
    await watch.stop();
    expect(watch.history()).toEqual([['k1'], [], [master]]);
  });
});

describe.concurrent('a passive router', () => {
  it('writes nothing, closes when the master is withdrawn, and opens the one that is named', async (test) => {
    const { scene, router, edge, allEnded } = await begin(test, { register: false });
    expect(registrationOf(await router.status())).toBeNull();
    await scene.cluster.clear();
    await allEnded();
    expect(await edge.writer()).toBeUndefined();
    await scene.cluster.name();
    await scene.cluster.settle();
    await edge.serves(await scene.master());
    const keys = await stage.etcd.etcdctl('get', `${scene.cluster.store.prefix}proxies/`, '--prefix', '--keys-only');
    expect(keys.trim()).toBe('');
  });

  it('has closed within one sleepInterval of losing etcd: earlier no sentinel names another master', async (test) => {
    const { etcdEndpoints, cut, mend } = await network(test);
    const { scene, edge, allEnded } = await begin(test, { etcdEndpoints, register: false });
    cut();
    await scene.cluster.clear();
    // What the sentinel does between two checks.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await scene.cluster.name();
    await allEnded();
    mend();
    await scene.cluster.settle();
    await edge.serves(await scene.master());
  });
});
