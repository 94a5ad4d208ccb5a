// What operators do to a Stolon cluster with stolonctl, as it reaches a registered router and its HAProxy. (failkeeper is what every other test of
// this kind begins with.)
import type { ReasonDocument } from '@pgrouted/core/status/schema';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Daemon } from '../lab/daemon.ts';
import { type ClientSession, openSessions, servedBy } from '../lab/sessions.ts';
import type { ClusterData, ClusterSpec } from '../lab/stolon/cluster-data.ts';
import { registrationOf, type Scene, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';
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

const allEnded = () => Promise.all(sessions.map((session) => session.ended));
const allServed = async () => (await Promise.all(sessions.map((session) => session.echo('here')))).every(Boolean);
/** Why the write service as a whole is as it is, when it is that. */
const writesAre = async (code: string): Promise<ReasonDocument | undefined> => {
  const status = await router.until(
    `writes to be ${code}`,
    ({ clusters }) => clusters[0]?.services[0]?.reason.code === code,
  );
  return status.clusters[0]?.services[0]?.reason;
};
const acknowledges = (generation: number) =>
  router.until(
    `generation ${generation} to be acknowledged`,
    (status) =>
      status.clusters[0]?.stolon?.generation === generation &&
      registrationOf(status)?.acknowledgedGeneration === generation,
  );

describe('a registered router, when an operator', () => {
  beforeEach(async () => {
    scene = await stage.scene();
    router = await scene.readyRouter();
    sessions = await edge.hold(10);
  });

  it('removes the keeper of a standby, takes it out of the reads alone, and back in when it is built again', async () => {
    const readers = async () => {
      const opened = await openSessions(edge.readPort, 6);
      for (const session of opened) session.close();
      return [...servedBy(opened).keys()].sort();
    };
    await scene.cluster.ctl.removeKeeper('k2');
    await router.until(
      'k2 to be gone',
      ({ clusters }) => clusters[0]?.members.some(({ name, present }) => name === 'k2' && present) === false,
    );
    await scene.cluster.settle();
    expect(await allServed()).toBe(true);
    await edge.serves('k1');
    await router.until(
      'k2 to take reads again',
      ({ clusters }) =>
        clusters[0]?.services[1]?.servers.some(({ member, state }) => member === 'k2' && state === 'ready') === true,
    );
    expect(await readers()).toEqual(['k2', 'k3']);
  });

  it('makes the cluster anew under the same name: closes, acknowledges generation 0, follows the new one', async () => {
    await scene.cluster.ctl.init();
    await allEnded();
    await acknowledges(0);
    expect(await edge.writer()).toBeUndefined();
    await scene.ready(router);
    await edge.serves(await scene.master());
    sessions = await edge.hold(10);
    await scene.cluster.failover();
    await allEnded();
  });

  it('sets the generation back: acknowledges that one, and serves on', async () => {
    await scene.cluster.failover();
    await scene.ready(router);
    await scene.cluster.ctl.change(({ proxy }) => {
      proxy.generation = 1;
    });
    await acknowledges(1);
    const master = await scene.master();
    await edge.serves(master);
    sessions = await edge.hold(10);
    const { cleared } = await scene.cluster.failover();
    expect(cleared.generation).toBe(2);
    await allEnded();
    await edge.serves(await scene.master());
  });

  it.each<[what: string, edit: (data: ClusterData) => void, repair: (data: ClusterData) => void, facts: object]>([
    [
      'format_version',
      (data) => {
        data.formatVersion = 2;
      },
      (data) => {
        data.formatVersion = 1;
      },
      { version: '2' },
    ],
    [
      'spec_invalid',
      ({ cluster }) => {
        cluster.spec.proxyCheckInterval = '20s';
      },
      ({ cluster }) => {
        delete cluster.spec.proxyCheckInterval;
      },
      { field: 'proxyCheckInterval' },
    ],
  ])(
    'writes what no Stolon understands (%s), closes and says why, and opens when it is mended',
    async (code, edit, repair, facts) => {
      await scene.cluster.ctl.change(edit);
      await allEnded();
      expect((await writesAre(code))?.facts).toMatchObject(facts);
      const alarms = (await router.status()).clusters[0]?.alarms.map((alarm) => alarm.code);
      expect(alarms).toContain(code);
      await scene.cluster.ctl.change(repair);
      await edge.serves('k1');
    },
  );

  it('deletes clusterdata, closes and says that it is not there', async () => {
    const before = await scene.cluster.clusterData();
    await scene.cluster.store.remove('clusterdata');
    await allEnded();
    await writesAre('clusterdata_absent');
    await scene.cluster.store.putClusterData(before);
    await edge.serves('k1');
  });

  it('changes PostgreSQL parameters, so that no keeper has converged: leaves sessions alone', async () => {
    await scene.cluster.ctl.update({ pgParameters: { work_mem: '8MB' } });
    await scene.cluster.settle();
    expect(await allServed()).toBe(true);
    const touched = (await router.events()).filter(({ kind, text }) => kind === 'fenced' && text.startsWith(WRITES));
    expect(touched).toEqual([]);
  });
});

describe('a router of a standby cluster', () => {
  it('lets nobody write, and opens without a new generation when the cluster is promoted', async () => {
    const standby: ClusterSpec & { readonly existingConfig: object } = {
      role: 'standby',
      initMode: 'existing',
      existingConfig: { keeperUID: 'k1' },
      standbyConfig: { standbySettings: { primaryConninfo: 'host=192.0.2.1 port=5432' } },
    };
    scene = await stage.scene({ spec: standby });
    router = await scene.router();
    await scene.cluster.enable(1);
    const { generation = 0 } = (await scene.cluster.clusterData()).proxy;
    await acknowledges(generation);
    await writesAre('standby_cluster');
    expect(await edge.writer()).toBeUndefined();
    await scene.cluster.ctl.promote();
    await scene.ready(router);
    await edge.serves('k1');
    expect((await router.status()).clusters[0]?.stolon?.generation).toBe(generation);
  });
});
