// A registered router whose HAProxy hangs: it takes connections, gives no answer, and nobody knows what it still serves. So nothing is acknowledged for it,
// and Stolon names nobody. Tests run at the same time, since mostly they wait.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inOrder } from '../lab/in-order.ts';
import { type Begin, playsOn } from '../lab/stolon-play.ts';
import { quick, registrationOf, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';

let stage: StolonStage;
let begin: Begin;

beforeAll(async () => {
  stage = await stolonStage({ haproxies: 3 });
  begin = playsOn(stage);
});
afterAll(() => stage?.close());

describe.concurrent('a router whose HAProxy hangs', () => {
  it('acknowledges nothing, however long it takes, says so, and goes on when it is back', async (test) => {
    const { scene, router, edge, allEnded } = await begin(test, { automatic: true, spec: quick });
    const uid = await scene.uidOf(router);
    edge.haproxy.freeze();
    const { at } = await scene.cluster.clear();
    const status = await router.until(
      'the alarm',
      ({ clusters }) => clusters[0]?.alarms.some(({ code }) => code === 'acknowledgement_blocked') === true,
    );
    expect(registrationOf(status)?.hindrance).toContain(edge.name);
    // Longer than any proxy that is dead would be waited for.
    const waits = await scene.cluster.eventually('the sentinel to wait long', async () => {
      const later = scene.cluster.history().filter((event) => event.at > at);
      return later.some((event) => event.at - at > 4_500) ? later : undefined;
    });
    expect(waits.map(({ kind }) => kind)).not.toContain('named');
    expect(waits.filter(({ kind }) => kind === 'waiting_for').length).toBeGreaterThan(2);
    edge.haproxy.thaw();
    await scene.cluster.name();
    await allEnded();
    expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([uid]);
    await scene.ready(router);
    await edge.serves(await scene.master());
    const steps = [
      /seen: the master is withdrawn/,
      /^alarm .*can not be acknowledged/,
      /^fenced be_rw: k1 /,
      /^proxy generation \d+ acknowledged/,
      /^proxy generation \d+ of the proxies seen: the master is k/,
      /^opened be_rw: k/,
    ];
    const events = await router.events();
    expect(inOrder(events, steps)).toEqual(steps);
    const over = events.filter(
      ({ kind, reason }) => kind === 'alarm_over' && reason?.code === 'acknowledgement_blocked',
    );
    expect(over).toHaveLength(1);
  });

  it('goes on when that HAProxy is killed instead: no process has sessions', async (test) => {
    const { scene, router, edge, allEnded } = await begin(test, { automatic: true, spec: quick });
    const uid = await scene.uidOf(router);
    edge.haproxy.freeze();
    const { at } = await scene.cluster.clear();
    await scene.cluster.eventually(
      'the sentinel to wait',
      async () =>
        scene.cluster.history().some((event) => event.kind === 'waiting_for' && event.at - at > 1_000) || undefined,
    );
    await edge.kill();
    await scene.cluster.name();
    await allEnded();
    expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([uid]);
    await edge.haproxy.restart();
    await edge.serves(await scene.master());
  });

  it('leaves its record when it is stopped then, so that Stolon waits for as long as for a dead proxy', async (test) => {
    const { scene, router, edge } = await begin(test);
    const uid = await scene.uidOf(router);
    edge.haproxy.freeze();
    router.program().signal('SIGTERM');
    expect(await router.program().exited).toBe(0);
    expect((await scene.cluster.proxies()).map(({ UID }) => UID)).toEqual([uid]);
    expect(router.program().log()).toContain('left to run out');
    await scene.cluster.clear();
    expect((await scene.cluster.check())[0]).toMatchObject({ kind: 'waiting_for', proxies: [uid] });
  });
});
