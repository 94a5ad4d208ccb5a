// Pictures of clusters for tests of the judgement: a sound three-node cluster at instant 100 s, to be changed where a test needs it.
import type { Decision, ServiceDecision, Verdict } from '../src/model/decision.ts';
import { type ProbeReading, type ProbeState, withReading } from '../src/model/probe.ts';
import { lagLimitOfBytes, outageDefault, type ServiceSpec, serviceDefaults } from '../src/model/service.ts';
import type { ClusterSpec, ProbeSpec, StoredClusterSpec } from '../src/model/spec.ts';
import { lsn, type Millis, millis, revision } from '../src/model/units.ts';
import { type ClusterView, type Leadership, type Member, noTags } from '../src/model/view.ts';
import { defaultSettings } from '../src/patroni/settings.ts';
import { decide } from '../src/routing/decide.ts';

/** The instant at which the picture below is confirmed. */
export const now = millis(100_000);
export const ago = (ms: number): Millis => millis(now - ms);
export const later = (ms: number): Millis => millis(now + ms);

export const probeSpec: ProbeSpec = {
  user: 'pgrouted',
  password: undefined,
  passfile: undefined,
  dbname: undefined,
  sslmode: undefined,
  sslrootcert: undefined,
  sslcert: undefined,
  sslkey: undefined,
  connectTimeoutMs: 2_000,
  intervalMs: 1_000,
  burstMs: 20,
};

export const writes: ServiceSpec = {
  ...serviceDefaults,
  name: 'primary',
  backends: ['demo_primary'],
  role: 'primary',
  outage: { kind: 'auto' },
};

export const reads: ServiceSpec = {
  ...writes,
  name: 'replica',
  backends: ['demo_replica'],
  role: 'replica',
  outage: { kind: 'hold', forMs: undefined },
};

/** The same with a limit in bytes; undefined: none. */
export const readsWithin = (bytes: number | undefined): ServiceSpec => ({
  ...reads,
  maxLag: bytes === undefined ? undefined : lagLimitOfBytes(bytes),
});

export function aSpec(changes: Partial<StoredClusterSpec> = {}): StoredClusterSpec {
  const outage = outageDefault('primary', changes.grace ?? 'auto');
  return {
    name: 'demo',
    source: { kind: 'patroni', scope: 'demo', namespace: '/service' },
    probe: probeSpec,
    grace: 'auto',
    services: [{ ...writes, outage }, reads],
    ...changes,
  };
}

/** No probe is configured: records decide. */
export const byRecords = aSpec({ probe: undefined });

export function aMember(name: string, changes: Partial<Member> = {}): Member {
  return {
    name,
    address: { host: '10.0.0.1', port: 5432 },
    role: 'replica',
    running: true,
    stateText: 'running',
    version: '4.1.4',
    timeline: 3,
    position: lsn(5_000),
    receivePosition: undefined,
    replayPosition: undefined,
    lagBytes: 0,
    replicationState: undefined,
    tags: noTags,
    sync: 'async',
    pendingRestart: false,
    pauseSeen: false,
    recordRevision: revision(50),
    recordSeenAt: ago(9_000),
    present: true,
    problem: undefined,
    probe: undefined,
    ...changes,
  };
}

export const heldBy = (member: string, changes: Partial<Extract<Leadership, { kind: 'held' }>> = {}): Leadership => ({
  kind: 'held',
  member,
  revision: revision(40),
  seenAt: ago(60_000),
  origin: 'named',
  recordsFrom: revision(40),
  recordProofSince: ago(59_000),
  ...changes,
});

export const vacantAfter = (
  former: string | undefined,
  changes: Partial<Extract<Leadership, { kind: 'vacant' }>> = {},
): Leadership => ({ kind: 'vacant', former, revision: revision(60), seenAt: ago(50), graceful: false, ...changes });

/** n1 leads and has proven itself long ago; n2 and n3 stream from it. */
export function aView(changes: Partial<ClusterView> = {}): ClusterView {
  return {
    cluster: 'demo',
    source: 'patroni',
    revision: revision(60),
    confirmedAt: ago(100),
    initialized: true,
    leadership: heldBy('n1'),
    members: [
      aMember('n1', { role: 'primary', lagBytes: undefined, probe: said(primaryAt(ago(30_000)), primaryAt(ago(200))) }),
      aMember('n2', { probe: said(standbyAt(ago(300))) }),
      aMember('n3', { probe: said(standbyAt(ago(400))) }),
    ],
    settings: defaultSettings,
    failsafeMembers: [],
    plannedSwitch: undefined,
    timeline: 3,
    problems: [],
    position: lsn(5_000),
    ...changes,
  };
}

/** The view with one member changed. */
export function withMember(view: ClusterView, name: string, changes: Partial<Member>): ClusterView {
  return {
    ...view,
    members: view.members.map((member) => (member.name === name ? { ...member, ...changes } : member)),
  };
}

export const primaryAt = (at: Millis, position?: number, timeline?: number): ProbeReading => ({
  kind: 'primary',
  at,
  timeline,
  position: position === undefined ? undefined : lsn(position),
});

export const standbyAt = (at: Millis, replay?: number): ProbeReading => ({
  kind: 'standby',
  at,
  timeline: undefined,
  receivePosition: undefined,
  replayPosition: replay === undefined ? undefined : lsn(replay),
});

export const failing = (
  kind: Exclude<ProbeReading['kind'], 'primary' | 'standby'>,
  at: Millis = ago(100),
): ProbeReading => ({ kind, at, error: `test: ${kind}` });

/** The state of a probe after these readings. */
export function said(first: ProbeReading, ...more: readonly ProbeReading[]): ProbeState {
  return more.reduce(withReading, withReading(undefined, first));
}

/** decide() for one of the services; the write service of the usual cluster unless told otherwise. */
export function decided(view: ClusterView, spec: ClusterSpec = aSpec(), at: Millis = now): Decision {
  return decide(view, spec, at);
}

export function serviceOf(decision: Decision, name: string): ServiceDecision {
  const service = decision.services.find((one) => one.service === name);
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

export function verdictOn(decision: Decision, service: string, member: string): Verdict {
  const verdict = serviceOf(decision, service).verdicts.find((one) => one.member === member);
  if (verdict === undefined) throw new Error(`no verdict on ${member}`);
  return verdict;
}

/** `ready leader_proven`: state and reason of one member in the write service. */
export function writeWords(view: ClusterView, member = 'n1', spec: ClusterSpec = aSpec(), at: Millis = now): string {
  const { state, reason } = verdictOn(decide(view, spec, at), 'primary', member);
  return `${state} ${reason.code}`;
}

export function readWords(view: ClusterView, member: string, spec: ClusterSpec = aSpec(), at: Millis = now): string {
  const { state, reason } = verdictOn(decide(view, spec, at), 'replica', member);
  return `${state} ${reason.code}`;
}
