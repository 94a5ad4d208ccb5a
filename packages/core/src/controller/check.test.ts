import { describe, expect, it } from 'vitest';
import {
  ago,
  aMember,
  aSpec,
  aView,
  byRecords,
  failing,
  heldBy,
  later,
  now,
  primaryAt,
  probeSpec,
  said,
  standbyAt,
  vacantAfter,
  withMember,
} from '../../test/cluster.ts';
import { aDb, passive, stolonSpec } from '../../test/stolon-cluster.ts';
import type { ProbeState } from '../model/probe.ts';
import type { ClusterSpec, PostgresSpec } from '../model/spec.ts';
import { lsn, type Millis, revision } from '../model/units.ts';
import { type ClusterView, noTags } from '../model/view.ts';
import { defaultSettings } from '../patroni/settings.ts';
import { postgresView } from '../postgres/view.ts';
import type { CheckAnswer } from './api.ts';
import { checkOf } from './check.ts';

const maxAgeMs = 30_000;

function ask(view: ClusterView, member: string, asked: string, spec: ClusterSpec = aSpec()): CheckAnswer | undefined {
  const [kind = '', parameters = ''] = asked.split('?');
  return checkOf({ member, kind, query: [...new URLSearchParams(parameters)] }, [{ spec, view }], now, maxAgeMs);
}

/** The members that answer 200. */
const passing = (view: ClusterView, asked: string, spec?: ClusterSpec): string =>
  view.members.flatMap(({ name }) => (ask(view, name, asked, spec)?.status === 200 ? [name] : [])).join(' ');

const calm = aView();
const n1 = (probe: ProbeState) => withMember(calm, 'n1', { probe });
const inMode = (synchronousMode: 'on' | 'quorum', as: 'sync' | 'quorum') =>
  withMember(aView({ settings: { ...defaultSettings, synchronousMode } }), 'n2', { sync: as });
const promoting = withMember(
  aView({ leadership: heldBy('n2', { seenAt: ago(80), revision: revision(61), recordsFrom: revision(61) }) }),
  'n1',
  { probe: said(primaryAt(ago(30_000)), failing('down')) },
);
const standbyCluster = withMember(aView({ settings: { ...defaultSettings, standbyCluster: true } }), 'n1', {
  role: 'standby_leader',
  probe: said(standbyAt(ago(200))),
});
/** etcd has been silent for 40 s; PostgreSQL answers. */
const cutOff = (settings = defaultSettings) =>
  withMember(aView({ confirmedAt: ago(40_000), settings }), 'n1', {
    probe: said(primaryAt(ago(60_000)), primaryAt(ago(200))),
  });

const situations: readonly (readonly [what: string, view: ClusterView, spec?: ClusterSpec])[] = [
  ['calm', calm],
  ['calm, without a probe', withoutProbes(calm), byRecords],
  ['PostgreSQL of n1 restarts', n1(said(primaryAt(ago(30_000)), failing('stopping')))],
  ['PostgreSQL of n1 has crashed', n1(said(primaryAt(ago(30_000)), failing('down')))],
  ['n1 is overloaded', n1(said(primaryAt(ago(900)), failing('silent')))],
  ['n2 is being promoted', promoting],
  ['nobody leads', aView({ leadership: vacantAfter('n1', { seenAt: ago(5_000) }) })],
  ['n2 synchronous', inMode('on', 'sync')],
  ['n2 in the quorum', inMode('quorum', 'quorum')],
  ['a standby cluster', standbyCluster],
  ['etcd silent', cutOff()],
  ['etcd silent, paused', cutOff({ ...defaultSettings, paused: true })],
  ['etcd silent, without a probe', withoutProbes(cutOff()), byRecords],
  ['n2 noloadbalance', withMember(calm, 'n2', { tags: { ...noTags, noloadbalance: true } })],
  ['the record of n2 gone', withMember(calm, 'n2', { present: false, goneSince: ago(500) })],
  ['n2 not streaming', withMember(calm, 'n2', { replicationState: 'in archive recovery' })],
  ['n2 silent', withMember(calm, 'n2', { probe: said(standbyAt(ago(900)), failing('silent')) })],
  ['n2 down', withMember(calm, 'n2', { probe: said(standbyAt(ago(900)), failing('down')) })],
  ['n2 turns us away', withMember(calm, 'n2', { probe: said(failing('denied')) })],
  [
    'n2 being built',
    withMember(withoutProbes(calm), 'n2', { running: false, stateText: 'creating replica' }),
    byRecords,
  ],
];

