// Situations of a Stolon cluster as status documents: the handshake in each of its states, and what else a DBA may find.
import type { ClusterStatus, MemberStatus, ServiceStatus, StatusDocument } from '@pgrouted/core/status/schema';
import {
  becauseInStolon as because,
  document,
  etcdMember,
  healthyCluster,
  healthyServices,
  healthyView,
  held,
  member,
  notLeader,
  primaryMember,
  server,
  socket,
  target,
} from './documents.ts';

type StolonStatus = NonNullable<ClusterStatus['stolon']>;
type StolonMember = NonNullable<MemberStatus['stolon']>;
type Registration = NonNullable<StolonStatus['registration']>;

const uid = '9c0ffee1';

const db = (dbUid: string, given: Partial<StolonMember> = {}): StolonMember => ({
  dbUid,
  keeperHealthy: true,
  dbHealthy: true,
  generation: 2,
  currentGeneration: 2,
  initMode: 'none',
  forceFail: false,
  ...given,
});

const ofStolon = { version: '15.4', replicationState: null, timeline: 1 } as const;
const keeper1 = (given: Partial<MemberStatus> = {}) =>
  member('keeper1', { ...ofStolon, stolon: db('222ed171'), ...given });
const keeper2 = (given: Partial<MemberStatus> = {}) =>
  primaryMember('keeper2', { ...ofStolon, stolon: db('8652dbd0', { generation: 3, currentGeneration: 3 }), ...given });
const keeper3 = (given: Partial<MemberStatus> = {}) =>
  member('keeper3', { ...ofStolon, stolon: db('2e79e0d7'), lagBytes: 744, ...given });

const registration = (given: Partial<Registration> = {}): Registration => ({
  uid,
  acknowledgedGeneration: 2,
  acknowledgedAgeMs: 2_100,
  acknowledgedRevision: '1230',
  aliveAgeMs: 2_100,
  timeoutMs: 15_000,
  enabled: true,
  enabledSinceRevision: '640',
  hindrance: null,
  ...given,
});

const proxies = (generation: number, enabled = true): StolonStatus['proxies'] => [
  { uid: '5f2dd97f', generation, enabled, own: false },
  { uid, generation, enabled, own: true },
  { uid: 'de527100', generation, enabled, own: false },
];

const stolon = (given: Partial<StolonStatus> = {}): StolonStatus => ({
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

const view = (given: Partial<NonNullable<ClusterStatus['view']>> = {}) =>
  healthyView({
    timeline: 1,
    synchronousMode: 'off',
    ttlMs: 20_000,
    loopWaitMs: 5_000,
    leadership: { kind: 'held', member: 'keeper2', revision: '640', forMs: 10_920_000 },
    ...given,
  });

const cluster = (given: Partial<ClusterStatus> = {}): ClusterStatus =>
  healthyCluster({
    source: { kind: 'stolon', prefix: 'stolon/cluster/orders/' },
    view: view(),
    stolon: stolon(),
    members: [keeper1(), keeper2(), keeper3()],
    services: healthyServices('orders', 'keeper2', ['keeper1', 'keeper3'], because),
    ...given,
  });

const watched = (given: Parameters<typeof target>[0] = {}) => target({ watchdog: 'armed', ...given });

function closed(reasonOfAll: ReturnType<typeof because>, master: string | undefined): readonly ServiceStatus[] {
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

export function healthy(): StatusDocument {
  return document({ clusters: [cluster()], targets: [watched()] });
}

/** The master is withdrawn, and this router can't acknowledge it: HAProxy hangs. Another proxy is behind as well. */
export function acknowledgementBlocked(): StatusDocument {
  const holds = `${socket}: HAProxy does not answer`;
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({
          leadership: { kind: 'vacant', former: 'keeper2', revision: '1228', forMs: 6_200, graceful: false },
        }),
        stolon: stolon({
          generation: 3,
          generationAgeMs: 6_200,
          masterDbUid: null,
          statusMasterDbUid: '222ed171',
          proxies: [
            { uid: '5f2dd97f', generation: 3, enabled: true, own: false },
            { uid, generation: 2, enabled: true, own: true },
            { uid: 'de527100', generation: 2, enabled: true, own: false },
          ],
          registration: registration({ acknowledgedAgeMs: 7_400, aliveAgeMs: 2_400, hindrance: holds }),
        }),
        members: [
          keeper1({ role: 'promoting', stolon: db('222ed171', { generation: 3 }) }),
          keeper2({
            role: 'demoted',
            state: 'keeper unhealthy',
            running: false,
            status: 'unavailable',
            stolon: db('8652dbd0', { keeperHealthy: false, dbHealthy: false }),
            probe: {
              kind: 'silent',
              ageMs: 900,
              error: 'no answer within 1000 ms',
              lastAnswer: { kind: 'primary', ageMs: 33_000 },
            },
          }),
          keeper3(),
        ],
        services: [...closed(because('no_leader'), undefined)].map((service) => ({
          ...service,
          routing: false,
          servers: service.servers.map((one) => ({ ...one, held: [held(one.member, 'unknown', null)] })),
        })),
        alarms: [because('acknowledgement_blocked', { proxy: uid, generation: 3, because: holds })],
      }),
    ],
    targets: [watched({ state: 'hung', converged: false, problems: [because('target_hung', { target: socket })] })],
  });
}

