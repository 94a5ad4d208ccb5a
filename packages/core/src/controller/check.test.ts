import { describe, expect, it } from 'vitest';
import {
  ask,
  calm,
  inMode,
  maxAgeMs,
  n1,
  passing,
  standbyCluster,
  withoutProbes,
} from '../../test/check-situations.ts';
import {
  ago,
  aMember,
  aSpec,
  aView,
  failing,
  heldBy,
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
import { type ClusterView, noTags } from '../model/view.ts';
import { defaultSettings } from '../patroni/settings.ts';
import { postgresView } from '../postgres/view.ts';
import { checkOf } from './check.ts';

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
    expect(asked('health')).toMatchObject({
      status: 200,
      standing: 'neither',
      reason: expect.stringContaining('?cluster='),
    });
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
      reason: 'PostgreSQL of pg3 turns pgrouted away: test: denied',
      body: { pgrouted: { age_ms: null } },
    });
    expect(ask(view, 'pg4', 'replica', spec)?.reason).toBe('PostgreSQL of pg4 gives no answer: test: silent');
  });

  it('two servers that say primary are none', () => {
    const view = words(said(primaryAt(ago(200))), said(primaryAt(ago(300))));
    expect(passing(view, 'primary', spec)).toBe('');
    expect(passing(view, 'leader', spec)).toBe('');
    expect(passing(view, 'health', spec)).toBe('pg1 pg2');
    expect(ask(view, 'pg1', 'read-only', spec)).toMatchObject({
      standing: 'neither',
      reason: expect.stringContaining('pg1 and pg2'),
    });
  });
});
