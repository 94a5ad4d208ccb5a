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
  later,
  now,
  primaryAt,
  said,
  serviceOf,
  standbyAt,
  withMember,
  writeWords,
} from '../../test/cluster.ts';
import { revision } from '../model/units.ts';
import type { ClusterView, Member } from '../model/view.ts';

const leaderWith = (changes: Partial<Member>, view: ClusterView = aView()): ClusterView =>
  withMember(view, 'n1', changes);

/** n2 was named 100 ms ago; it was a standby until then. */
const promoting = (changes: Partial<Member> = {}): ClusterView =>
  withMember(
    aView({
      leadership: heldBy('n2', {
        seenAt: ago(100),
        revision: revision(70),
        recordProofSince: undefined,
        recordsFrom: revision(70),
      }),
    }),
    'n2',
    changes,
  );

describe('the holder of the leader key, with a probe', () => {
  it('is let in when PostgreSQL says, asked after the naming, that it is not in recovery', () => {
    expect(writeWords(promoting({ probe: said(standbyAt(ago(500)), primaryAt(ago(20))) }), 'n2')).toBe(
      'ready leader_proven',
    );
  });

  it('is let in by the probe long before its record says so', () => {
    const view = promoting({ role: 'replica', probe: said(primaryAt(ago(20))) });
    expect(writeWords(view, 'n2')).toBe('ready leader_proven');
  });

  it.each([
    ['an answer from before the naming', said(primaryAt(ago(101))), 'maint leader_awaits_proof'],
    ['no answer yet', undefined, 'maint leader_awaits_proof'],
    ['still in recovery', said(standbyAt(ago(20))), 'maint leader_in_recovery'],
    ['starting', said(failing('starting')), 'maint leader_starting'],
    ['shutting down', said(failing('stopping')), 'maint leader_shutting_down'],
    ['nobody there', said(failing('down')), 'maint leader_down'],
    ['silent from the start', said(failing('silent')), 'maint leader_unreachable'],
    ['denied from the start', said(failing('denied')), 'maint leader_unreachable'],
    ['a standby that fell silent', said(standbyAt(ago(90)), failing('silent')), 'maint leader_unreachable'],
  ])('is not let in on %s', (_, probe, words) => {
    const view = promoting({ probe });
    expect(writeWords(view, 'n2')).toBe(words);
    expect(decided(view).probeHard).toEqual(['n2']);
  });

  it('is not let in because its record claims to be primary', () => {
    expect(
      writeWords(promoting({ role: 'primary', recordRevision: revision(80), probe: said(standbyAt(ago(20))) }), 'n2'),
    ).toBe('maint leader_in_recovery');
  });

  it('stays when it has proven itself and falls silent: an overloaded primary must not be closed', () => {
    const silent = said(primaryAt(ago(30_000)), failing('silent'));
    expect(writeWords(leaderWith({ probe: silent }))).toBe('ready leader_proven_silent');
    const denied = said(primaryAt(ago(30_000)), failing('denied'));
    expect(writeWords(leaderWith({ probe: denied }))).toBe('ready leader_proven_silent');
  });

  it('does not come back by silence after PostgreSQL was seen to go away', () => {
    const probe = said(primaryAt(ago(500)), failing('stopping', ago(300)), failing('silent', ago(100)));
    expect(writeWords(leaderWith({ probe }))).toBe('drain leader_unreachable');
  });

  it('keeps its sessions, but gets no new ones, when it goes away: they end by themselves, and it may be back in a moment', () => {
    expect(writeWords(leaderWith({ probe: said(primaryAt(ago(500)), failing('stopping')) }))).toBe(
      'drain leader_shutting_down',
    );
    expect(writeWords(leaderWith({ probe: said(primaryAt(ago(500)), failing('down')) }))).toBe('drain leader_down');
  });

  it('is out when it came back as a standby', () => {
    expect(writeWords(leaderWith({ probe: said(primaryAt(ago(500)), standbyAt(ago(100))) }))).toBe(
      'maint leader_in_recovery',
    );
  });

  it('is out without an alarm of its own when its record can not be read', () => {
    const problem = { key: '/service/demo/members/n1', error: 'not JSON', member: 'n1' };
    const view = { ...leaderWith({ problem, role: 'unknown', running: false }), problems: [problem] };
    expect(writeWords(view)).toBe('maint record_unreadable');
    expect(decided(view).alarms.map(({ code }) => code)).toEqual(['record_unreadable']);
  });

  it('is judged by its last known address while its record is missing', () => {
    expect(writeWords(leaderWith({ present: false, goneSince: ago(40_000) }))).toBe('ready leader_proven');
  });

  it('that has no record at all closes the service and says so', () => {
    const decision = decided(aView({ leadership: heldBy('n9') }));
    expect(serviceOf(decision, 'primary').reason.code).toBe('leader_unknown');
    expect(serviceOf(decision, 'primary').verdicts.map(({ state }) => state)).toEqual(['maint', 'maint', 'maint']);
  });

  it('keeps its sessions when it got the key back and has not answered since', () => {
    const leadership = heldBy('n1', { origin: 'regained', seenAt: ago(5) });
    expect(writeWords(aView({ leadership }))).toBe('drain leader_awaits_proof');
    expect(writeWords(leaderWith({ probe: said(primaryAt(ago(2))) }, aView({ leadership })))).toBe(
      'ready leader_proven',
    );
  });
});

