import { describe, expect, it } from 'vitest';
import {
  ago,
  aMember,
  aSpec,
  aView,
  byRecords,
  decided,
  failing,
  heldBy,
  now,
  primaryAt,
  reads,
  readsWithin,
  readWords,
  said,
  serviceOf,
  standbyAt,
  vacantAfter,
  withMember,
  writes,
} from '../../test/cluster.ts';
import type { StoredClusterSpec } from '../model/spec.ts';
import { lsn, revision } from '../model/units.ts';
import type { ClusterView, Member } from '../model/view.ts';

const words = (changes: Partial<Member>, spec = aSpec()): string =>
  readWords(withMember(aView(), 'n2', changes), 'n2', spec);
const noOne = { noloadbalance: false, nofailover: false, nosync: false, custom: {} };

describe('a standby in a read service', () => {
  it.each([
    ['running', {}, 'ready replica_ok'],
    ['streaming', { replicationState: 'streaming' }, 'ready replica_ok'],
    ['with nofailover and nosync', { tags: { ...noOne, nofailover: true, nosync: true } }, 'ready replica_ok'],
    ['not asked yet', { probe: undefined }, 'ready replica_ok'],
    ['silent', { probe: said(failing('silent')) }, 'ready replica_ok'],
    ['denied', { probe: said(failing('denied')) }, 'ready replica_ok'],
    ['with noloadbalance', { tags: { ...noOne, noloadbalance: true } }, 'drain replica_noloadbalance'],
    ['restoring from the archive', { replicationState: 'in archive recovery' }, 'drain replica_not_streaming'],
    ['starting', { running: false, stateText: 'starting' }, 'maint replica_not_running'],
    ['being created', { running: false, role: 'uninitialized', stateText: 'creating replica' }, 'maint replica_role'],
    ['demoted', { role: 'demoted' }, 'maint replica_role'],
    ['leading a standby cluster that is none', { role: 'standby_leader' }, 'maint replica_role'],
    ['without a record', { present: false }, 'drain replica_record_gone'],
    [
      'with a record that can not be read',
      { problem: { key: 'k', error: 'e', member: 'n2' } },
      'drain record_unreadable',
    ],
    ['down by probe', { probe: said(failing('down')) }, 'maint replica_down'],
    ['starting by probe', { probe: said(failing('starting')) }, 'maint replica_starting'],
    ['stopping by probe', { probe: said(failing('stopping')) }, 'maint replica_shutting_down'],
    ['primary by probe', { probe: said(primaryAt(ago(50))) }, 'maint primary_without_authority'],
    [
      'primary by record',
      { role: 'primary', recordRevision: revision(55), probe: undefined },
      'maint primary_without_authority',
    ],
  ] as const)('%s', (_, changes, expected) => {
    expect(words(changes)).toBe(expected);
  });

  it('is not touched by a view that etcd does not confirm; probes still take it out', () => {
    const blind = aView({ confirmedAt: ago(3_600_000) });
    expect(readWords(blind, 'n2')).toBe('ready replica_ok');
    expect(readWords(withMember(blind, 'n2', { probe: said(failing('down')) }), 'n2')).toBe('maint replica_down');
  });

  it('is not touched by the loss of the leader', () => {
    expect(readWords(aView({ leadership: vacantAfter('n1') }), 'n2')).toBe('ready replica_ok');
  });

  it('leaves when it is named leader', () => {
    expect(readWords(aView({ leadership: heldBy('n2') }), 'n2')).toBe('maint leader_takes_no_reads');
  });

  it('takes none before the cluster is initialized', () => {
    expect(readWords(aView({ initialized: false }), 'n2')).toBe('drain not_initialized');
  });
});

describe('a standby cluster', () => {
  const view = withMember(aView({ settings: { ...aView().settings, standbyCluster: true } }), 'n1', {
    role: 'standby_leader',
    probe: said(standbyAt(ago(100))),
  });

  it('lets its leader take reads, with a lag limit too', () => {
    expect(readWords(view, 'n1')).toBe('ready replica_ok');
    expect(readWords(view, 'n1', aSpec({ services: [readsWithin(1)] }))).toBe('ready replica_within_lag');
  });
});

describe('the lag of a standby', () => {
  const limited = (spec: Partial<StoredClusterSpec> = {}): StoredClusterSpec =>
    aSpec({ services: [writes, readsWithin(1_000)], ...spec });
  const lagging = (changes: Partial<Member>, view: Partial<ClusterView> = {}, spec = limited()): string =>
    readWords(withMember(aView(view), 'n2', { probe: undefined, ...changes }), 'n2', spec);

  it.each([
    [0, 'ready replica_within_lag'],
    [1_000, 'ready replica_within_lag'],
    [1_001, 'drain replica_lagging'],
    [undefined, 'drain replica_lag_unknown'],
  ])('by record %s', (lagBytes, expected) => {
    expect(lagging({ lagBytes })).toBe(expected);
  });

  it('does not matter without a limit', () => {
    expect(lagging({ lagBytes: undefined }, {}, aSpec())).toBe('ready replica_ok');
  });

  it('by record is not counted against a position of the primary that is a moment younger than the record', () => {
    const overtaken = { statusWritten: { revision: revision(59), seenAt: ago(999) } };
    expect(lagging({ lagBytes: 5_000, lagBytesWhenWritten: 10 }, overtaken)).toBe('ready replica_within_lag');
    const longAgo = { statusWritten: { revision: revision(59), seenAt: ago(1_000) } };
    expect(lagging({ lagBytes: 5_000, lagBytesWhenWritten: 10 }, longAgo)).toBe('drain replica_lagging');
  });

  it('by probe is what has been replayed against what the primary has written by its own probe', () => {
    const view = withMember(aView(), 'n1', { probe: said(primaryAt(ago(10), 9_000)) });
    const at = (replay: number): string =>
      readWords(withMember(view, 'n2', { probe: said(standbyAt(ago(5), replay)) }), 'n2', limited());
    expect(at(8_000)).toBe('ready replica_within_lag');
    expect(at(7_999)).toBe('drain replica_lagging');
  });

  it('by probe against the records when the primary has not been asked', () => {
    const view = withMember(aView({ position: lsn(9_000) }), 'n1', { probe: said(failing('denied')) });
    expect(readWords(withMember(view, 'n2', { probe: said(standbyAt(ago(5), 100)) }), 'n2', limited())).toBe(
      'drain replica_lagging',
    );
  });

  it('falls back to the record when the last answer is old', () => {
    const probe = said(standbyAt(ago(3_000), 100), failing('silent'));
    expect(lagging({ probe, lagBytes: 10 }, { position: lsn(9_000) })).toBe('ready replica_within_lag');
  });
});