/** Every proxy has let go; the sentinel has not looked again yet. */
export function everyProxyHasLetGo(): StatusDocument {
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({
          leadership: { kind: 'vacant', former: 'keeper2', revision: '1228', forMs: 1_700, graceful: false },
        }),
        stolon: stolon({
          generation: 3,
          generationAgeMs: 1_700,
          masterDbUid: null,
          statusMasterDbUid: '222ed171',
          proxies: proxies(3),
          registration: registration({ acknowledgedGeneration: 3, acknowledgedAgeMs: 1_650, aliveAgeMs: 1_650 }),
        }),
        members: [keeper1({ role: 'promoting' }), keeper2({ role: 'demoted', status: 'unavailable' }), keeper3()],
        services: [...closed(because('no_leader'), undefined)],
      }),
    ],
    targets: [watched()],
  });
}

/** The new master is named, but the sentinel does not count with this router yet. */
export function notEnabled(): StatusDocument {
  const waiting = because('proxy_not_enabled', { member: 'keeper1', proxy: uid });
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({ leadership: { kind: 'held', member: 'keeper1', revision: '1233', forMs: 700 }, timeline: 2 }),
        stolon: stolon({
          generation: 4,
          generationAgeMs: 700,
          masterDbUid: '222ed171',
          statusMasterDbUid: '222ed171',
          proxies: [
            { uid: '5f2dd97f', generation: 4, enabled: true, own: false },
            { uid, generation: 4, enabled: false, own: true },
            { uid: 'de527100', generation: 3, enabled: true, own: false },
          ],
          registration: registration({
            acknowledgedGeneration: 4,
            acknowledgedAgeMs: 690,
            aliveAgeMs: 690,
            enabled: false,
            enabledSinceRevision: null,
          }),
        }),
        members: [
          keeper1({ role: 'primary', timeline: 2, lagBytes: null, status: 'primary' }),
          keeper2({ role: 'demoted', stolon: db('8652dbd0', { dbHealthy: false }), status: 'unavailable' }),
          keeper3(),
        ],
        services: [...closed(waiting, 'keeper1')],
      }),
    ],
    targets: [watched()],
  });
}

/** etcd is cut off: the registration runs out, and no sentinel is heard. */
export function registrationRunsOut(): StatusDocument {
  const timedOut = because('proxy_timeout', { member: 'keeper2', timeout_ms: 15_000 });
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({ confirmedAgeMs: 17_400 }),
        stolon: stolon({
          writtenAgeMs: 18_900,
          registration: registration({ acknowledgedAgeMs: 17_900, aliveAgeMs: 17_900 }),
        }),
        services: [...closed(timedOut, 'keeper2')],
        alarms: [because('etcd_unconfirmed')],
      }),
    ],
    etcd: { members: [1, 2, 3].map((n) => ({ ...etcdMember(n), connected: false, lastHeardAgeMs: 17_300 })) },
    targets: [watched({ watchdog: 'absent', problems: [because('watchdog_absent', { target: socket })] })],
  });
}

