import { describe, expect, it } from 'vitest';
import { ago, failing, now, primaryAt, probeSpec, said, standbyAt, withMember } from '../../test/cluster.ts';
import { stolonCluster, withdrawn } from '../../test/stolon-cluster.ts';
import type { Decision } from '../model/decision.ts';
import { withProbes } from '../model/overlay.ts';
import type { ProbeState } from '../model/probe.ts';
import { reason } from '../model/reason.ts';
import { serviceDefaults } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { millis, revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { patroniView } from '../patroni/view.ts';
import { postgresView } from '../postgres/view.ts';
import { decide } from '../routing/decide.ts';
import { alarmChanges, changesBetween } from './changes.ts';
import { closedWrites, desiredOf, sameDesired } from './desired-of.ts';
import type { NewEntry } from './journal.ts';

const spec: ClusterSpec = {
  name: 'orders',
  source: { kind: 'patroni', scope: 'orders', namespace: '/service' },
  probe: undefined,
  grace: 'auto',
  services: [
    { ...serviceDefaults, name: 'primary', backends: ['rw'], role: 'primary', outage: { kind: 'auto' } },
    {
      ...serviceDefaults,
      name: 'replica',
      backends: ['ro'],
      role: 'replica',
      fallback: 'primary',
      outage: { kind: 'hold', forMs: undefined },
    },
  ],
};

const member = (role: string, port: number) =>
  JSON.stringify({
    conn_url: `postgres://10.0.0.1:${port}/postgres`,
    api_url: 'http://10.0.0.1:8008/patroni',
    state: 'running',
    role,
    version: '3.0.2',
    xlog_location: 1000,
    timeline: 1,
  });

const healthy = {
  initialize: '7710219912996130783',
  config: '{"ttl":30,"loop_wait":10,"retry_timeout":10,"synchronous_mode":false,"failsafe_mode":false,"pause":false}',
  leader: 'n1',
  'members/n1': member('master', 5432),
  'members/n2': member('replica', 5433),
};

/** The view of these records, written in this order from `first` on. */
function viewOf(records: Readonly<Record<string, string>>, first: number, before?: ClusterView): ClusterView {
  const entries = new Map(
    Object.entries(records).map(([key, value], index) => [
      `/service/orders/${key}`,
      { value, modRevision: revision(first + index), createRevision: revision(first + index), lease: '0' },
    ]),
  );
  const at = millis(first * 1000);
  return patroniView(
    'orders',
    '/service/orders/',
    { revision: revision(first + entries.size), confirmedAt: at, entries },
    before,
    at,
  );
}

const decided = (view: ClusterView): Decision => decide(view, spec, view.confirmedAt);

describe('changesBetween', () => {
  it('tells the first look in full: the leader, the members, each decision with its reason', () => {
    const view = viewOf(healthy, 1);
    const entries = changesBetween(undefined, view, undefined, decided(view));
    expect(entries.filter(({ kind }) => kind === 'leader')).toMatchObject([{ to: 'n1', cluster: 'orders' }]);
    expect(entries.filter(({ kind }) => kind === 'member').map(({ member }) => member)).toEqual(['n1', 'n2']);
    expect(entries.filter(({ kind }) => kind === 'decision')).toHaveLength(4);
    expect(entries.find(({ service, state }) => service === 'primary' && state === 'ready')).toMatchObject({
      member: 'n1',
      reason: { code: 'leader_proven_by_record' },
    });
  });

  it('is silent when nothing has changed', () => {
    const view = viewOf(healthy, 1);
    expect(changesBetween(view, view, decided(view), decided(view))).toEqual([]);
  });

  it('tells that the leader key went, who held it, and what follows for the service', () => {
    const before = viewOf(healthy, 1);
    const { leader: _, ...without } = healthy;
    const view = viewOf(without, 20, before);
    const entries = changesBetween(before, view, decided(before), decided(view));
    expect(entries.find(({ kind }) => kind === 'leader')).toMatchObject({ from: 'n1' });
    expect(entries.find(({ service }) => service === 'primary')).toMatchObject({ member: 'n1', from: 'ready' });
  });

  it('tells the naming of a master by Stolon in its words', () => {
    const told = (before: ClusterView | undefined, view: ClusterView) =>
      changesBetween(before, view, undefined, decided(view))
        .filter(({ kind }) => kind === 'leader' || kind === 'member')
        .map(({ text }) => text);
    const view = stolonCluster();
    expect(told(undefined, view)[0]).toBe('Stolon names keeper1 as master');
    expect(told(view, { ...view, leadership: withdrawn('keeper1') })).toEqual([
      'Stolon has withdrawn the master keeper1',
    ]);
    expect(told(undefined, { ...view, leadership: withdrawn(undefined) })[0]).toBe('Stolon names no master');
    expect(told(view, withMember(view, 'keeper3', { present: false }))).toEqual([
      'keeper3: its keeper is no longer in clusterdata',
    ]);
  });

  it('tells once that a PostgreSQL says something else than before', () => {
    const before = viewOf(healthy, 1);
    const answer = {
      kind: 'standby',
      at: millis(1),
      timeline: 1,
      receivePosition: undefined,
      replayPosition: undefined,
    } as const;
    const view = withProbes(before, new Map([['n2', { latest: answer, lastAnswer: answer }]]));
    expect(changesBetween(before, view, decided(before), decided(view))).toMatchObject([
      { kind: 'probe', member: 'n2', to: 'standby' },
    ]);
    expect(changesBetween(view, view, decided(view), decided(view))).toEqual([]);
  });
});

describe('alarmChanges', () => {
  const remains = (sessions: number) => reason('sessions_remain', { backend: 'rw', sessions });

  it('takes an alarm for the same while it is about the same, whatever its figures', () => {
    expect(alarmChanges(undefined, [remains(3)], [remains(2)], 'edge')).toEqual([]);
  });

  it('tells the beginning and the end', () => {
    expect(alarmChanges('orders', [], [remains(3)], 'edge')).toMatchObject([
      { kind: 'alarm', cluster: 'orders', target: 'edge', reason: { code: 'sessions_remain' } },
    ]);
    expect(alarmChanges('orders', [remains(3)], [])).toMatchObject([{ kind: 'alarm_over' }]);
  });
});

describe('desiredOf', () => {
  it('names every member of every service with its address', () => {
    const view = viewOf(healthy, 1);
    expect(desiredOf(decided(view), view, spec)).toMatchObject([
      {
        backend: 'rw',
        exclusive: true,
        servers: [
          { member: 'n1', address: { host: '10.0.0.1', port: 5432 }, state: 'ready' },
          { member: 'n2', address: { host: '10.0.0.1', port: 5433 }, state: 'maint' },
        ],
      },
      {
        backend: 'ro',
        exclusive: false,
        servers: [
          { member: 'n1', address: { host: '10.0.0.1', port: 5432 }, state: 'maint' },
          { member: 'n2', address: { host: '10.0.0.1', port: 5433 }, state: 'ready' },
        ],
      },
    ]);
  });

  it('leaves out what is undecided, so that a target keeps what it holds', () => {
    const view = viewOf(healthy, 1);
    const decision = decided(view);
    const undecided = {
      ...decision,
      services: decision.services.map((service) => ({ ...service, undecided: service.role === 'primary' })),
    };
    expect(desiredOf(undecided, view, spec).map(({ backend }) => backend)).toEqual(['ro']);
  });

  it('is the same only while every state and address is', () => {
    const view = viewOf(healthy, 1);
    const desired = desiredOf(decided(view), view, spec);
    expect(sameDesired(desired, desiredOf(decided(view), view, spec))).toBe(true);
    const moved = viewOf({ ...healthy, 'members/n2': member('replica', 6000) }, 20, view);
    expect(sameDesired(desired, desiredOf(decided(moved), moved, spec))).toBe(false);
    expect(sameDesired(desired, closedWrites(spec))).toBe(false);
  });
});

describe('closedWrites', () => {
  it('asks for nobody in the write services and does not name the read services', () => {
    expect(closedWrites(spec)).toMatchObject([{ backend: 'rw', exclusive: true, servers: [] }]);
  });
});

describe('changes where nobody manages the servers', () => {
  const hosts = ['pg1', 'pg2'].map((name, i) => ({
    name,
    address: { host: '10.0.0.1', port: 5432 + i },
    connection: probeSpec,
  }));
  const source = { kind: 'postgres', hosts } as const;
  const own: ClusterSpec = { ...spec, source, probe: probeSpec };
  const seen = (probes: Readonly<Record<string, ProbeState>>, before?: ClusterView): ClusterView =>
    postgresView({ name: 'orders', source }, before, new Map(Object.entries(probes)), 3_000, now);
  const told = (before: ClusterView | undefined, view: ClusterView) =>
    changesBetween(before, view, before === undefined ? undefined : decide(before, own, now), decide(view, own, now));
  const texts = (before: ClusterView | undefined, view: ClusterView, kind: NewEntry['kind']) =>
    told(before, view).flatMap((entry) => (entry.kind === kind ? [entry.text] : []));
  const first = seen({ pg1: said(primaryAt(ago(100))), pg2: said(standbyAt(ago(90))) });

  it('are told in the words of the servers, each once', () => {
    expect(texts(undefined, first, 'leader')).toEqual(['PostgreSQL of pg1 alone says that it is primary']);
    expect(texts(undefined, first, 'probe')).toEqual(['PostgreSQL of pg1: primary', 'PostgreSQL of pg2: standby']);
    expect(texts(undefined, first, 'member')).toEqual([]);
    expect(told(first, first)).toEqual([]);
  });

  it('name all who claim to be primary, or who was it last', () => {
    const both = seen({ pg1: said(primaryAt(ago(100))), pg2: said(primaryAt(ago(10))) }, first);
    expect(texts(first, both, 'leader')).toEqual([
      'PostgreSQL of pg1 and of pg2 say that they are primary: nobody is taken for it',
    ]);
    const none = seen(
      { pg1: said(primaryAt(ago(100)), failing('down', ago(5))), pg2: said(standbyAt(ago(90))) },
      first,
    );
    expect(texts(first, none, 'leader')).toEqual(['no PostgreSQL alone says that it is primary; pg1 did so last']);
  });

  it('speak of no key, no record and no etcd', () => {
    const none = seen(
      { pg1: said(primaryAt(ago(100)), failing('down', ago(5))), pg2: said(standbyAt(ago(90))) },
      first,
    );
    const all = [...told(undefined, first), ...told(first, none)].map(({ text }) => text);
    expect(all.length).toBeGreaterThan(4);
    expect(all.join('\n')).not.toMatch(/leader key|record|etcd|Patroni|Stolon/i);
  });
});