describe('the first look at a cluster', () => {
  const first = aView({ leadership: heldBy('n1', { origin: 'found', seenAt: ago(50) }) });

  it('leaves a write service as it is until the first probe has answered, for a second at most', () => {
    const view = leaderWith({ probe: undefined }, first);
    expect(serviceOf(decided(view), 'primary')).toMatchObject({ undecided: true, reason: { code: 'write_undecided' } });
    expect(decided(view).reviewAt).toBe(later(900));
    const second = { ...view, confirmedAt: later(900) };
    expect(serviceOf(decided(second, aSpec(), later(951)), 'primary').undecided).toBe(false);
  });

  it('never cuts the sessions of a leader that it can not reach', () => {
    const view = leaderWith({ probe: undefined }, first);
    expect(writeWords({ ...view, confirmedAt: later(5_000) }, 'n1', aSpec(), later(5_000))).toBe(
      'drain leader_awaits_proof',
    );
    expect(writeWords(leaderWith({ probe: said(failing('denied')) }, first))).toBe('drain leader_unreachable');
  });

  it('spares no sessions on a standby that fell silent', () => {
    const probe = said(standbyAt(ago(40)), failing('silent', ago(10)));
    expect(writeWords(leaderWith({ probe }, first))).toBe('maint leader_unreachable');
  });

  it('does not wait where the first answer is there', () => {
    const decision = decided(leaderWith({ probe: said(standbyAt(ago(10))) }, first));
    expect(serviceOf(decision, 'primary')).toMatchObject({ undecided: false, reason: { code: 'write_closed' } });
  });
});

describe('a bad record of the leader against an answer of PostgreSQL', () => {
  const crashed = { stateText: 'crashed', running: false, recordSeenAt: ago(1_000) } as const;
  const stopping = { stateText: 'stopping', running: false, recordSeenAt: ago(1_000) } as const;
  const demoted = { role: 'demoted', stateText: 'running', recordSeenAt: ago(1_000) } as const;
  const before = primaryAt(ago(1_500));

  it.each([
    ['crashed, asked before', crashed, said(before), 'drain leader_record_state'],
    [
      'crashed, asked after: it is back, the record is stale',
      crashed,
      said(before, primaryAt(ago(900))),
      'ready leader_proven',
    ],
    [
      'crashed, then silent',
      crashed,
      said(before, primaryAt(ago(900)), failing('silent')),
      'ready leader_proven_silent',
    ],
    ['crashed, down', crashed, said(before, failing('down')), 'maint leader_record_state'],
    [
      'stopping, asked just after: it is about to go',
      stopping,
      said(before, primaryAt(ago(900))),
      'drain leader_record_state',
    ],
    [
      'stopping, down, primary again',
      stopping,
      said(before, failing('down', ago(800)), primaryAt(ago(100))),
      'ready leader_proven',
    ],
    ['demoted, asked just after', demoted, said(before, primaryAt(ago(900))), 'drain leader_record_state'],
    [
      'demoted two seconds ago, still primary',
      { ...demoted, recordSeenAt: ago(2_000) },
      said(primaryAt(ago(3_000)), primaryAt(now)),
      'ready leader_proven',
    ],
  ])('%s', (_, record, probe, words) => {
    expect(writeWords(leaderWith({ ...record, probe }))).toBe(words);
  });
});

