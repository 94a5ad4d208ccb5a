// Real Patroni switchovers and deaths of the primary node, seen by clients that write all the time, with all methods side by side on each.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startEtcd } from '../lab/etcd.ts';
import { type PatroniCluster, startPatroniCluster } from '../lab/patroni.ts';
import { orderSwitchover } from '../lab/patroni-rest.ts';
import { eventually } from '../lab/process.ts';
import { type AuthorityWatch, watchAuthority } from './authority.ts';
import { type DirectProber, startDirectProber } from './direct-prober.ts';
import { fromPerformance, nowMs, sleep } from './instant.ts';
import { type Methods, settled, startMethods } from './methods.ts';
import { type Observed, outcomeOf, type Switched } from './outcome.ts';
import type { Section } from './result.ts';
import { type Round, switchResult } from './switch-result.ts';
import { wayOf } from './way.ts';

/** Patroni's times in seconds. `ttl` is the least that newer Patroni versions take; `loop_wait` is Patroni's own default. */
const times = { ttl: 20, loopWait: 10, retryTimeout: 5 };
const witnessEveryMs = 4;

interface Scene {
  readonly cluster: PatroniCluster;
  readonly methods: Methods;
  readonly witness: DirectProber;
  readonly authority: AuthorityWatch;
}

export const switches: Section = async ({ quick, say, folder }) => {
  const each = quick ? 2 : 10;
  const etcd = await startEtcd({ folder, members: 3 });
  const cluster = await startPatroniCluster({ folder, etcdEndpoints: etcd.endpoints, scope: 'bench', ...times });
  say('etcd (3 members) and Patroni (3 nodes) are up');
  const methods = await startMethods(folder, etcd.endpoints, cluster);
  const servers = cluster.nodes.map(({ name, pgPort }) => ({ name, port: pgPort }));
  const witness = startDirectProber(servers, cluster.probe, witnessEveryMs);
  const authority = await watchAuthority(etcd.endpoints, `${cluster.namespace}/${cluster.scope}/leader`);
  const scene: Scene = { cluster, methods, witness, authority };
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  try {
    await settled(methods, (await cluster.primary()).name);
    say('all methods write');
    const rounds: Round[] = [];
    for (const kind of ['switchover', 'kill -9'] as const) {
      for (let index = 1; index <= each; index += 1) {
        const round = await oneSwitch(scene, kind);
        rounds.push(round);
        const [ours, ...others] = round.outcomes.map(({ firstWriteMs }) => firstWriteMs?.toFixed(0) ?? '-');
        say(`${kind} ${index} of ${each}: first write ${ours} ms after writable (others: ${others.join(', ')})`);
      }
    }
    const [push, ...rest] = await methods.sampler.report();
    return switchResult({
      times,
      rounds,
      methods: methods.all.map(({ name, how }) => ({ name, how })),
      observers: [push, ...rest].flatMap((report) => (report === undefined ? [] : [report])),
      loopDelayP99Ms: delay.percentile(99) / 1e6,
      writes: methods.all.map(({ writer }) => writer.committed().length),
    });
  } finally {
    await methods.stop();
    await Promise.all([witness.stop(), authority.close()]);
    await cluster.stop();
    await etcd.stop();
  }
};

async function oneSwitch(scene: Scene, kind: Switched['kind']): Promise<Round> {
  const { cluster, methods, witness } = scene;
  const from = await cluster.waitUntilHealthy(90_000);
  await settled(methods, from.name);
  // Patroni's loops, the checks and this must not go in step.
  await sleep(1_000 + Math.random() * 2_000);

  const beganAt = nowMs();
  const lastSeq = (await methods.daemon.events()).at(-1)?.seq ?? 0;
  const order =
    kind === 'switchover' ? orderSwitchover(from.restPort, from.name, undefined) : from.killNode().then(() => 'killed');
  const [to] = await Promise.all([
    eventually(
      'another server to take writes',
      () => cluster.nodes.find(({ name }) => name !== from.name && witness.now(name) === 'primary')?.name,
      90_000,
      20,
    ),
    order,
  ]);
  const writableAt = witness.stays(to).findLast(({ state }) => state === 'primary')?.from ?? Number.NaN;
  await settled(methods, to);
  await sleep(1_000);
  const switched: Switched = { kind, from: from.name, to, beganAt, writableAt, endedAt: nowMs() };
  const observed = observations(scene, switched);
  const journal = (await methods.daemon.events()).filter(({ seq }) => seq > lastSeq);
  if (kind === 'kill -9') from.start();
  const wallToInstant = nowMs() - (performance.timeOrigin + performance.now());
  const [ours] = observed;
  return {
    switched,
    outcomes: observed.map((each) => outcomeOf(switched, each)),
    way: ours === undefined ? undefined : wayOf(switched, journal, ours, (wallMs) => wallMs + wallToInstant),
    phases: journal.findLast((entry) => entry.kind === 'switch')?.phases,
  };
}

/** What was seen of each method since a second before the switch; pgrouted is the first. */
function observations({ methods, authority }: Scene, switched: Switched): readonly Observed[] {
  const since = switched.beganAt - 1_000;
  return methods.all.map(({ name, writer, seenAt }) => ({
    method: name,
    attempts: writer
      .attempts()
      .filter(({ endedAt }) => fromPerformance(endedAt) >= since)
      .map((attempt) => ({
        ...attempt,
        beganAt: fromPerformance(attempt.beganAt),
        endedAt: fromPerformance(attempt.endedAt),
      })),
    gaps: writer.gaps(100).map((gap) => ({ ...gap, from: fromPerformance(gap.from), to: fromPerformance(gap.to) })),
    changes: seenAt === undefined ? undefined : methods.sampler.changes(seenAt.target, seenAt.backend),
    holderAt: authority.holderAt,
  }));
}
