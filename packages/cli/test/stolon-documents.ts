// A Stolon cluster of three keepers and its parts as documents, to be changed where a test needs it: keeper2 is the master, this router registered.
import type { ClusterStatus, MemberStatus, ServiceStatus } from '@pgrouted/core/status/schema';
import {
  becauseInStolon as because,
  healthyCluster,
  healthyServices,
  healthyView,
  member,
  notLeader,
  primaryMember,
  server,
  target,
} from './documents.ts';

type StolonStatus = NonNullable<ClusterStatus['stolon']>;
type StolonMember = NonNullable<MemberStatus['stolon']>;
type Registration = NonNullable<StolonStatus['registration']>;

export const uid = '9c0ffee1';

export const db = (dbUid: string, given: Partial<StolonMember> = {}): StolonMember => ({
  dbUid,
  keeperHealthy: true,
  dbHealthy: true,
  generation: 2,
  currentGeneration: 2,
  initMode: 'none',
  forceFail: false,
  ...given,
});

export const ofStolon = { version: '15.4', replicationState: null, timeline: 1 } as const;
export const keeper1 = (given: Partial<MemberStatus> = {}) =>
  member('keeper1', { ...ofStolon, stolon: db('222ed171'), ...given });
export const keeper2 = (given: Partial<MemberStatus> = {}) =>
  primaryMember('keeper2', { ...ofStolon, stolon: db('8652dbd0', { generation: 3, currentGeneration: 3 }), ...given });
export const keeper3 = (given: Partial<MemberStatus> = {}) =>
  member('keeper3', { ...ofStolon, stolon: db('2e79e0d7'), lagBytes: 744, ...given });

export const registration = (given: Partial<Registration> = {}): Registration => ({
  uid,
  acknowledgedGeneration: 2,
  acknowledgedAgeMs: 10_909_700,
  acknowledgedRevision: '1230',
  aliveAgeMs: 2_100,
  timeoutMs: 15_000,
  enabled: true,
  enabledSinceRevision: '640',
  hindrance: null,
  ...given,
});

export const proxies = (generation: number, enabled = true): StolonStatus['proxies'] => [
  { uid: '5f2dd97f', generation, enabled, own: false },
  { uid, generation, enabled, own: true },
  { uid: 'de527100', generation, enabled, own: false },
];

export const stolon = (given: Partial<StolonStatus> = {}): StolonStatus => ({
  clusterUid: '63b229f1',
  problem: null,
  generation: 2,
  generationAgeMs: 10_910_000,
  masterDbUid: '8652dbd0',
  statusMasterDbUid: '8652dbd0',
  sentinel: '3fd42359',
  writtenAgeMs: 3_100,
  sleepIntervalMs: 5_000,
  proxyCheckIntervalMs: 5_000,
  proxyTimeoutMs: 15_000,
  maxStandbyLagBytes: 1_232_896,
  proxies: proxies(2),
  registration: registration(),
  ...given,
});

export const view = (given: Partial<NonNullable<ClusterStatus['view']>> = {}) =>
  healthyView({
    timeline: 1,
    synchronousMode: 'off',
    ttlMs: 20_000,
    loopWaitMs: 5_000,
    leadership: { kind: 'held', member: 'keeper2', revision: '640', forMs: 10_920_000 },
    ...given,
  });

export const cluster = (given: Partial<ClusterStatus> = {}): ClusterStatus =>
  healthyCluster({
    source: { kind: 'stolon', prefix: 'stolon/cluster/orders/' },
    view: view(),
    stolon: stolon(),
    members: [keeper1(), keeper2(), keeper3()],
    services: healthyServices('orders', 'keeper2', ['keeper1', 'keeper3'], because),
    ...given,
  });

export const watched = (given: Parameters<typeof target>[0] = {}) => target({ watchdog: 'armed', ...given });

/** A closed write service, for the same reason on each keeper but those that are not `master`; the read service is open. */
export function closed(reasonOfAll: ReturnType<typeof because>, master: string | undefined): readonly ServiceStatus[] {
  const names = ['keeper1', 'keeper2', 'keeper3'];
  const reads = master === undefined ? ['keeper1', 'keeper3'] : names.filter((name) => name !== master);
  const [, replica] = healthyServices('orders', master ?? 'keeper2', reads, because);
  const write: ServiceStatus = {
    name: 'primary',
    backend: 'orders_primary',
    role: 'primary',
    open: false,
    routing: false,
    reason: because('write_closed', { member: master ?? null, because: reasonOfAll.text }),
    servers: names.map((name) =>
      server(name, 'maint', master === undefined || name === master ? reasonOfAll : notLeader(name, master, because)),
    ),
  };
  return replica === undefined ? [write] : [write, replica];
}