describe('the holder of the leader key, by records alone', () => {
  const words = (changes: Partial<Member>, view = aView()): string =>
    writeWords(leaderWith({ probe: undefined, ...changes }, view), 'n1', byRecords);

  it.each([
    ['running as primary, written after the naming', {}, 'ready leader_proven_by_record'],
    ['written before the naming', { recordRevision: revision(40) }, 'maint leader_record_older'],
    ['promoted: the promotion was issued, not done', { role: 'promoting' }, 'maint leader_record_not_primary'],
    ['still a replica', { role: 'replica' }, 'maint leader_record_not_primary'],
    ['crashed', { running: false, stateText: 'crashed' }, 'maint leader_record_not_primary'],
    ['restarting', { running: false, stateText: 'restarting' }, 'maint leader_record_not_primary'],
    [
      '2.1.4, first checkpoint awaited',
      { version: '2.1.4', checkpointPending: true },
      'maint leader_record_checkpoint',
    ],
    ['2.1.4, timeline not known', { version: '2.1.4', timeline: undefined }, 'maint leader_record_checkpoint'],
    ['2.1.4, first checkpoint done', { version: '2.1.4', checkpointPending: false }, 'ready leader_proven_by_record'],
    [
      'no version at all counts as old',
      { version: undefined, checkpointPending: true },
      'maint leader_record_checkpoint',
    ],
    ['3.0.2, first checkpoint awaited', { version: '3.0.2', checkpointPending: true }, 'ready leader_proven_by_record'],
    ['record gone for half a second', { present: false, goneSince: ago(500) }, 'ready leader_proven_by_record'],
    ['record gone for a second', { present: false, goneSince: ago(1_000) }, 'maint leader_record_gone'],
  ] as const)('%s', (_, changes, expected) => {
    expect(words(changes)).toBe(expected);
  });

  it('keeps its sessions when we found it leading with an older record', () => {
    const leadership = heldBy('n1', { origin: 'found' });
    expect(words({ recordRevision: revision(30) }, aView({ leadership }))).toBe('drain leader_record_older');
  });

  it('is still proven by the record of its earlier leadership when it got the key back', () => {
    const leadership = heldBy('n1', { origin: 'regained', revision: revision(58), recordsFrom: revision(40) });
    expect(words({ recordRevision: revision(50) }, aView({ leadership }))).toBe('ready leader_proven_by_record');
  });

  it('asks for no probes', () => {
    expect(decided(leaderWith({ role: 'replica' }), byRecords).probeHard).toEqual([]);
  });
});

