// A router that knows exactly what a test says, as plain values: the routes and metrics are functions of what a RouterApi answers.
import type { ControlSpec } from '@pgrouted/core/config/config';
import type { LineCheck, MemberAnswer, OverrideRefusal, RouterApi } from '@pgrouted/core/controller/api';
import type { FleetDocument, JournalEntry, ReasonDocument, StatusDocument } from '@pgrouted/core/status/schema';

export interface Picture {
  readonly members?: readonly MemberAnswer[];
  readonly revision?: string | undefined;
  readonly ageMs?: number | undefined;
  readonly source?: string;
  readonly ready?: boolean;
  readonly status?: StatusDocument;
  readonly entries?: readonly JournalEntry[];
  /** By `backend/server`. */
  readonly lines?: Readonly<Record<string, LineCheck>>;
  readonly control?: ControlSpec;
  readonly setOverride?: RouterApi['setOverride'];
  readonly liftOverride?: RouterApi['liftOverride'];
}

const noFleet: FleetDocument = {
  enabled: false,
  prefix: '/pgrouted',
  name: 'db1',
  shared: false,
  registered: false,
  problem: null,
  alarms: [],
  clusters: [],
};

const refused: OverrideRefusal = { kind: 'refused', as: 'unavailable', error: 'not now', remedy: 'later' };

export interface PicturedRouter extends RouterApi {
  add(entry: JournalEntry): void;
  listeners(): number;
}

export function routerOf({
  members = [],
  revision,
  ageMs,
  source = 'patroni',
  ready = false,
  status = emptyStatus,
  entries = [],
  lines = {},
  control = { kind: 'off' },
  setOverride = async () => refused,
  liftOverride = async () => refused,
}: Picture): PicturedRouter {
  const journal = [...entries];
  const listeners = new Set<(entry: JournalEntry) => void>();
  return {
    settling: () => undefined,
    members: () => ({ members, source }),
    freshness: () => ({ revision, ageMs }),
    check: () => undefined,
    checkLine: (backend, server) =>
      lines[`${backend}/${server}`] ?? { status: 503, state: 'unknown', code: 'no_such_line' },
    availability: async () => ({ kind: 'not_allowed' }),
    control: () => control,
    fleet: () => status.fleet ?? noFleet,
    overrides: () => status.overrides ?? [],
    setOverride,
    liftOverride,
    ready: () => ready,
    status: () => status,
    events: (after, limit) => {
      const wanted = journal.filter(({ seq }) => seq > after);
      return { entries: wanted.slice(-limit), lastSeq: journal.at(-1)?.seq ?? 0, lost: false };
    },
    onEvent: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    add: (entry) => {
      journal.push(entry);
      for (const listener of listeners) listener(entry);
    },
    listeners: () => listeners.size,
  };
}

export const entryOf = (seq: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
  seq,
  at: '2026-03-01T03:00:00.000Z',
  tMs: seq * 10,
  kind: 'view',
  text: `entry ${seq}`,
  ...more,
});

export const reason = (code: string): ReasonDocument => ({ code, text: code.replaceAll('_', ' '), facts: {} });

export const emptyStatus: StatusDocument = {
  schema: 1,
  router: { version: '1.2.3', host: 'db1', pid: 4711, startedAt: '2026-03-01T00:00:00.000Z', uptimeMs: 12_500 },
  at: '2026-03-01T00:00:12.500Z',
  ready: false,
  clusters: [],
  etcd: { members: [] },
  targets: [],
};

type Server = StatusDocument['clusters'][number]['services'][number]['servers'][number];

export const serverOf = (member: string, state: Server['state'], line: string | null = member): Server => ({
  member,
  state,
  reason: reason(state === 'ready' ? 'leader_proven' : 'not_leader'),
  held: [
    { target: 'edge', server: line, state: state === 'ready' ? 'ready' : 'maint', sessions: line === null ? null : 3 },
  ],
});

type Member = StatusDocument['clusters'][number]['members'][number];

export const memberOf = (name: string, status: Member['status'], more: Partial<Member> = {}): Member => ({
  name,
  address: { host: '10.0.0.1', port: 5432 },
  role: status === 'primary' ? 'primary' : 'replica',
  state: 'running',
  running: true,
  present: true,
  version: '3.0.2',
  timeline: 7,
  position: '0/3000060',
  lagBytes: 0,
  replicationState: null,
  sync: 'async',
  tags: {},
  pendingRestart: false,
  recordAgeMs: 900,
  problem: null,
  probe: { kind: status === 'primary' ? 'primary' : 'standby', ageMs: 5, error: null, lastAnswer: null },
  stolon: null,
  status,
  ...more,
});

/** One cluster with a writer, a standby and a member without a server line; one HAProxy; two etcd members. */
export const fullStatus: StatusDocument = {
  ...emptyStatus,
  ready: true,
  clusters: [
    {
      name: 'orders',
      source: { kind: 'patroni', prefix: '/service/orders/' },
      probing: true,
      stolon: null,
      view: {
        revision: '4711',
        confirmedAgeMs: 120,
        initialized: true,
        leadership: { kind: 'held', member: 'pg1', revision: '4000', forMs: 86_400_000 },
        timeline: 7,
        paused: false,
        standbyCluster: false,
        failsafeMode: false,
        synchronousMode: 'off',
        ttlMs: 30_000,
        loopWaitMs: 10_000,
        plannedSwitch: null,
        problems: [],
      },
      members: [
        memberOf('pg1', 'primary'),
        memberOf('pg2', 'standby', { lagBytes: 4096 }),
        memberOf('pg"3\\\n', 'unavailable', { lagBytes: null, probe: null, present: false }),
      ],
      services: [
        {
          name: 'primary',
          backend: 'orders_primary',
          role: 'primary',
          open: true,
          routing: true,
          reason: reason('open'),
          servers: [serverOf('pg1', 'ready', 'line1'), serverOf('pg2', 'maint', 'line2')],
        },
        {
          name: 'replica',
          backend: 'orders_replica',
          role: 'replica',
          open: true,
          routing: false,
          reason: reason('open'),
          servers: [serverOf('pg1', 'drain', null), serverOf('pg2', 'ready', null)],
        },
      ],
      alarms: [reason('two_primaries'), reason('record_unreadable'), reason('record_unreadable')],
    },
    {
      name: 'blind',
      source: { kind: 'patroni', prefix: '/service/blind/' },
      probing: false,
      view: null,
      stolon: null,
      members: [],
      services: [],
      alarms: [],
    },
  ],
  etcd: {
    members: [
      { endpoint: 'http://10.0.0.1:2379', connected: true, lastHeardAgeMs: 30, error: null },
      { endpoint: 'http://10.0.0.2:2379', connected: false, lastHeardAgeMs: null, error: 'refused' },
    ],
  },
  targets: [
    {
      name: 'edge',
      socket: '/run/haproxy/admin.sock',
      state: 'reachable',
      version: '2.6.12',
      pid: 99,
      converged: true,
      readBackAgeMs: 240,
      problems: [reason('server_missing')],
      watchdog: null,
      oldWorkers: [{ pid: 98, connections: 2 }],
      counters: {
        transactions: 12,
        exchanges: 300,
        corrections: 1,
        reloads: 2,
        failures: 0,
        sessionsEnded: 40,
        refusals: 0,
      },
    },
  ],
};
