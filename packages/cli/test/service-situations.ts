// Services that follow the cluster by tiers, weights and backup lines, as status documents.
import type { ServiceStatus, StatusDocument } from '@pgrouted/core/status/schema';
import { because, document, healthyCluster, healthyServices, held, isPrimary, server, streaming } from './documents.ts';

type Server = ServiceStatus['servers'][number];
type Line = Server['held'][number];

const line = (of: Line, kind: NonNullable<Line['line']>, wanted: NonNullable<Line['wanted']>): Line => ({
  ...of,
  line: kind,
  wanted,
});

/** The own line and the backup line, held as they shall be but where `changes` says otherwise. */
const twoLines = (name: string, own: Server['state'], backup: Server['state'], changes: Partial<Line> = {}) => [
  line(held(name, own, own === 'ready' ? 7 : 0), 'own', own),
  { ...line(held(`${name}-fb`, backup), 'backup', backup), ...changes },
];

/** Reads with backup lines: n1 serves, n3 lags and is drained with 3 sessions, n2 is the primary behind them. */
export function backupLines(): StatusDocument {
  const [primary] = healthyServices('orders', 'n2', ['n1', 'n3']);
  const lagging = because('replica_lagging', { member: 'n3', lag: '20 MB', limit: '16 MB' });
  const replica: ServiceStatus = {
    name: 'replica',
    backend: 'orders_replica',
    backends: ['orders_replica'],
    role: 'replica',
    open: true,
    routing: true,
    reason: because('read_open', { members: 'n1' }),
    servers: [
      {
        ...server('n1', 'ready', streaming('n1'), twoLines('n1', 'ready', 'maint')),
        weight: 50,
        sessions: 'stay',
        lines: { own: 'ready', backup: 'maint' },
      },
      {
        ...server('n2', 'maint', isPrimary('n2'), twoLines('n2', 'maint', 'ready', { state: 'maint' })),
        sessions: 'end',
        lines: { own: 'maint', backup: 'ready' },
      },
      {
        ...server('n3', 'drain', lagging, [
          line(held('n3', 'drain', 3), 'own', 'drain'),
          line(held('n3-fb', 'maint'), 'backup', 'maint'),
        ]),
        sessions: 'stay',
        lines: { own: 'drain', backup: 'maint' },
      },
    ],
  };
  return document({ clusters: [healthyCluster({ services: primary === undefined ? [] : [primary, replica] })] });
}

/** One service in two backends: what drains is in maint already, which is as good; one backend lacks a line. */
export function severalBackends(): StatusDocument {
  const of = (backend: string, name: string, state: Line['state'], sessions = 0): Line => ({
    ...held(name, state, sessions),
    backend,
    line: 'own',
  });
  const reports: ServiceStatus = {
    name: 'reports',
    backend: 'reports',
    backends: ['reports', 'reports_tls'],
    role: 'replica',
    open: true,
    routing: true,
    reason: because('read_open', { members: 'n3' }),
    servers: [
      {
        ...server('n1', 'drain', because('not_selected', { member: 'n1' }), [
          of('reports', 'n1', 'maint'),
          of('reports_tls', 'n1', 'drain', 2),
        ]),
        sessions: 'stay',
      },
      {
        ...server('n2', 'maint', isPrimary('n2'), [
          of('reports', 'n2', 'maint'),
          { ...of('reports_tls', 'orders-n2', 'maint'), line: 'added' },
        ]),
        sessions: 'end',
      },
      {
        ...server('n3', 'ready', streaming('n3'), [
          of('reports', 'n3', 'ready', 4),
          of('reports_tls', 'n3', 'missing'),
        ]),
        weight: 0,
        sessions: 'stay',
      },
    ],
  };
  return document({ clusters: [healthyCluster({ services: [reports] })] });
}