describe('a planned switchover', () => {
  const planned = { from: 'n1', to: 'n2', scheduledAt: undefined };

  it('changes nothing until Patroni begins to stop the leader', () => {
    expect(writeWords(aView({ plannedSwitch: planned }))).toBe('ready leader_proven');
    expect(writeWords(aView({ plannedSwitch: { ...planned, scheduledAt: '2026-11-20T12:09:50+00:00' } }))).toBe(
      'ready leader_proven',
    );
  });

  it('drains the leader as soon as its record has lost its position, whatever the probe says', () => {
    const view = leaderWith({ position: undefined }, aView({ plannedSwitch: planned }));
    expect(writeWords(view)).toBe('drain switchover_begun');
    expect(writeWords(view, 'n1', byRecords)).toBe('drain switchover_begun');
  });

  it('asks its target hard', () => {
    expect(decided(leaderWith({ position: undefined }, aView({ plannedSwitch: planned }))).probeHard).toEqual(['n2']);
  });

  it('of which only the target is known drains the leader too', () => {
    const view = leaderWith({ position: undefined }, aView({ plannedSwitch: { ...planned, from: undefined } }));
    expect(writeWords(view)).toBe('drain switchover_begun');
  });

  it('that was called off lets the leader in again', () => {
    expect(writeWords(leaderWith({ position: undefined }, aView({ plannedSwitch: undefined })))).toBe(
      'ready leader_proven',
    );
    expect(writeWords(aView({ plannedSwitch: planned }))).toBe('ready leader_proven');
  });

  it.each([
    ['whose target has the key already', { ...planned, from: undefined, to: 'n1' }],
    ['from another member', { ...planned, from: 'n3', to: 'n2' }],
  ])('%s does not concern the leader', (_, plannedSwitch) => {
    expect(writeWords(leaderWith({ position: undefined }, aView({ plannedSwitch })))).toBe('ready leader_proven');
  });
});

describe('members that do not hold the leader key', () => {
  it('are out, and told who holds it', () => {
    const verdicts = serviceOf(decided(aView()), 'primary').verdicts;
    expect(verdicts[1]).toEqual({
      member: 'n2',
      state: 'maint',
      reason: { code: 'not_leader', facts: { member: 'n2', leader: 'n1' } },
    });
  });

  it('are out with an alarm when they claim to be primary', () => {
    const view = withMember(aView(), 'n3', { probe: said(primaryAt(ago(50))) });
    expect(writeWords(view, 'n3')).toBe('maint primary_without_authority');
    expect(decided(view).alarms).toEqual([{ code: 'two_primaries', facts: { member: 'n3', leader: 'n1' } }]);
  });

  it('may have been primary before another was named', () => {
    const view = aView({ leadership: heldBy('n2', { seenAt: ago(10), revision: revision(70) }) });
    expect(writeWords(view, 'n1')).toBe('maint not_leader');
    expect(decided(view).alarms).toEqual([]);
  });

  it('claim it by a record written after the naming, unless PostgreSQL says otherwise since', () => {
    const claim = { role: 'primary', recordRevision: revision(55), recordSeenAt: ago(1_000) } as const;
    const view = withMember(aView(), 'n3', claim);
    expect(writeWords(withMember(view, 'n3', { probe: undefined }), 'n3', byRecords)).toBe(
      'maint primary_without_authority',
    );
    expect(writeWords(withMember(view, 'n3', { probe: said(standbyAt(ago(10))) }), 'n3')).toBe('maint not_leader');
    expect(
      writeWords(withMember(view, 'n3', { probe: undefined, recordRevision: revision(39) }), 'n3', byRecords),
    ).toBe('maint not_leader');
  });
});

describe('a cluster in which nobody may take writes', () => {
  it.each([
    ['not initialized', { initialized: false }, 'not_initialized'],
    ['a standby cluster', { settings: { ...aView().settings, standbyCluster: true } }, 'standby_cluster'],
    ['settings that could never be read', { settingsUnknown: true }, 'config_unreadable'],
  ] as const)('%s: all are out and share the reason', (_, changes, code) => {
    const service = serviceOf(decided(aView(changes)), 'primary');
    expect(service.verdicts.map(({ state, reason }) => `${state} ${reason.code}`)).toEqual(
      Array(3).fill(`maint ${code}`),
    );
    expect(service.reason.code).toBe(code);
  });

  it('has an entry for each member even so', () => {
    expect(
      serviceOf(decided(aView({ members: [aMember('b'), aMember('a')] })), 'primary').verdicts.map(
        ({ member }) => member,
      ),
    ).toEqual(['a', 'b']);
  });
});
