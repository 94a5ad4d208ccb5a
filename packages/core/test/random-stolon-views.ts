// Random pictures of Stolon clusters, seen by a registered proxy or by one that only reads: as far as the fold could ever make them, and small numbers, so
// that a naming, an acknowledgement and an enabling often meet.
import fc from 'fast-check';
import type { ClusterDataProblem, ProxiesView, RegistrationState, StolonMember } from '../src/model/proxies.ts';
import { revision } from '../src/model/units.ts';
import type { ClusterView, Leadership, Member } from '../src/model/view.ts';
import { failing, primaryAt, said } from './cluster.ts';
import {
  instant,
  name,
  names,
  often,
  optional,
  position,
  probe,
  rarely,
  someRevision,
  timeline,
} from './random-views.ts';
import { aDb, aKeeper, passive } from './stolon-cluster.ts';

const clusterUid = fc.constantFrom('c1', 'c1', 'c1', 'c2');
const generation = fc.integer({ min: 0, max: 4 });

const db: fc.Arbitrary<StolonMember> = fc.record({
  dbUid: fc.constantFrom('d1', 'd2'),
  keeperHealthy: often(true),
  dbHealthy: often(true),
  generation,
  currentGeneration: generation,
  specRole: fc.constantFrom('master' as const, 'standby' as const, undefined),
  initMode: fc.constantFrom('none', 'none', 'resync', 'new', 'pitr', 'existing'),
  follows: fc.constantFrom('internal' as const, 'internal' as const, 'external' as const, undefined),
  forceFail: fc.boolean(),
});

const member = (memberName: string): fc.Arbitrary<Member> =>
  fc
    .record({
      role: fc.constantFrom<Member['role']>(
        'primary',
        'primary',
        'promoting',
        'replica',
        'replica',
        'replica',
        'standby_leader',
        'demoted',
        'uninitialized',
      ),
      address: fc.constantFrom({ host: '10.0.0.1', port: 5432 }, { host: '10.0.0.1', port: 5432 }, undefined),
      stateText: fc.constantFrom('running', 'running', 'running', 'db unhealthy', 'resync', 'stopping'),
      timeline,
      position,
      lagBytes: optional(fc.constantFrom(0, 500, 5_000)),
      recordRevision: someRevision,
      recordSeenAt: instant,
      present: often(true),
      goneSince: optional(instant),
      problem: rarely(fc.constant({ key: 'k', error: 'e', member: memberName })),
      probe,
      stolon: db,
    })
    .map((changes) =>
      aKeeper(memberName, {
        ...changes,
        stolon: changes.role === 'uninitialized' ? undefined : changes.stolon,
        running: changes.stateText === 'running',
      }),
    );

const leadership: fc.Arbitrary<Leadership> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('held' as const),
      member: name,
      revision: someRevision,
      seenAt: instant,
      origin: fc.constantFrom('named' as const, 'found' as const, undefined),
      recordsFrom: optional(someRevision),
      recordProofSince: optional(instant),
      proofGeneration: optional(generation),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('vacant' as const),
      former: optional(name),
      revision: someRevision,
      seenAt: instant,
      graceful: fc.constant(false),
    }),
  },
);

const uid = fc.constantFrom('aaaa0001', 'bbbb0002');

const registration: fc.Arbitrary<RegistrationState> = fc.record({
  uid: fc.constant('aaaa0001'),
  startedAt: instant,
  acknowledged: optional(fc.record({ clusterUid, generation, viewRevision: someRevision, at: instant })),
  registeredAt: optional(instant),
  aliveAt: optional(instant),
  timeoutMs: fc.constantFrom(2_000, 15_000, 30_000),
  hindrance: optional(fc.constant('edge does not answer')),
});

const problem: fc.Arbitrary<ClusterDataProblem> = fc.constantFrom(
  { kind: 'absent' as const, key: 'k' },
  { kind: 'unreadable' as const, key: 'k', error: 'e' },
  { kind: 'format_version' as const, key: 'k', version: '2' },
  { kind: 'spec_invalid' as const, key: 'k', field: 'f', error: 'e' },
);

const proxies: fc.Arbitrary<ProxiesView> = fc
  .record({
    problem: rarely(problem),
    clusterUid: fc.constant('c1'),
    generation,
    generationRevision: someRevision,
    generationSeenAt: instant,
    enabled: fc.uniqueArray(fc.record({ uid, since: someRevision }), { selector: (proxy) => proxy.uid }),
    writtenAt: instant,
    sleepIntervalMs: fc.constantFrom(1_000, 5_000, 10_000),
    maxStandbyLagBytes: fc.constantFrom(0, 1_232_896),
    registration: optional(registration),
  })
  .map((changes) => ({
    masterDbUid: 'd1',
    statusMasterDbUid: 'd1',
    proxies: [],
    sentinel: 's1',
    checkIntervalMs: 5_000,
    proxyTimeoutMs: 15_000,
    ...changes,
  }));

const anyView: fc.Arbitrary<ClusterView> = fc
  .record({
    leadership,
    members: fc.subarray([...names]).chain((some) => fc.tuple(...some.map(member))),
    confirmedAt: instant,
    initialized: often(true),
    standbyCluster: often(false),
    timeline,
    timelineSeenAt: optional(instant),
    position,
    proxies,
  })
  .map(({ standbyCluster, ...changes }) =>
    passive({
      ...changes,
      settings: { ...passive().settings, loopWaitMs: changes.proxies.sleepIntervalMs, standbyCluster },
    }),
  );

/** What it takes to be let in, but for the times: without this, hardly any picture would have a writer. */
const likely = fc.record({
  seenAt: instant,
  at: instant,
  word: fc.constantFrom('primary' as const, 'primary' as const, 'silent' as const, 'down' as const),
  enabledSince: fc.integer({ min: 1, max: 6 }).map(revision),
  viewRevision: fc.integer({ min: 4, max: 9 }).map(revision),
});

function likelier(view: ClusterView, { seenAt, at, word, enabledSince, viewRevision }: LikelyFacts): ClusterView {
  const { proxies, members } = view;
  const leader = members[0];
  if (leader === undefined || proxies === undefined) return view;
  const latest = word === 'primary' ? primaryAt(at) : failing(word, at);
  const { registration } = proxies;
  return {
    ...view,
    leadership:
      view.leadership.kind === 'held'
        ? { ...view.leadership, member: leader.name, seenAt, revision: revision(5), proofGeneration: 2 }
        : view.leadership,
    members: [
      {
        ...leader,
        role: 'primary',
        present: true,
        problem: undefined,
        stolon: aDb({ currentGeneration: 3 }),
        probe: said(primaryAt(seenAt), latest),
      },
      ...members.slice(1),
    ],
    proxies: {
      ...proxies,
      problem: undefined,
      enabled: [{ uid: 'aaaa0001', since: enabledSince }],
      registration:
        registration?.acknowledged === undefined
          ? registration
          : { ...registration, acknowledged: { ...registration.acknowledged, clusterUid: 'c1', viewRevision } },
    },
  };
}

type LikelyFacts = typeof likely extends fc.Arbitrary<infer Facts> ? Facts : never;

export const stolonView: fc.Arbitrary<ClusterView> = fc.oneof(
  { weight: 1, arbitrary: anyView },
  { weight: 2, arbitrary: fc.tuple(anyView, likely).map(([view, facts]) => likelier(view, facts)) },
);