function withoutProbes(view: ClusterView): ClusterView {
  return { ...view, members: view.members.map((member) => ({ ...member, probe: undefined })) };
}

const table = [
  ['calm', { primary: 'n1', leader: 'n1', replica: 'n2 n3', 'read-only': 'n1 n2 n3', async: 'n2 n3' }],
  ['calm, without a probe', { primary: 'n1', leader: 'n1', replica: 'n2 n3', 'read-only': 'n1 n2 n3', async: 'n2 n3' }],
  // Patroni says 200 for `primary` in these: its lock is all it asks.
  [
    'PostgreSQL of n1 restarts',
    { primary: '', leader: 'n1', 'read-only': 'n2 n3', health: 'n2 n3', readiness: 'n1 n2 n3' },
  ],
  ['PostgreSQL of n1 has crashed', { primary: '', leader: 'n1', 'read-only': 'n2 n3', health: 'n2 n3' }],
  ['n2 is being promoted', { primary: '', leader: 'n2', replica: 'n2 n3', health: 'n2 n3', readiness: 'n2 n3' }],
  ['n1 is overloaded', { primary: 'n1', leader: 'n1', health: 'n2 n3' }],
  ['nobody leads', { primary: '', leader: '', replica: 'n2 n3', 'read-only': 'n2 n3', readiness: 'n2 n3' }],
  ['n2 synchronous', { sync: 'n2', async: 'n3', quorum: '', 'read-only-sync': 'n1 n2', 'read-only-quorum': 'n1' }],
  ['n2 in the quorum', { sync: '', async: 'n3', quorum: 'n2', 'read-only-sync': 'n1', 'read-only-quorum': 'n1 n2' }],
  [
    'a standby cluster',
    { primary: '', leader: 'n1', 'standby-leader': 'n1', replica: 'n2 n3', 'read-only': 'n1 n2 n3' },
  ],
  ['calm', { 'standby-leader': '', sync: '', quorum: '', 'read-only-sync': 'n1', health: 'n1 n2 n3', '': 'n1' }],
  ['calm', { liveness: 'n1 n2 n3', readiness: 'n1 n2 n3', nonsense: '', 'replica/x': 'n2 n3', 'sync/': '' }],
  // What only etcd tells is gone after a ttl; what PostgreSQL says is not.
  ['etcd silent', { primary: '', leader: '', replica: 'n2 n3', 'read-only': 'n2 n3', async: '', liveness: 'n1 n2 n3' }],
  ['etcd silent', { 'read-only-sync': '', readiness: '', health: 'n1 n2 n3' }],
  ['etcd silent, paused', { primary: 'n1', leader: 'n1', 'read-only': 'n1 n2 n3', readiness: 'n1' }],
  ['etcd silent, without a probe', { primary: '', leader: '', replica: '', health: '', liveness: '' }],
  ['n2 noloadbalance', { replica: 'n3', 'read-only': 'n1 n3', async: 'n3', health: 'n1 n2 n3', readiness: 'n1 n2 n3' }],
  ['the record of n2 gone', { replica: 'n3', health: 'n1 n2 n3', liveness: 'n1 n3', readiness: 'n1 n3' }],
  ['n2 not streaming', { replica: 'n2 n3', readiness: 'n1 n3' }],
  ['n2 silent', { replica: 'n3', health: 'n1 n3', liveness: 'n1 n2 n3' }],
  ['n2 down', { replica: 'n3', health: 'n1 n3', liveness: 'n1 n2 n3' }],
  ['n2 turns us away', { replica: 'n2 n3', health: 'n1 n2 n3' }],
  ['n2 being built', { replica: 'n3', health: 'n1 n3', liveness: 'n1 n2 n3', readiness: 'n1 n3' }],
] as const;

