// Status documents and their parts for the tests of pgroutectl, written by hand and checked with the published schema.
import { explainReason, inWordsOf, type ReasonCode, reason } from '@pgrouted/core/model/reason';
import {
  type ClusterStatus,
  type MemberStatus,
  type ReasonDocument,
  type ServiceStatus,
  type StatusDocument,
  statusSchema,
  type TargetStatusDocument,
} from '@pgrouted/core/status/schema';

export const now = new Date('2026-11-20T14:00:00.250Z');

/** A reason as the router words it. */
export const because = (code: ReasonCode, facts: ReasonDocument['facts'] = {}): ReasonDocument => ({
  code,
  text: explainReason(reason(code, facts)),
  facts,
});

/** The same in the words that a router has for Stolon. */
export function becauseInStolon(code: ReasonCode, facts: ReasonDocument['facts'] = {}): ReasonDocument {
  const told = inWordsOf('stolon', reason(code, facts));
  return { code, text: explainReason(told), facts: told.facts };
}

export function member(name: string, given: Partial<MemberStatus> = {}): MemberStatus {
  return {
    name,
    address: { host: `10.0.0.1${/\d$/.exec(name)?.[0] ?? 9}`, port: 5432 },
    role: 'replica',
    state: 'running',
    running: true,
    present: true,
    version: '3.0.2',
    timeline: 5,
    position: '0/5000148',
    lagBytes: 0,
    replicationState: 'streaming',
    sync: 'async',
    tags: {},
    pendingRestart: false,
    recordAgeMs: 3_100,
    problem: null,
    probe: { kind: 'standby', ageMs: 210, error: null, lastAnswer: { kind: 'standby', ageMs: 210 } },
    stolon: null,
    status: 'standby',
    ...given,
  };
}

export const primaryMember = (name: string, given: Partial<MemberStatus> = {}): MemberStatus =>
  member(name, {
    role: 'primary',
    lagBytes: null,
    replicationState: null,
    probe: { kind: 'primary', ageMs: 180, error: null, lastAnswer: { kind: 'primary', ageMs: 180 } },
    stolon: null,
    status: 'primary',
    ...given,
  });

type Server = ServiceStatus['servers'][number];
type HeldState = Server['held'][number]['state'];

export const socket = '/run/haproxy/admin.sock';

export const held = (server: string, state: HeldState, sessions: number | null = 0, target = socket) => ({
  target,
  server: state === 'missing' ? null : server,
  state,
  sessions: state === 'missing' ? null : sessions,
});

export const server = (
  name: string,
  state: Server['state'],
  reason: ReasonDocument,
  holds: Server['held'] = [held(name, state)],
): Server => ({ member: name, state, reason, held: holds });

export const proven = (name: string, words = because) => words('leader_proven', { member: name });
export const notLeader = (name: string, leader: string, words = because) =>
  words('not_leader', { member: name, leader });
export const streaming = (name: string, words = because) => words('replica_ok', { member: name });
export const isPrimary = (name: string, words = because) => words('leader_takes_no_reads', { member: name });
export const readOpen = (...members: readonly string[]) => because('read_open', { members: members.join(', ') });

export function healthyServices(
  prefix: string,
  leader: string,
  others: readonly string[],
  words = because,
): ServiceStatus[] {
  const names = [leader, ...others].sort();
  return [
    {
      name: 'primary',
      backend: `${prefix}_primary`,
      role: 'primary',
      open: true,
      routing: true,
      reason: words('write_open', { member: leader }),
      servers: names.map((name) =>
        name === leader
          ? server(name, 'ready', proven(name, words), [held(name, 'ready', 14)])
          : server(name, 'maint', notLeader(name, leader, words)),
      ),
    },
    {
      name: 'replica',
      backend: `${prefix}_replica`,
      role: 'replica',
      open: true,
      routing: true,
      reason: words('read_open', { members: others.join(', ') }),
      servers: names.map((name) =>
        name === leader
          ? server(name, 'maint', isPrimary(name, words))
          : server(name, 'ready', streaming(name, words), [held(name, 'ready', 7)]),
      ),
    },
  ];
}

export function healthyCluster(given: Partial<ClusterStatus> = {}): ClusterStatus {
  const name = given.name ?? 'orders';
  return {
    name,
    source: { kind: 'patroni', prefix: `/service/${name}/` },
    probing: true,
    view: healthyView(),
    stolon: null,
    members: [member('n1', { sync: 'sync' }), primaryMember('n2'), member('n3', { lagBytes: 16 * 1024 * 1024 })],
    services: healthyServices(name, 'n2', ['n1', 'n3']),
    alarms: [],
    ...given,
  };
}

export function healthyView(
  given: Partial<NonNullable<ClusterStatus['view']>> = {},
): NonNullable<ClusterStatus['view']> {
  return {
    revision: '1234',
    confirmedAgeMs: 120,
    initialized: true,
    leadership: { kind: 'held', member: 'n2', revision: '1200', forMs: 10_920_000 },
    timeline: 5,
    paused: false,
    standbyCluster: false,
    failsafeMode: false,
    synchronousMode: 'on',
    ttlMs: 30_000,
    loopWaitMs: 10_000,
    plannedSwitch: null,
    problems: [],
    ...given,
  };
}

export const target = (given: Partial<TargetStatusDocument> = {}): TargetStatusDocument => ({
  name: socket,
  socket,
  state: 'reachable',
  version: '2.6.12',
  pid: 4711,
  converged: true,
  readBackAgeMs: 90,
  problems: [],
  watchdog: null,
  oldWorkers: [],
  counters: {},
  ...given,
});

export const etcdMember = (n: number) => ({
  endpoint: `http://10.0.0.1${n}:2379`,
  connected: true,
  lastHeardAgeMs: 110,
  error: null,
});

export function document(given: Partial<StatusDocument> = {}): StatusDocument {
  return statusSchema.parse({
    schema: 1,
    router: { version: '0.1.0', host: 'db1', pid: 812, startedAt: '2026-11-20T10:48:00.000Z', uptimeMs: 11_520_000 },
    at: '2026-11-20T14:00:00.000Z',
    ready: true,
    clusters: [healthyCluster()],
    etcd: { members: [etcdMember(1), etcdMember(2), etcdMember(3)] },
    targets: [target()],
    ...given,
  } satisfies StatusDocument);
}