describe('the timeline of a standby', () => {
  const proven = aView({ leadership: heldBy('n1', { seenAt: ago(60_000) }), timelineSeenAt: ago(59_000) });
  const on = (timeline: number | undefined, view = proven): string =>
    readWords(withMember(view, 'n2', { timeline, probe: undefined }), 'n2');

  it.each([
    ['the same', 3, 'ready replica_ok'],
    ['not known', undefined, 'ready replica_ok'],
    ['lower', 2, 'drain replica_timeline_behind'],
    ['higher: another history', 4, 'maint replica_timeline_ahead'],
  ])('%s', (_, timeline, expected) => {
    expect(on(timeline)).toBe(expected);
  });

  it('may be lower for a loop and five seconds after a failover', () => {
    expect(on(2, aView({ leadership: heldBy('n1', { seenAt: ago(14_999) }) }))).toBe('ready replica_ok');
    expect(on(2, aView({ leadership: heldBy('n1', { seenAt: ago(15_000) }) }))).toBe('drain replica_timeline_behind');
    expect(on(2, { ...proven, timelineSeenAt: ago(14_999) })).toBe('ready replica_ok');
  });

  it('is compared with the leader, even where that went back to a lower one', () => {
    const wentBack = withMember({ ...proven, timeline: 4 }, 'n1', { timeline: 3 });
    expect(on(3, wentBack)).toBe('ready replica_ok');
    expect(on(4, wentBack)).toBe('maint replica_timeline_ahead');
    expect(decided(wentBack).alarms).toEqual([
      { code: 'timeline_went_back', facts: { member: 'n1', timeline: 3, known_timeline: 4 } },
    ]);
  });

  it('is compared with what the leader has said since it was named, not with what it said before', () => {
    const saidThen = (at: number) =>
      withMember(proven, 'n1', { probe: said(primaryAt(ago(at), undefined, 4), failing('silent')) });
    expect(on(3, saidThen(60_001))).toBe('ready replica_ok');
    expect(on(3, saidThen(60_000))).toBe('drain replica_timeline_behind');
  });

  it('is not judged too high before the leader has told its own', () => {
    expect(on(4, withMember(proven, 'n1', { role: 'replica' }))).toBe('ready replica_ok');
  });
});

describe('reads when no standby can take them', () => {
  const fallback = aSpec({ services: [writes, { ...reads, fallback: 'primary' }] });
  const alone = (changes: Partial<ClusterView> = {}): ClusterView => ({
    ...aView(changes),
    members: aView().members.slice(0, 1),
  });

  it('go to the primary where that is wished for, noloadbalance or not', () => {
    const view = withMember(alone(), 'n1', { tags: { ...noOne, noloadbalance: true } });
    expect(readWords(view, 'n1', fallback)).toBe('ready fallback_to_primary');
    expect(serviceOf(decided(view, fallback), 'replica').reason.code).toBe('read_on_primary');
  });

  it('go to nobody otherwise', () => {
    expect(readWords(alone(), 'n1')).toBe('maint leader_takes_no_reads');
    expect(serviceOf(decided(alone()), 'replica').reason.code).toBe('read_closed');
  });

  it('come back from the primary as soon as there is one', () => {
    const view = { ...alone(), members: [...alone().members, aMember('n2')] };
    expect(readWords(view, 'n1', fallback)).toBe('maint leader_takes_no_reads');
  });

  it('do not go to a leader that is not proven', () => {
    const view = withMember(alone(), 'n1', { probe: said(standbyAt(now)) });
    expect(readWords(view, 'n1', fallback)).toBe('maint leader_takes_no_reads');
  });

  it('stay on the primary when the grace for its writes is over: only etcd is missing', () => {
    expect(readWords(alone({ confirmedAt: ago(60_000) }), 'n1', fallback)).toBe('ready fallback_to_primary');
    expect(readWords(alone({ confirmedAt: ago(60_000) }), 'n1', { ...fallback, probe: undefined })).toBe(
      'ready fallback_to_primary',
    );
  });

  it('stay as they are until the first probe of the leader has answered', () => {
    const first = withMember(alone({ leadership: heldBy('n1', { origin: 'found', seenAt: now }) }), 'n1', {
      probe: undefined,
    });
    expect(serviceOf(decided(first, fallback), 'replica').undecided).toBe(true);
    expect(serviceOf(decided(first), 'replica').undecided).toBe(false);
  });

  it('work without any write service', () => {
    expect(readWords(alone(), 'n1', { ...byRecords, services: [{ ...reads, fallback: 'primary' }] })).toBe(
      'ready fallback_to_primary',
    );
  });
});