const rows = table.flatMap(([what, kinds]) =>
  Object.entries(kinds).map(([kind, names]) => [what, kind, names] as const),
);

describe("Patroni's checks", () => {
  it.each(rows)('%s: %s is 200 for [%s]', (what, kind, names) => {
    const [, view, spec] = situations.find(([situation]) => situation === what) ?? [];
    if (view === undefined) throw new Error(`no situation "${what}"`);
    expect(passing(view, kind, spec)).toBe(names);
  });

  it('say why', () => {
    expect(ask(n1(said(failing('starting'))), 'n1', 'primary')).toMatchObject({
      status: 503,
      standing: 'neither',
      reason: 'n1 holds the leader key, but PostgreSQL is starting up',
    });
    expect(ask(calm, 'n2', 'primary')?.reason).toBe('n1 holds the leader key, not n2');
    expect(ask(calm, 'n2', 'nonsense')?.reason).toBe('Patroni knows no such check');
  });
});

describe('time', () => {
  it('takes the primary out of a picture that was sound when it was asked about before', () => {
    const view = aView();
    const at = (instant: Millis) =>
      checkOf({ member: 'n1', kind: 'primary', query: [] }, [{ spec: aSpec(), view }], instant, maxAgeMs)?.status;
    expect([at(now), at(later(500)), at(later(25_000)), at(now)]).toEqual([200, 200, 503, 200]);
  });
});

describe('lag', () => {
  const lagging = {
    ...withMember(calm, 'n2', { probe: said(standbyAt(ago(300), 3_000)) }),
    position: lsn(4_024),
  };

  it.each([
    ['lag=1024', 'n2 n3'],
    ['lag=1kB', 'n2 n3'],
    ['lag=1023', 'n3'],
    ['lag=0', 'n3'],
    ['lag=junk', 'n2 n3'],
    ['lag=', 'n2 n3'],
    ['lag=0&lag=1GB', 'n3'],
  ])('%s leaves %s', (parameters, names) => {
    expect(passing(lagging, `replica?${parameters}`)).toBe(names);
    expect(passing(lagging, `read-only?${parameters}`)).toBe(`n1 ${names}`);
    expect(passing(lagging, `async?${parameters}`)).toBe(names);
    expect(passing(lagging, `primary?${parameters}`)).toBe('n1');
  });

  it('does not count while the position of the primary is unknown or zero', () => {
    for (const position of [undefined, lsn(0)]) {
      expect(passing({ ...withMember(lagging, 'n2', { lagBytes: undefined }), position }, 'replica?lag=0')).toBe(
        'n2 n3',
      );
    }
  });

  it('that is unknown while the primary is known to have written is over any limit', () => {
    const view = withMember(calm, 'n2', { lagBytes: undefined });
    expect(passing(view, 'replica?lag=1TB')).toBe('n3');
    expect(passing(view, 'replica')).toBe('n2 n3');
  });

  it('has the limit of a failover for readiness, and is measured by what was received with mode=write', () => {
    const applying = withMember(aView({ position: lsn(5_000_000) }), 'n2', {
      probe: said({
        kind: 'standby',
        at: ago(300),
        timeline: 3,
        receivePosition: lsn(4_999_000),
        replayPosition: lsn(5),
      }),
    });
    expect(passing(applying, 'readiness')).toBe('n1 n3');
    expect(passing(applying, 'readiness?lag=16MB')).toBe('n1 n2 n3');
    expect(passing(applying, 'readiness?mode=write')).toBe('n1 n2 n3');
    expect(passing(applying, 'readiness?mode=write&lag=999')).toBe('n1 n3');
  });
});

