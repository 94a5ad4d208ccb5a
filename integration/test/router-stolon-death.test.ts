// Routers that are killed, stopped, frozen and started again, as proxies of Stolon: at no naming does their HAProxy still serve the master before.
// Stolon's model runs by itself here, with intervals of half a second where Stolon takes five; tests run at the same time, since mostly they wait.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Daemon } from '../lab/daemon.ts';
import { watchOverlap } from '../lab/overlap.ts';
import { newUid } from '../lab/stolon/infos.ts';
import { type Begin, playsOn } from '../lab/stolon-play.ts';
import { quick, registrationOf, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
import { type WitnessedHaproxy, WRITES } from '../lab/witnessed-haproxy.ts';

let stage: StolonStage;
let begin: Begin;

beforeAll(async () => {
  stage = await stolonStage({ haproxies: 5 });
  begin = playsOn(stage);
});
afterAll(() => stage?.close());

const watched = (edge: WitnessedHaproxy) => watchOverlap(edge.haproxy.adminSocket, WRITES, 10);

describe.concurrent('a router that is killed', () => {
  it('leaves sessions alone, and HAProxy closes by itself before Stolon names another master', async (test) => {
    const { scene, router, edge, allServed, allEnded } = await begin(test, { automatic: true, spec: quick });
    await router.kill();
    expect(await allServed()).toBe(true);
    await scene.cluster.clear();
    await scene.cluster.name();
    expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([]);
    await allEnded();
    expect(await edge.writer()).toBeUndefined();
  });

  it('has its HAProxy closed without a failover, too, sessions in old workers included', async (test) => {
    const { router, edge, allEnded } = await begin(test, { automatic: true, spec: quick });
    await edge.haproxy.reload();
    await edge.serves('k1');
    const young = await edge.hold(20);
    await router.kill();
    await edge.haproxy.reload();
    await allEnded();
    await Promise.all(young.map(({ ended }) => ended));
    expect(await edge.remains(stage.servers[0])).toEqual([]);
  });
});

describe.concurrent('a router that stands still for longer than proxyTimeout, with a failover meanwhile', () => {
  it('never serves the old master again, acknowledges, is enabled again and opens the new one', async (test) => {
    const { scene, router, edge, allEnded } = await begin(test, { automatic: true, spec: quick });
    const watch = watched(edge);
    router.program().signal('SIGSTOP');
    await scene.cluster.clear();
    await scene.cluster.name();
    await allEnded();
    router.program().signal('SIGCONT');
    await scene.ready(router);
    const master = await scene.master();
    await edge.serves(master);
    await watch.stop();
    expect(watch.history()).toEqual([['k1'], [], [master]]);
  });

  it('does the same when it wakes up while Stolon still waits for it', async (test) => {
    const spec = { ...quick, proxyTimeout: '3s' };
    const { scene, router, edge, allEnded } = await begin(test, { automatic: true, spec });
    const watch = watched(edge);
    router.program().signal('SIGSTOP');
    await scene.cluster.clear();
    await allEnded();
    router.program().signal('SIGCONT');
    await scene.cluster.name();
    await scene.ready(router);
    const master = await scene.master();
    await edge.serves(master);
    await watch.stop();
    expect(watch.history()).toEqual([['k1'], [], [master]]);
  });
});

describe.concurrent('a router that is stopped in the middle of a failover', () => {
  it('is waited for no longer: the next check after the last other proxy names the master', async (test) => {
    const { scene, router, edge, allEnded } = await begin(test);
    const stubborn = { UID: newUid(), ProxyTimeout: 15e9 };
    const tells = (Generation: number) =>
      scene.cluster.store.putProxyInfo({ ...stubborn, infoUID: newUid(), Generation });
    await tells(2);
    await scene.cluster.enable(2);
    const { generation } = await scene.cluster.clear();
    await allEnded();
    await router.stop();
    expect((await scene.cluster.proxies()).map(({ UID }) => UID)).toEqual([stubborn.UID]);
    expect((await scene.cluster.check())[0]).toMatchObject({ kind: 'waiting_for', proxies: [stubborn.UID] });
    await tells(generation);
    expect((await scene.cluster.check())[0]).toMatchObject({ kind: 'named', acknowledgedBy: [stubborn.UID] });
    expect(await edge.writer()).toBeUndefined();
  });
});

describe.concurrent('a router that ends and leaves HAProxy as it is', () => {
  it.for<[string, (running: Daemon) => Promise<void>]>([
    ['on_stop: leave', (running) => running.stop()],
    ['a kill', (running) => running.kill()],
  ])('by %s keeps its sessions when it is started again, under another uid, and is enabled', async ([, end], test) => {
    const { scene, router, edge, allServed } = await begin(test, { on_stop: 'leave' });
    const before = await scene.uidOf(router);
    await end(router);
    expect(await edge.writer()).toBe('k1');
    await router.start();
    const uid = await scene.uidOf(router);
    expect(uid).not.toBe(before);
    await scene.cluster.enable([uid]);
    await router.until('it to be enabled', (status) => registrationOf(status)?.enabled === true);
    await scene.ready(router);
    expect(await allServed()).toBe(true);
    await edge.serves('k1');
    const fenced = (await router.events()).filter(({ kind, text }) => kind === 'fenced' && text.startsWith(WRITES));
    expect(fenced).toEqual([]);
  });

  it('is as safe as before in a failover right after its restart', async (test) => {
    // Longer than elsewhere: the next process has three sleepIntervals to be enabled in, and HAProxy waits proxyTimeout for it.
    const spec = { ...quick, sleepInterval: '1s', proxyTimeout: '6s' };
    const { scene, router, edge, allServed, allEnded } = await begin(test, { automatic: true, spec, on_stop: 'leave' });
    await router.stop();
    await router.start();
    await scene.cluster.enable([await scene.uidOf(router)]);
    expect(await allServed()).toBe(true);
    await scene.cluster.clear();
    await scene.cluster.name();
    await allEnded();
    expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([await scene.uidOf(router)]);
    await scene.ready(router);
    await edge.serves(await scene.master());
  });

  it('is safe in a failover that comes while nobody runs', async (test) => {
    const { scene, router, edge, allEnded } = await begin(test, { automatic: true, spec: quick, on_stop: 'leave' });
    await router.kill();
    await scene.cluster.clear();
    await router.start();
    await scene.cluster.name();
    await allEnded();
    await scene.ready(router);
    await edge.serves(await scene.master());
  });
});