/** The only sentinel has died: nothing is wrong yet, and nobody would notice if it were. */
export function noSentinel(): StatusDocument {
  return document({
    clusters: [
      cluster({
        stolon: stolon({ sentinel: null, writtenAgeMs: 31_000 }),
        alarms: [because('sentinel_silent', { limit_ms: 30_000 })],
      }),
    ],
    targets: [watched()],
  });
}

/** Read only; one keeper is being rebuilt, one is to be failed, and a fleet of others is registered. */
export function passive(): StatusDocument {
  const fleet = Array.from({ length: 15 }, (_, i) => ({
    uid: `aa00bb${(16 + i).toString(16)}`,
    generation: 2,
    enabled: true,
    own: false,
  }));
  return document({
    clusters: [
      cluster({
        probing: false,
        view: view({ synchronousMode: 'on' }),
        stolon: stolon({
          registration: null,
          proxies: [...fleet, { uid: 'ffeeddcc', generation: 1, enabled: false, own: false }],
        }),
        members: [
          keeper1({ probe: null, sync: 'sync', stolon: db('222ed171', { generation: 3, forceFail: true }) }),
          keeper2({ probe: null }),
          keeper3({
            probe: null,
            address: null,
            state: 'resync',
            running: false,
            position: null,
            lagBytes: null,
            timeline: null,
            stolon: db('42370021', { initMode: 'resync', generation: 1, currentGeneration: 0 }),
          }),
          member('keeper4', {
            ...ofStolon,
            role: 'uninitialized',
            state: 'no db',
            running: false,
            address: null,
            position: null,
            lagBytes: null,
            timeline: null,
            probe: null,
            status: 'unavailable',
          }),
        ],
        services: healthyServices('orders', 'keeper2', ['keeper1'], because).map((service) => ({
          ...service,
          servers: [
            ...service.servers,
            server(
              'keeper3',
              'maint',
              service.role === 'primary'
                ? notLeader('keeper3', 'keeper2', because)
                : because('replica_being_built', { member: 'keeper3', db: '42370021', init_mode: 'resync' }),
            ),
            server(
              'keeper4',
              'maint',
              service.role === 'primary'
                ? notLeader('keeper4', 'keeper2', because)
                : because('replica_without_db', { member: 'keeper4' }),
            ),
          ],
        })),
      }),
    ],
  });
}

export function formatVersion(): StatusDocument {
  const key = 'stolon/cluster/orders/clusterdata';
  const problem = because('format_version', { key, version: '2' });
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({
          initialized: false,
          leadership: { kind: 'vacant', former: null, revision: '0', forMs: 4_000, graceful: false },
          problems: [{ key, error: 'formatVersion 2', member: null }],
          timeline: null,
        }),
        stolon: stolon({
          problem: problem.text,
          clusterUid: '',
          generation: 0,
          generationAgeMs: 4_000,
          masterDbUid: null,
          statusMasterDbUid: null,
          sentinel: null,
          proxies: [],
          registration: registration({
            acknowledgedGeneration: null,
            acknowledgedAgeMs: null,
            acknowledgedRevision: null,
            aliveAgeMs: null,
            enabled: false,
            enabledSinceRevision: null,
            hindrance: 'clusterdata can not be used',
          }),
        }),
        members: [],
        services: closed(problem, undefined)
          .slice(0, 1)
          .map((service) => ({ ...service, servers: [] })),
      }),
    ],
    targets: [watched({ watchdog: 'unknown' })],
  });
}

/** Uids and names as an attacker who can write to etcd would choose them. */
export function hostileUids(): StatusDocument {
  const evil = 'a\n\x1b[2J\u202e';
  return document({
    clusters: [
      cluster({
        stolon: stolon({
          masterDbUid: evil,
          sentinel: evil,
          proxies: [{ uid: evil, generation: 9, enabled: false, own: false }],
          registration: registration({ hindrance: evil, acknowledgedGeneration: 1 }),
        }),
        members: [keeper1({ stolon: db(evil, { initMode: evil, generation: 7 }) }), keeper2(), keeper3()],
      }),
    ],
    targets: [watched()],
  });
}