describe('tags', () => {
  const tagged = withMember(calm, 'n2', { tags: { ...noTags, custom: { zone: 'eu' } } });

  it.each([
    ['replica', 'n2'],
    ['read-only', 'n2'],
    ['async', 'n2'],
    ['health', 'n2'],
    // Authority has nothing to do with tags.
    ['primary', 'n1'],
    ['leader', 'n1'],
    ['liveness', 'n1 n2 n3'],
  ])('are looked at by %s: %s', (kind, names) => {
    expect(passing(tagged, `${kind}?tag_zone=eu`)).toBe(names);
  });
});

describe('what is older than max_age', () => {
  const old = (answered: number) =>
    aView({
      confirmedAt: ago(maxAgeMs + 1),
      members: ['n1', 'n2'].map((name) => aMember(name, { probe: said(standbyAt(ago(answered))) })),
    });

  it('is no fact any more; the younger of view and answer counts', () => {
    expect(passing(old(maxAgeMs + 1), 'replica')).toBe('');
    expect(passing(old(maxAgeMs), 'replica')).toBe('n1 n2');
    expect(ask(old(maxAgeMs + 1), 'n2', 'health')).toMatchObject({
      status: 503,
      standing: 'neither',
      reason: 'what is known of it is 30001 ms old; http.max_age is 30000 ms',
      body: { pgrouted: { age_ms: 30_001 } },
    });
  });
});

describe('a name', () => {
  const standbyView = withMember(calm, 'n1', { role: 'replica', probe: said(standbyAt(ago(100))) });
  const other = { spec: aSpec({ name: 'other' }), view: { ...standbyView, leadership: heldBy('n2') } };
  const two = [{ spec: aSpec(), view: calm }, other];
  const asked = (kind: string, cluster?: string, member = 'n1') =>
    checkOf({ member, kind, query: cluster === undefined ? [] : [['cluster', cluster]] }, two, now, maxAgeMs);

  it('that nobody bears has no answer', () => {
    expect(ask(calm, 'n9', 'primary')).toBeUndefined();
    expect(asked('primary', 'third')).toBeUndefined();
  });

  it('in several clusters is told apart by the cluster', () => {
    expect(asked('primary', 'demo')?.status).toBe(200);
    expect(asked('primary', 'other')?.status).toBe(503);
  });

  it('in several clusters has an answer where they agree, and none where they differ', () => {
    expect(asked('primary')).toBeUndefined();
    expect(asked('health')).toMatchObject({ status: 200, standing: 'neither' });
    expect(asked('replica', undefined, 'n3')).toMatchObject({ status: 200, standing: 'standby' });
  });
});

describe('the body of a check', () => {
  it("tells what the member is in Patroni's words, and why", () => {
    const view = withMember(calm, 'n1', {
      pendingRestart: true,
      tags: { ...noTags, nofailover: true, custom: { zone: 'eu' } },
      probe: said(primaryAt(ago(200), 5_000, 4)),
    });
    expect(JSON.parse(JSON.stringify(ask(view, 'n1', 'leader')?.body))).toEqual({
      state: 'running',
      role: 'primary',
      timeline: 4,
      xlog: { location: 5_000 },
      pending_restart: true,
      tags: { zone: 'eu', nofailover: true },
      patroni: { version: '4.1.4', scope: 'demo', name: 'n1' },
      pgrouted: { cluster: 'demo', source: 'patroni', reason: 'n1 is the leader', age_ms: 100 },
    });
  });

  it.each<[what: string, view: ClusterView, member: string, words: Readonly<Record<string, unknown>>]>([
    [
      'a standby',
      withMember(calm, 'n2', { probe: said(standbyAt(ago(9), 4_000)) }),
      'n2',
      { role: 'replica', xlog: { replayed_location: 4_000 } },
    ],
    ['a leader of standbys', standbyCluster, 'n1', { role: 'standby_leader' }],
    ['a synchronous standby', inMode('on', 'sync'), 'n2', { sync_standby: true }],
    ['one in the quorum', inMode('quorum', 'quorum'), 'n2', { quorum_standby: true }],
    ['one that has crashed', n1(said(failing('down'))), 'n1', { state: 'unknown', role: 'primary' }],
    ['one that stops', n1(said(failing('stopping'))), 'n1', { state: 'stopping' }],
    ['one that is promoted', withMember(withoutProbes(calm), 'n2', { role: 'promoting' }), 'n2', { role: 'promoted' }],
    ['a paused cluster', aView({ settings: { ...defaultSettings, paused: true } }), 'n1', { pause: true }],
    ['a cluster without a leader', aView({ leadership: vacantAfter('n1') }), 'n2', { cluster_unlocked: true }],
  ])('of %s', (_what, view, member, words) => {
    expect(ask(view, member, 'health')?.body).toMatchObject(words);
  });
});

