// Situations that a DBA may find at three in the morning, as status documents.
import type { ServiceStatus, StatusDocument } from '@pgrouted/core/status/schema';
import {
  because,
  document,
  etcdMember,
  healthyCluster,
  healthyServices,
  healthyView,
  held,
  isPrimary,
  member,
  notLeader,
  primaryMember,
  proven,
  readOpen,
  server,
  socket,
  streaming,
  target,
} from './documents.ts';

/** n2 has let go, n1 holds the leader key and is still in recovery. */
export function switchUnderWay(): StatusDocument {
  const waiting = because('leader_in_recovery', { member: 'n1' });
  const [, replica] = healthyServices('orders', 'n2', ['n1', 'n3']);
  return document({
    ready: false,
    clusters: [
      healthyCluster({
        view: healthyView({
          leadership: { kind: 'held', member: 'n1', revision: '1240', forMs: 48 },
          revision: '1241',
          plannedSwitch: { from: 'n2', to: 'n1', scheduledAt: null },
        }),
        members: [
          member('n1'),
          primaryMember('n2', {
            role: 'demoted',
            state: 'stopping',
            running: false,
            timeline: null,
            position: null,
            status: 'unavailable',
            probe: {
              kind: 'down',
              ageMs: 12,
              error: 'connect ECONNREFUSED 10.0.0.12:5432',
              lastAnswer: { kind: 'primary', ageMs: 1_350 },
            },
          }),
          member('n3'),
        ],
        services: [
          {
            name: 'primary',
            backend: 'orders_primary',
            role: 'primary',
            open: false,
            routing: false,
            reason: because('write_closed', { member: 'n1', because: waiting.text }),
            servers: [
              server('n1', 'maint', waiting),
              server('n2', 'maint', notLeader('n2', 'n1'), [held('n2', 'maint', 3)]),
              server('n3', 'maint', notLeader('n3', 'n1')),
            ],
          },
          ...(replica === undefined ? [] : [replica]),
        ],
      }),
    ],
  });
}

export function noLeader(): StatusDocument {
  const vacant = because('former_leader', { member: 'n2' });
  const [, replica] = healthyServices('orders', 'n2', ['n1', 'n3']);
  return document({
    ready: false,
    clusters: [
      healthyCluster({
        view: healthyView({
          leadership: { kind: 'vacant', former: 'n2', revision: '1250', forMs: 4_200, graceful: false },
          paused: true,
        }),
        members: [
          member('n1'),
          primaryMember('n2', {
            present: false,
            running: false,
            recordAgeMs: 4_200,
            status: 'unavailable',
            probe: {
              kind: 'silent',
              ageMs: 900,
              error: 'no answer within 1000 ms',
              lastAnswer: { kind: 'primary', ageMs: 25_000 },
            },
          }),
          member('n3', { tags: { noloadbalance: true, region: 'eu' } }),
        ],
        services: [
          {
            name: 'primary',
            backend: 'orders_primary',
            role: 'primary',
            open: false,
            routing: false,
            reason: because('write_closed', { member: 'n2', because: vacant.text }),
            servers: ['n1', 'n2', 'n3'].map((name) =>
              server(name, 'maint', name === 'n2' ? vacant : because('no_leader')),
            ),
          },
          ...(replica === undefined ? [] : [replica]),
        ],
        alarms: [because('two_primaries', { member: 'n1', leader: 'nobody' })],
      }),
    ],
  });
}

export function etcdLost(): StatusDocument {
  return document({
    ready: true,
    clusters: [
      healthyCluster({
        view: healthyView({ confirmedAgeMs: 12_300 }),
        alarms: [because('etcd_unconfirmed')],
      }),
    ],
    etcd: {
      members: [
        { ...etcdMember(1), connected: false, lastHeardAgeMs: 12_300, error: 'connect ECONNREFUSED 10.0.0.11:2379' },
        { ...etcdMember(2), connected: false, lastHeardAgeMs: null, error: null },
        etcdMember(3),
      ],
    },
  });
}

export function haproxyHung(): StatusDocument {
  const [primary, replica] = healthyServices('orders', 'n2', ['n1', 'n3']);
  const unknown = (service: ServiceStatus): ServiceStatus => ({
    ...service,
    routing: false,
    servers: service.servers.map((entry) => ({ ...entry, held: [held(entry.member, 'unknown', null)] })),
  });
  return document({
    ready: false,
    clusters: [
      healthyCluster({ services: [primary, replica].flatMap((one) => (one === undefined ? [] : [unknown(one)])) }),
    ],
    targets: [
      target({
        state: 'hung',
        converged: false,
        readBackAgeMs: 31_000,
        problems: [because('target_hung', { target: socket })],
        oldWorkers: [
          { pid: 4600, connections: 3 },
          { pid: 4500, connections: null },
        ],
      }),
    ],
  });
}

export function twoClusters(): StatusDocument {
  const stock = healthyCluster({
    name: 'stock',
    probing: false,
    view: healthyView({ synchronousMode: 'off', standbyCluster: true }),
    members: [
      member('n1', { role: 'standby_leader', probe: null }),
      member('n2', { probe: null, pendingRestart: true }),
    ],
    services: [
      {
        name: 'replica',
        backend: 'stock_replica',
        role: 'replica',
        open: true,
        routing: true,
        reason: readOpen('n2'),
        servers: [server('n1', 'maint', isPrimary('n1')), server('n2', 'ready', streaming('n2'))],
      },
    ],
  });
  return document({ clusters: [healthyCluster(), stock] });
}

