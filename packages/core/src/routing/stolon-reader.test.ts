import { describe, expect, it } from 'vitest';
import {
  ago,
  decided,
  failing,
  now,
  primaryAt,
  reads,
  readsWithin,
  readWords,
  said,
  serviceOf,
  standbyAt,
  withMember,
  writes,
} from '../../test/cluster.ts';
import { aDb, byClusterData, named, passive, stolonSpec, withdrawn } from '../../test/stolon-cluster.ts';
import type { StolonMember } from '../model/proxies.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { lsn } from '../model/units.ts';
import type { ClusterView, Member } from '../model/view.ts';

const words = (view: ClusterView, member = 'keeper2', spec: ClusterSpec = stolonSpec()): string =>
  readWords(view, member, spec);
const standby = (changes: Partial<Member>, db: Partial<StolonMember> = {}, view = passive()): ClusterView =>
  withMember(view, 'keeper2', { stolon: aDb({ dbUid: 'd2', ...db }), ...changes });

describe('a keeper in a read service', () => {
  it.each<[string, Partial<Member>, Partial<StolonMember>, string]>([
    ['whose db is a standby', {}, {}, 'ready replica_within_lag'],
    ['not asked yet', { probe: undefined }, {}, 'ready replica_within_lag'],
    ['silent', { probe: said(failing('silent')) }, {}, 'ready replica_within_lag'],
    ['behind a change of its spec', {}, { generation: 9, currentGeneration: 8 }, 'ready replica_within_lag'],
    ['built by resync long ago', {}, { initMode: 'resync', generation: 2 }, 'ready replica_within_lag'],
    ['the operator wants to fail it', {}, { forceFail: true }, 'ready replica_within_lag'],
    ['that is gone from clusterdata', { present: false }, {}, 'drain replica_record_gone'],
    [
      'with a record that can not be read',
      { problem: { key: 'k', error: 'e', member: 'keeper2' } },
      {},
      'drain record_unreadable',
    ],
    ['down by probe', { probe: said(failing('down')) }, {}, 'maint replica_down'],
    ['starting by probe', { probe: said(failing('starting')) }, {}, 'maint replica_starting'],
    ['stopping by probe', { probe: said(failing('stopping')) }, {}, 'maint replica_shutting_down'],
    ['primary by probe', { probe: said(primaryAt(ago(50))) }, {}, 'maint primary_without_authority'],
    ['without a db', { role: 'uninitialized', stolon: undefined }, {}, 'drain replica_without_db'],
    ['that follows outside', { role: 'standby_leader' }, { follows: 'external' }, 'maint replica_follows_outside'],
    ['that was master', { role: 'demoted' }, { specRole: 'master', follows: undefined }, 'maint replica_role'],
    ['that is held for dead', { running: false }, { keeperHealthy: false }, 'drain replica_keeper_unhealthy'],
    ['whose db has failed', { running: false }, { dbHealthy: false }, 'maint replica_db_unhealthy'],
    ['that has never converged', { running: false }, { currentGeneration: 0 }, 'maint replica_being_built'],
    [
      'under resync',
      { running: false },
      { initMode: 'resync', generation: 1, currentGeneration: 1 },
      'maint replica_being_built',
    ],
    ['under pitr', {}, { initMode: 'pitr', generation: 1, currentGeneration: 1 }, 'maint replica_being_built'],
    ['being made', {}, { initMode: 'new', generation: 1, currentGeneration: 1 }, 'maint replica_being_built'],
    [
      'a db that was just added: healthy, and nothing else',
      { address: undefined },
      { currentGeneration: 0 },
      'maint replica_being_built',
    ],
    ['without an address', { address: undefined }, {}, 'drain replica_without_address'],
    ['not in use for another cause', { running: false, stateText: 'initializing' }, {}, 'maint replica_not_running'],
  ])('%s', (_, changes, db, expected) => {
    expect(words(standby(changes, db))).toBe(expected);
  });

  it('takes no reads as the named master, nor as the one that is about to be named', () => {
    expect(words(passive(), 'keeper1')).toBe('maint leader_takes_no_reads');
    const vacant = passive({ leadership: withdrawn('keeper1') });
    expect(words(standby({ role: 'promoting' }, {}, vacant))).toBe('maint replica_role');
    expect(words(standby({ role: 'promoting', probe: said(primaryAt(now)) }, {}, vacant))).toBe('maint replica_role');
    expect(words(standby({}, {}, passive({ leadership: named('keeper2') })))).toBe('maint leader_takes_no_reads');
  });

  it('takes none as the master of a standby cluster either', () => {
    const view = withMember(passive({ settings: { ...passive().settings, standbyCluster: true } }), 'keeper1', {
      role: 'standby_leader',
      probe: said(standbyAt(ago(100))),
    });
    expect(words(view, 'keeper1')).toBe('maint leader_takes_no_reads');
    expect(words(view)).toBe('ready replica_within_lag');
  });

  it('is not touched by the loss of the master, nor by a view that etcd does not confirm', () => {
    expect(words(passive({ leadership: withdrawn('keeper1') }))).toBe('ready replica_within_lag');
    expect(words(passive({ confirmedAt: ago(3_600_000) }))).toBe('ready replica_within_lag');
  });

  it('takes none before the cluster is initialized', () => {
    expect(words(passive({ initialized: false }))).toBe('drain not_initialized');
  });
});