describe('where there is no Patroni', () => {
  it('Stolon gives a meaning to some', () => {
    const view = withMember(passive(), 'keeper3', { stolon: aDb({ dbUid: 'd3', keeperHealthy: false }) });
    const stolon = (kind: string) => passing(view, kind, stolonSpec());
    expect(stolon('primary')).toBe('keeper1');
    expect(stolon('leader')).toBe('keeper1');
    expect(stolon('replica')).toBe('keeper2');
    expect(stolon('read-only')).toBe('keeper1 keeper2');
    expect(stolon('health')).toBe('keeper1 keeper2 keeper3');
    expect(stolon('liveness')).toBe('keeper1 keeper2');
    for (const kind of ['sync', 'async', 'quorum', 'standby-leader', 'read-only-sync']) {
      expect(stolon(kind)).toBe('');
      expect(ask(view, 'keeper2', kind, stolonSpec())?.reason).toContain('Stolon');
    }
    expect(ask(view, 'keeper2', 'replica', stolonSpec())?.body).not.toHaveProperty('patroni.version');
  });

  const source: PostgresSpec = {
    kind: 'postgres',
    hosts: ['pg1', 'pg2', 'pg3', 'pg4'].map((name) => ({
      name,
      address: { host: '10.0.0.1', port: 5432 },
      connection: probeSpec,
    })),
  };
  const spec: ClusterSpec = { name: 'plain', source, probe: probeSpec, grace: 'auto', services: [] };
  const words = (pg1: ProbeState, pg2: ProbeState) =>
    postgresView(
      { name: 'plain', source },
      undefined,
      new Map([
        ['pg1', pg1],
        ['pg2', pg2],
        ['pg3', said(failing('denied'))],
        ['pg4', said(standbyAt(ago(1_500)), failing('silent'))],
      ]),
      3_000,
      now,
    );

  it("the servers' own words give a meaning to some", () => {
    const view = words(said(primaryAt(ago(200))), said(standbyAt(ago(300))));
    const plain = (kind: string) => passing(view, kind, spec);
    expect(plain('primary')).toBe('pg1');
    expect(plain('leader')).toBe('pg1');
    expect(plain('replica?lag=1')).toBe('pg2');
    expect(plain('read-only')).toBe('pg1 pg2');
    expect(plain('health')).toBe('pg1 pg2');
    expect(plain('liveness')).toBe('pg1 pg2');
    expect(plain('readiness')).toBe('pg1 pg2');
    expect(plain('async')).toBe('');
    expect(ask(view, 'pg3', 'replica', spec)).toMatchObject({
      reason: 'nothing is known of it yet',
      body: { pgrouted: { age_ms: null } },
    });
    expect(ask(view, 'pg4', 'replica', spec)?.reason).toBe('PostgreSQL of pg4 gives no answer: test: silent');
  });

  it('two servers that say primary are none', () => {
    const view = words(said(primaryAt(ago(200))), said(primaryAt(ago(300))));
    expect(passing(view, 'primary', spec)).toBe('');
    expect(passing(view, 'leader', spec)).toBe('');
    expect(passing(view, 'health', spec)).toBe('pg1 pg2');
  });
});