/** Two HAProxy processes: one has no line for n3, and somebody opened n1 for writes by hand on the other. */
export function missingServer(): StatusDocument {
  const a = 'haproxy-a';
  const b = 'haproxy-b';
  const [primary] = healthyServices('orders', 'n2', ['n1', 'n3']);
  if (primary === undefined) throw new Error('there is a primary service');
  return document({
    clusters: [
      healthyCluster({
        services: [
          {
            ...primary,
            servers: [
              server('n1', 'maint', notLeader('n1', 'n2'), [held('n1', 'maint', 0, a), held('n1', 'ready', 2, b)]),
              server('n2', 'ready', proven('n2'), [held('n2', 'ready', 14, a), held('n2', 'ready', 9, b)]),
              server('n3', 'maint', notLeader('n3', 'n2'), [held('n3', 'missing', 0, a), held('n3', 'maint', 0, b)]),
            ],
          },
          {
            name: 'replica',
            backend: 'orders_replica',
            role: 'replica',
            open: true,
            routing: false,
            reason: readOpen('n3'),
            servers: [server('n3', 'ready', streaming('n3'), [held('n3', 'missing', 0, a), held('n3', 'down', 0, b)])],
          },
        ],
      }),
    ],
    targets: [
      target({ name: a, socket: '/run/haproxy/a.sock' }),
      target({ name: b, socket: '/run/haproxy/b.sock', converged: false }),
    ],
  });
}

export function longNames(): StatusDocument {
  const names = [1, 2, 3].map((n) => `orders-postgresql-production-frankfurt-000${n}`.slice(-40));
  const [n1 = '', n2 = '', n3 = ''] = names;
  const host = { host: '2001:db8:85a3:1111:2222:8a2e:370:7334', port: 15432 };
  return document({
    clusters: [
      healthyCluster({
        name: 'orders-postgresql-production-frankfurt-00',
        view: healthyView({ leadership: { kind: 'held', member: n2, revision: '9007199254740993', forMs: 40 } }),
        members: [
          member(n1, { address: host }),
          primaryMember(n2, { address: host }),
          member(n3, { address: null, lagBytes: null }),
        ],
        services: healthyServices('orders-postgresql-production-frankfurt', n2, [n1, n3]),
      }),
    ],
    targets: [target({ name: '/var/run/haproxy/instances/orders-production/admin.sock' })],
  });
}

/** Names as an attacker would choose them: line breaks, terminal escapes, writing direction. */
export function hostileNames(): StatusDocument {
  const name = 'n1\n\x1b[2J\u202eevil';
  return document({
    clusters: [
      healthyCluster({
        members: [primaryMember(name, { problem: 'bad\r\nrecord', tags: { 'a\x07b': '\x1b]0;title\x07' } })],
        services: healthyServices('orders', name, []),
      }),
    ],
  });
}

/** Just started: etcd not read, HAProxy not asked. */
export function nothingKnown(): StatusDocument {
  return document({
    ready: false,
    clusters: [healthyCluster({ view: null, members: [], services: [] })],
    targets: [target({ state: 'unknown', version: null, pid: null, converged: false, readBackAgeMs: null })],
    etcd: { members: [{ ...etcdMember(1), connected: false, lastHeardAgeMs: null }] },
  });
}

/** A switchover has begun: n2 keeps its sessions and gets no new ones. */
export function draining(): StatusDocument {
  const begun = because('switchover_begun', { member: 'n2', to: 'n1' });
  const [, replica] = healthyServices('orders', 'n2', ['n1', 'n3']);
  return document({
    ready: false,
    clusters: [
      healthyCluster({
        view: healthyView({ plannedSwitch: { from: 'n2', to: 'n1', scheduledAt: null } }),
        services: [
          {
            name: 'primary',
            backend: 'orders_primary',
            role: 'primary',
            open: false,
            routing: false,
            reason: because('write_draining', { member: 'n2', because: begun.text }),
            servers: [
              server('n1', 'maint', notLeader('n1', 'n2')),
              server('n2', 'drain', begun, [held('n2', 'drain', 14)]),
              server('n3', 'maint', notLeader('n3', 'n2')),
            ],
          },
          ...(replica === undefined ? [] : [replica]),
        ],
      }),
    ],
  });
}

/** The router has just started beside an HAProxy that routes: nothing is touched before PostgreSQL has answered. */
export function undecided(): StatusDocument {
  const awaited = because('leader_awaits_proof', { member: 'n2' });
  return document({
    ready: false,
    clusters: [
      healthyCluster({
        services: [
          {
            name: 'primary',
            backend: 'orders_primary',
            role: 'primary',
            open: false,
            routing: false,
            reason: because('write_undecided', { member: 'n2' }),
            servers: [
              server('n1', 'maint', notLeader('n1', 'n2')),
              server('n2', 'drain', awaited, [held('n2', 'ready', 14)]),
              server('n3', 'maint', notLeader('n3', 'n2')),
            ],
          },
        ],
      }),
    ],
  });
}
