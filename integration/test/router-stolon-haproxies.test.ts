// A registered router and its HAProxies: an acknowledgement needs every one that runs, reload or not; one that hangs holds the failover up, and one that
// does not run holds nothing up.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Daemon } from '../lab/daemon.ts';
import { haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { freePort } from '../lab/process.ts';
import type { ClientSession } from '../lab/sessions.ts';
import { type Scene, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
import { startWitnessedHaproxy, type WitnessedHaproxy } from '../lab/witnessed-haproxy.ts';

let stage: StolonStage;
let edge: WitnessedHaproxy;
let other: WitnessedHaproxy;
let scene: Scene;

beforeAll(async () => {
  stage = await stolonStage({ haproxies: 2 });
  [edge, other] = [stage.edge, stage.haproxies[1] ?? stage.edge];
});
afterAll(() => stage?.close());
afterEach(() => scene?.end());

const allEnded = (sessions: readonly ClientSession[]) => Promise.all(sessions.map(({ ended }) => ended));
/** Whom the sentinel waits for in its next check. */
const waitedFor = async (): Promise<readonly string[]> => {
  const decisions = await scene.cluster.check();
  return decisions.flatMap((decision) => (decision.kind === 'waiting_for' ? decision.proxies : []));
};
const acknowledged = (router: Daemon) =>
  router.until('it to be acknowledged', (status) => {
    const stolon = status.clusters[0]?.stolon;
    return stolon?.registration?.acknowledgedGeneration === stolon?.generation;
  });

describe('two routers, each with a HAProxy of its own', () => {
  it('are both waited for, and both open the new master', async () => {
    scene = await stage.scene();
    const [first, second] = [await scene.router(), await scene.router({ haproxies: [other] })];
    await scene.ready(first);
    await scene.ready(second);
    const uids = [await scene.uidOf(first), await scene.uidOf(second)];
    const sessions = [...(await edge.hold(10)), ...(await other.hold(10))];
    other.haproxy.freeze();
    await scene.cluster.clear();
    await acknowledged(first);
    expect(await waitedFor()).toEqual([uids[1]]);
    other.haproxy.thaw();
    await scene.cluster.name();
    await scene.cluster.settle();
    await allEnded(sessions);
    expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([...uids].sort());
    await scene.ready(first);
    await scene.ready(second);
    const master = await scene.master();
    expect([await edge.writer(), await other.writer()]).toEqual([master, master]);
  });
});

describe('a router with two HAProxies', () => {
  let router: Daemon;
  let sessions: readonly ClientSession[];

  beforeEach(async () => {
    scene = await stage.scene();
    router = await scene.router({ haproxies: [edge, other] });
    await scene.cluster.eventually(
      'both to let clients in',
      async () => (await Promise.all([edge.writer(), other.writer()])).every((writer) => writer === 'k1') || undefined,
    );
    sessions = [...(await edge.hold(10)), ...(await other.hold(10))];
  });

  const opensEverywhere = async () => {
    const master = await scene.master();
    await scene.cluster.eventually(
      'both to let clients in',
      async () =>
        (await Promise.all([edge.writer(), other.writer()])).every((writer) => writer === master) || undefined,
    );
  };

  it('acknowledges only when both have let go', async () => {
    other.haproxy.freeze();
    await scene.cluster.clear();
    await allEnded(sessions.slice(0, 10));
    expect(await waitedFor()).toEqual([await scene.uidOf(router)]);
    other.haproxy.thaw();
    await scene.cluster.name();
    await allEnded(sessions);
    await scene.cluster.settle();
    await opensEverywhere();
  });

  it('is not held up by one that does not run, and tells that one the truth when it is back', async () => {
    await other.haproxy.stop();
    await scene.cluster.failover();
    await allEnded(sessions);
    await other.haproxy.restart();
    await opensEverywhere();
  });

  it('is not held up by one that is killed while it is waited for', async () => {
    other.haproxy.freeze();
    await scene.cluster.clear();
    await allEnded(sessions.slice(0, 10));
    expect(await waitedFor()).toEqual([await scene.uidOf(router)]);
    await other.kill();
    await scene.cluster.name();
    await allEnded(sessions);
    expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([await scene.uidOf(router)]);
  });
});

describe('a router with a HAProxy that has other backends only', () => {
  it('is not held up by that one', async () => {
    scene = await stage.scene();
    const folder = join(stage.folder, 'stock');
    mkdirSync(folder, { recursive: true });
    const [writePort, readPort] = [await freePort(), await freePort()];
    const { servers } = stage;
    const names = { writeBackend: 'stock_rw', readBackend: 'stock_ro' };
    const haproxy = await startHaproxy({ folder, config: haproxyConfig({ writePort, readPort, servers, ...names }) });
    try {
      const router = await scene.readyRouter({ haproxies: [edge, { name: 'stock', haproxy }] });
      const sessions = await edge.hold(10);
      await scene.cluster.failover();
      await allEnded(sessions);
      expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([await scene.uidOf(router)]);
      await edge.serves(await scene.master());
    } finally {
      await haproxy.stop();
    }
  });
});

describe('a router whose HAProxy has no watchdog', () => {
  it('registers all the same, with an alarm', async () => {
    scene = await stage.scene();
    const bare = await startWitnessedHaproxy({
      folder: stage.folder,
      name: 'bare',
      servers: stage.servers,
      watchdog: false,
    });
    try {
      const router = await scene.readyRouter({ haproxies: [bare] });
      await router.until('the alarm', ({ targets }) => targets[0]?.watchdog === 'absent');
      const { targets } = await router.status();
      expect(targets[0]?.problems.map(({ code }) => code)).toContain('watchdog_absent');
      const sessions = await bare.hold(10);
      await scene.cluster.failover();
      await allEnded(sessions);
      await bare.serves(await scene.master());
    } finally {
      await bare.haproxy.stop();
    }
  });
});

describe('a router whose HAProxy is reloaded', () => {
  it('acknowledges only when the sessions of the old worker are gone, too', async () => {
    scene = await stage.scene();
    const router = await scene.readyRouter();
    const old = await edge.hold(30);
    await edge.haproxy.reload();
    await edge.serves('k1');
    const young = await edge.hold(30);
    const storm = edge.storm(4);
    await scene.cluster.failover();
    await allEnded([...old, ...young]);
    await storm.stop();
    await scene.ready(router);
    expect(await edge.writer()).toBe(await scene.master());
  });

  it.each([10, 40, 80, 200])('%i ms before the master is withdrawn, is no faster than its old sessions', async (ms) => {
    scene = await stage.scene();
    const router = await scene.readyRouter();
    const sessions = await edge.hold(30);
    edge.haproxy.program.signal('SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, ms));
    await scene.cluster.failover();
    await allEnded(sessions);
    await scene.ready(router);
    expect(await edge.writer()).toBe(await scene.master());
  });
});
