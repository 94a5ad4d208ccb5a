// Random pictures of clusters, for properties: small numbers, so that coincidences (a probe at the instant of the naming, two leaders' names) are common.
import fc from 'fast-check';
import { type ProbeReading, type ProbeState, withReading } from '../src/model/probe.ts';
import { type OutagePolicy, outageDefault } from '../src/model/service.ts';
import type { ClusterSpec } from '../src/model/spec.ts';
import { lsn, type Millis, millis, revision } from '../src/model/units.ts';
import type { ClusterView, Leadership, Member } from '../src/model/view.ts';
import { aMember, aSpec, aView, probeSpec, readsWithin, writes } from './cluster.ts';

export const names = ['n1', 'n2', 'n3', 'n4'] as const;
export const name = fc.constantFrom(...names);

/** Instants around those that matter: steps of 50 ms up to 2 s, then of seconds. */
export const instant: fc.Arbitrary<Millis> = fc
  .oneof(
    fc.integer({ min: 0, max: 40 }).map((n) => n * 50),
    fc.integer({ min: 0, max: 60 }).map((n) => n * 1_000),
  )
  .map(millis);

export const someRevision = fc.integer({ min: 1, max: 9 }).map(revision);
export const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

/** Once in eight. */
export const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
export const position = optional(fc.integer({ min: 0, max: 3 }).map((n) => lsn(n * 1_000)));
export const timeline = optional(fc.integer({ min: 1, max: 3 }));

const reading: fc.Arbitrary<ProbeReading> = fc.oneof(
  fc.record({ kind: fc.constant('primary' as const), at: instant, timeline, position }),
  fc.record({
    kind: fc.constant('standby' as const),
    at: instant,
    timeline,
    receivePosition: position,
    replayPosition: position,
  }),
  fc.record({
    kind: fc.constantFrom(
      'starting' as const,
      'stopping' as const,
      'down' as const,
      'silent' as const,
      'denied' as const,
    ),
    at: instant,
    error: fc.constant('e'),
  }),
);

export const probe: fc.Arbitrary<ProbeState | undefined> = fc
  .array(reading, { maxLength: 4 })
  .map((all) => [...all].sort((a, b) => a.at - b.at).reduce<ProbeState | undefined>(withReading, undefined));

const member = (memberName: string): fc.Arbitrary<Member> =>
  fc
    .record({
      role: fc.constantFrom<Member['role']>('primary', 'promoting', 'replica', 'standby_leader', 'demoted', 'unknown'),
      stateText: fc.constantFrom(
        'running',
        'running',
        'running',
        'crashed',
        'stopping',
        'restarting',
        'starting',
        'stopped',
      ),
      version: optional(fc.constantFrom('2.1.4', '3.0.2', '4.1.4')),
      timeline,
      position,
      replayPosition: position,
      lagBytes: optional(fc.constantFrom(0, 500, 5_000)),
      lagBytesWhenWritten: optional(fc.constantFrom(0, 5_000)),
      replicationState: fc.constantFrom(undefined, 'streaming', 'in archive recovery'),
      tags: fc.record({
        noloadbalance: fc.boolean(),
        nofailover: fc.boolean(),
        nosync: fc.boolean(),
        custom: fc.constant({}),
      }),
      recordRevision: someRevision,
      recordSeenAt: instant,
      present: fc.boolean(),
      goneSince: optional(instant),
      checkpointPending: fc.boolean(),
      problem: rarely(fc.constant({ key: 'k', error: 'e', member: memberName })),
      probe,
    })
    .map((changes) => aMember(memberName, { ...changes, running: changes.stateText === 'running' }));

const leadership: fc.Arbitrary<Leadership> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('held' as const),
      member: name,
      revision: someRevision,
      seenAt: instant,
      origin: fc.constantFrom('named' as const, 'found' as const, 'regained' as const, undefined),
      recordsFrom: optional(someRevision),
      recordProofSince: optional(instant),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('vacant' as const),
      former: optional(name),
      revision: someRevision,
      seenAt: instant,
      graceful: fc.boolean(),
    }),
  },
);

export const often = (usually: boolean): fc.Arbitrary<boolean> =>
  fc.integer({ min: 0, max: 5 }).map((n) => (n > 0 ? usually : !usually));

export const view: fc.Arbitrary<ClusterView> = fc
  .record({
    leadership,
    members: fc.subarray([...names]).chain((some) => fc.tuple(...some.map(member))),
    confirmedAt: instant,
    initialized: often(true),
    settingsUnknown: often(false),
    settings: fc.record({
      ttlMs: fc.constantFrom(20_000, 30_000),
      loopWaitMs: fc.constantFrom(5_000, 10_000),
      retryTimeoutMs: fc.constantFrom(3_000, 10_000),
      maximumLagOnFailoverBytes: fc.constant(1_048_576),
      synchronousMode: fc.constant('off' as const),
      failsafeMode: fc.boolean(),
      standbyCluster: often(false),
      paused: fc.boolean(),
    }),
    failsafeMembers: fc.subarray([...names]),
    plannedSwitch: optional(
      fc.record({
        from: optional(name),
        to: optional(name),
        scheduledAt: fc.constant(undefined),
        seenAt: optional(instant),
      }),
    ),
    timeline,
    timelineSeenAt: optional(instant),
    position,
    statusWritten: optional(fc.record({ revision: someRevision, seenAt: instant })),
  })
  .map((changes) => aView(changes));

const outage: fc.Arbitrary<OutagePolicy> = fc.oneof(
  fc.constantFrom({ kind: 'auto' as const }, { kind: 'close' as const }),
  fc.record({ kind: fc.constant('hold' as const), forMs: fc.constantFrom(0, 3_000, 60_000, undefined) }),
);

export const spec: fc.Arbitrary<ClusterSpec> = fc
  .record({
    probed: fc.boolean(),
    grace: fc.constantFrom('auto' as const, 0, 5_000, 60_000),
    maxLagBytes: optional(fc.constantFrom(0, 1_000)),
    fallback: fc.constantFrom('primary' as const, 'none' as const),
    outage,
    readOutage: outage,
  })
  .map(({ probed, grace, maxLagBytes, fallback, outage, readOutage }) =>
    aSpec({
      probe: probed ? probeSpec : undefined,
      grace,
      services: [
        { ...writes, outage: outageDefault('primary', grace) },
        { ...writes, name: 'second', backends: ['second'], outage },
        { ...readsWithin(maxLagBytes), fallback, outage: readOutage },
      ],
    }),
  );
