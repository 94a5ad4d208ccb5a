// Scenes that are on at the same time, each with a HAProxy of its own, for tests that mostly wait: a router lets clients in, and twenty are in.
import type { TestContext } from 'vitest';
import type { Daemon } from './daemon.ts';
import type { ClientSession } from './sessions.ts';
import type { RouterOptions, Scene, SceneOptions, StolonStage } from './stolon-stage.ts';
import type { WitnessedHaproxy } from './witnessed-haproxy.ts';

export interface Play {
  readonly scene: Scene;
  readonly edge: WitnessedHaproxy;
  readonly router: Daemon;
  readonly sessions: readonly ClientSession[];
  /** Waits until every session has ended. */
  readonly allEnded: () => Promise<void>;
  /** Each of the sessions still gets an answer. */
  readonly allServed: () => Promise<boolean>;
}

export type PlayOptions = Omit<SceneOptions, 'haproxies'> & Omit<RouterOptions, 'haproxies'>;

/** Begins a play; it ends with its test, and fails that if a HAProxy of it still served a former master at a naming. */
export type Begin = (test: Pick<TestContext, 'onTestFinished'>, options?: PlayOptions) => Promise<Play>;

/** As many plays at once as the stage has HAProxies. */
export function playsOn(stage: StolonStage): Begin {
  const free = [...stage.haproxies];
  return async ({ onTestFinished }, { automatic, spec, prefix, name, ...keys } = {}) => {
    const edge = free.pop();
    if (edge === undefined) throw new Error('there are more tests at once than HAProxies');
    const ends: (() => Promise<void>)[] = [];
    onTestFinished(async () => {
      try {
        for (const end of ends) await end();
      } finally {
        free.push(edge);
      }
    });
    const scene = await stage.scene({
      haproxies: [edge],
      ...(automatic === undefined ? {} : { automatic }),
      ...(spec === undefined ? {} : { spec }),
      ...(prefix === undefined ? {} : { prefix }),
      ...(name === undefined ? {} : { name }),
    });
    ends.push(scene.end);
    const router = await scene.readyRouter({ ...keys, haproxies: [edge] });
    const sessions = await edge.hold(20);
    return {
      scene,
      edge,
      router,
      sessions,
      allEnded: async () => {
        await Promise.all(sessions.map(({ ended }) => ended));
      },
      allServed: async () => (await Promise.all(sessions.map((session) => session.echo('here')))).every(Boolean),
    };
  };
}
