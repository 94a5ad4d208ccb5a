// Routers that are killed, stopped, frozen and started again, as proxies of Stolon: at no naming does their HAProxy still serve the master before.
// Where Stolon has to wait for a dead proxy its model runs by itself, with intervals of half a second where Stolon takes five.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Daemon } from '../lab/daemon.ts';
import { watchOverlap } from '../lab/overlap.ts';
import type { ClientSession } from '../lab/sessions.ts';
import { newUid } from '../lab/stolon/infos.ts';
import { quick, registrationOf, type Scene, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
import { type WitnessedHaproxy, WRITES } from '../lab/witnessed-haproxy.ts';

let stage: StolonStage;
let edge: WitnessedHaproxy;
let scene: Scene;
let router: Daemon;
let sessions: readonly ClientSession[];

beforeAll(async () => {
  stage = await stolonStage();
  edge = stage.edge;
});
afterAll(() => stage?.close());
afterEach(() => scene?.end());

const allEnded = (ended: readonly ClientSession[] = sessions) => Promise.all(ended.map((session) => session.ended));
const allServed = async () => (await Promise.all(sessions.map((session) => session.echo('still here')))).every(Boolean);

describe('a router that is killed', () => {
  beforeEach(async () => {
    scene = await stage.scene({ automatic: true, spec: quick });
    router = await scene.readyRouter();
    sessions = await edge.hold(20);
  });

  it('leaves sessions alone, and HAProxy closes by itself before Stolon names another master without it', async () => {
    await router.kill();
    expect(await allServed()).toBe(true);
    await scene.cluster.clear();
    await scene.cluster.name();
    expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([]);
    await allEnded();
    expect(await edge.writer()).toBeUndefined();
  });

  it('has its HAProxy closed without a failover, too, sessions in old workers included', async () => {
    await edge.haproxy.reload();
    await edge.serves('k1');
    const young = await edge.hold(20);
    await router.kill();
    await edge.haproxy.reload();
    await allEnded([...sessions, ...young]);
    expect(await edge.remains(stage.servers[0])).toEqual([]);
  });
});

describe('a router that stands still for longer than proxyTimeout, with a failover meanwhile', () => {
  it('never serves the old master again, acknowledges, is enabled again and opens the new one', async () => {
    scene = await stage.scene({ automatic: true, spec: quick });
    router = await scene.readyRouter();
    sessions = await edge.hold(20);
    const watch = watchOverlap(edge.haproxy.adminSocket, WRITES, 5);
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

  it('does the same when it wakes up while Stolon still waits for it', async () => {
    scene = await stage.scene({ automatic: true, spec: { ...quick, proxyTimeout: '3s' } });
    router = await scene.readyRouter();
    sessions = await edge.hold(20);
    const watch = watchOverlap(edge.haproxy.adminSocket, WRITES, 5);
    router.program().signal('SIGSTOP');
    await scene.cluster.clear();
    await allEnded();
    router.program().signal('SIGCONT');
    await scene.cluster.name();
    await scene.ready(router);
    await edge.serves(await scene.master());
    await watch.stop();
    expect(watch.history()).toEqual([['k1'], [], [await scene.master()]]);
  });
});

describe('a router that is stopped in the middle of a failover', () => {
  it('is waited for no longer: the next check after the last other proxy names the master', async () => {
    scene = await stage.scene();
    router = await scene.readyRouter();
    const stubborn = { UID: newUid(), ProxyTimeout: 15e9 };
    const tells = (Generation: number) =>
      scene.cluster.store.putProxyInfo({ ...stubborn, infoUID: newUid(), Generation });
    await tells(2);
    await scene.cluster.enable(2);
    sessions = await edge.hold(20);
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

describe('a router that ends and leaves HAProxy as it is', () => {
  it.each<[string, (running: Daemon) => Promise<void>]>([
    ['on_stop: leave', (running) => running.stop()],
    ['a kill', (running) => running.kill()],
  ])('by %s keeps its sessions when it is started again, under another uid, and is enabled', async (_, end) => {
    scene = await stage.scene();
    router = await scene.readyRouter({ on_stop: 'leave' });
    sessions = await edge.hold(20);
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

  it('is as safe as before in a failover right after its restart', async () => {
    // Longer than elsewhere: the next process has three sleepIntervals to be enabled in, and HAProxy waits proxyTimeout for it.
    scene = await stage.scene({ automatic: true, spec: { ...quick, sleepInterval: '1s', proxyTimeout: '3s' } });
    router = await scene.readyRouter({ on_stop: 'leave' });
    sessions = await edge.hold(20);
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

  it('is safe in a failover that comes while nobody runs', async () => {
    scene = await stage.scene({ automatic: true, spec: quick });
    router = await scene.readyRouter({ on_stop: 'leave' });
    sessions = await edge.hold(20);
    await router.kill();
    await scene.cluster.clear();
    await router.start();
    await scene.cluster.name();
    await allEnded();
    await scene.ready(router);
    await edge.serves(await scene.master());
  });
});