describe('the lag of a keeper', () => {
  const by = (lagBytes: number | undefined, maxLagBytes?: number): string =>
    words(
      standby({ lagBytes, probe: undefined }),
      'keeper2',
      stolonSpec({ services: [writes, readsWithin(maxLagBytes)] }),
    );

  it("is limited by the cluster's maxStandbyLag unless the service has a limit of its own", () => {
    expect(by(1_232_896)).toBe('ready replica_within_lag');
    expect(by(1_232_897)).toBe('drain replica_lagging');
    expect(by(1_001, 1_000)).toBe('drain replica_lagging');
    expect(by(5_000_000, 10_000_000)).toBe('ready replica_within_lag');
    expect(by(undefined)).toBe('drain replica_lag_unknown');
  });

  it('is told with its limit', () => {
    const service = serviceOf(decided(standby({ lagBytes: 12, probe: undefined }), byClusterData), 'replica');
    expect(service.verdicts[1]?.reason.facts).toEqual({
      member: 'keeper2',
      lag: '12 bytes',
      lag_bytes: 12,
      limit: '1232896 bytes',
      max_lag_bytes: 1_232_896,
      source: 'stolon',
    });
  });

  it('is what has been replayed, where the probe tells: clusterdata knows only what was received', () => {
    const view = withMember(passive({ position: lsn(9_000_000) }), 'keeper1', {
      probe: said(primaryAt(ago(10), 9_000_000)),
    });
    expect(words(standby({ lagBytes: 0, probe: said(standbyAt(ago(5), 100)) }, {}, view))).toBe(
      'drain replica_lagging',
    );
    expect(words(standby({ lagBytes: 0, probe: said(standbyAt(ago(3_000), 100), failing('silent')) }, {}, view))).toBe(
      'ready replica_within_lag',
    );
  });
});

describe('the timeline of a keeper', () => {
  const on = (timeline: number, seenAgo: number): string =>
    words(
      standby({ timeline, probe: undefined }, {}, passive({ leadership: named('keeper1', { seenAt: ago(seenAgo) }) })),
    );

  it("is the master's, or a lower one for fifteen seconds after a failover", () => {
    expect(on(3, 60_000)).toBe('ready replica_within_lag');
    expect(on(2, 14_999)).toBe('ready replica_within_lag');
    expect(on(2, 15_000)).toBe('drain replica_timeline_behind');
    expect(on(4, 60_000)).toBe('maint replica_timeline_ahead');
  });
});

describe('reads while clusterdata is of no use', () => {
  const problem = { kind: 'unreadable', key: 'stolon/cluster/demo/clusterdata', error: 'not JSON' } as const;

  it('are decided on what is known', () => {
    expect(words(passive({}, { problem }))).toBe('ready replica_within_lag');
    expect(words(standby({ probe: said(failing('down')) }, {}, passive({}, { problem })))).toBe('maint replica_down');
  });

  it('stay as they are where nothing was ever known', () => {
    const blank = passive({ initialized: false, members: [], leadership: withdrawn(undefined) }, { problem });
    expect(serviceOf(decided(blank, stolonSpec()), 'replica')).toMatchObject({
      undecided: true,
      reason: { code: 'clusterdata_unreadable' },
    });
    expect(serviceOf(decided(blank, stolonSpec()), 'primary').undecided).toBe(false);
  });
});

it('falls back to the master, if it is proven, where no standby can take reads', () => {
  const spec = stolonSpec({ services: [writes, { ...reads, fallback: 'primary' }] });
  const alone = { ...passive(), members: passive().members.slice(0, 1) };
  expect(words(alone, 'keeper1', spec)).toBe('ready fallback_to_primary');
  const unproven = withMember(alone, 'keeper1', { probe: said(standbyAt(ago(10))) });
  expect(words(unproven, 'keeper1', spec)).toBe('maint leader_takes_no_reads');
});
