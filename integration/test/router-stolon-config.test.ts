// A registered router whose configuration is read again (SIGHUP): what stays as it is, at whatever moment it comes, and what has to let go first.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Daemon } from '../lab/daemon.ts';
import { eventually } from '../lab/process.ts';
import type { ClientSession } from '../lab/sessions.ts';
import { registrationOf, type Scene, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
import { type WitnessedHaproxy, WRITES } from '../lab/witnessed-haproxy.ts';

let stage: StolonStage;
let edge: WitnessedHaproxy;
let other: WitnessedHaproxy;
let scene: Scene;
let router: Daemon;
let sessions: readonly ClientSession[];

beforeAll(async () => {
  stage = await stolonStage({ haproxies: 2 });
  [edge, other] = [stage.edge, stage.haproxies[1] ?? stage.edge];
});
afterAll(() => stage?.close());
afterEach(() => scene?.end());

const allEnded = () => Promise.all(sessions.map(({ ended }) => ended));
const allServed = async () => (await Promise.all(sessions.map((session) => session.echo('here')))).every(Boolean);
/** Something that changes nothing for the cluster; the same configuration would not be taken at all. */
const anotherLevel = { more: { log: { level: 'debug' } } };
const readAgain = (change: Parameters<Daemon['configure']>[0]) => {
  router.configure(change);
  router.program().signal('SIGHUP');
};
const taken = () =>
  eventually('it to be taken', async () => (await router.events()).some(({ kind }) => kind === 'config') || undefined);

describe('a new configuration that changes nothing for the cluster', () => {
  beforeEach(async () => {
    scene = await stage.scene();
    router = await scene.readyRouter();
    sessions = await edge.hold(20);
    // So that what is in etcd is newer than what was acknowledged.
    await scene.cluster.check();
  });

  it('keeps uid, record and sessions', async () => {
    const uid = await scene.uidOf(router);
    const created = async () => {
      const key = `${scene.cluster.store.prefix}proxies/info/${uid}`;
      return /"create_revision":(\d+)/.exec(await stage.etcd.etcdctl('get', key, '-w', 'json'))?.[1];
    };
    const before = await created();
    readAgain(anotherLevel);
    await taken();
    await router.ready();
    expect(await allServed()).toBe(true);
    expect(await scene.uidOf(router)).toBe(uid);
    expect([await created(), (await scene.cluster.proxies()).length]).toEqual([before, 1]);
    await scene.cluster.failover();
    await allEnded();
    await edge.serves(await scene.master());
  });

  it.each([0, 5, 20, 50])('is as safe when the master is withdrawn %i ms later', async (ms) => {
    readAgain(anotherLevel);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await scene.cluster.failover();
    await allEnded();
    await edge.serves(await scene.master());
  });

  it('is as safe while a HAProxy that hangs holds a failover up', async () => {
    edge.haproxy.freeze();
    await scene.cluster.clear();
    readAgain(anotherLevel);
    await taken();
    await router.until('the hindrance', (status) => registrationOf(status)?.hindrance?.includes('edge1') === true);
    expect((await scene.cluster.check()).map(({ kind }) => kind)).toContain('waiting_for');
    edge.haproxy.thaw();
    await scene.cluster.name();
    await allEnded();
    await scene.cluster.settle();
    await edge.serves(await scene.master());
  });
});

describe('a new configuration that takes something away', () => {
  it('lets go of everything, then registers anew, when a HAProxy is gone: no acknowledgement would tell of that one', async () => {
    scene = await stage.scene();
    router = await scene.readyRouter({ haproxies: [edge, other], on_stop: 'leave' });
    await other.serves('k1');
    await edge.serves('k1');
    sessions = [...(await edge.hold(10)), ...(await other.hold(10))];
    const before = await scene.uidOf(router);
    const { adminSocket: socket, masterSocket } = edge.haproxy;
    readAgain({ haproxy: [{ socket, master_socket: masterSocket, name: 'edge1' }] });
    await allEnded();
    await taken();
    expect(await scene.uidOf(router)).not.toBe(before);
    await scene.ready(router);
    await edge.serves('k1');
    expect(await other.writer()).toBeUndefined();
    expect(await other.haproxy.ask('pgrouted watchdog')).not.toContain(`armed ${WRITES}`);
    sessions = await edge.hold(10);
    await scene.cluster.failover();
    await allEnded();
  });

  it('leaves in order when the registration is gone, and goes on as a passive reader', async () => {
    scene = await stage.scene();
    router = await scene.readyRouter();
    sessions = await edge.hold(20);
    readAgain({ clusters: [scene.configuration({ register: false })] });
    await allEnded();
    await router.until('it to be passive', (status) => status.ready && registrationOf(status) === null);
    expect(await scene.cluster.proxies()).toEqual([]);
    await edge.serves('k1');
    expect(await edge.haproxy.ask('pgrouted watchdog')).not.toContain(`armed ${WRITES}`);
  });
});
