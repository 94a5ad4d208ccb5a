import { describe, expect, it } from 'vitest';
import {
  ago,
  aMember,
  aSpec,
  aView,
  byRecords,
  decided,
  failing,
  later,
  now,
  primaryAt,
  said,
  serviceOf,
  standbyAt,
  vacantAfter,
  withMember,
  writeWords,
} from '../../test/cluster.ts';
import type { ClusterView, Leadership } from '../model/view.ts';

const lost = (leadership: Leadership, changes: Partial<ClusterView> = {}): ClusterView =>
  aView({ leadership, ...changes });
const paused = { settings: { ...aView().settings, paused: true } };
const failsafe = { settings: { ...aView().settings, failsafeMode: true }, failsafeMembers: ['n1', 'n2', 'n3'] };

describe('a leader key that is gone', () => {
  it('takes new sessions from the former leader at once, but leaves its open ones for 200 ms', () => {
    const view = lost(vacantAfter('n1', { seenAt: now }));
    expect(writeWords(view)).toBe('drain leader_key_lost');
    expect(decided(view, byRecords).reviewAt).toBe(later(200));
    expect(writeWords(lost(vacantAfter('n1', { seenAt: ago(199) })))).toBe('drain leader_key_lost');
    expect(writeWords(lost(vacantAfter('n1', { seenAt: ago(200) })))).toBe('maint former_leader');
  });

  it('closes everything at once when PostgreSQL had been stopped first', () => {
    const view = lost(vacantAfter('n1', { graceful: true, seenAt: now }));
    expect(writeWords(view)).toBe('maint former_leader_stopped');
    expect(decided(view).probeHard).toEqual([]);
  });

  it('does not spare sessions on a PostgreSQL that is known to be gone', () => {
    const view = withMember(lost(vacantAfter('n1', { seenAt: now })), 'n1', { probe: said(failing('down')) });
    expect(writeWords(view)).toBe('maint former_leader');
  });

  it('keeps everybody else out', () => {
    const view = lost(vacantAfter('n1'));
    expect(writeWords(view, 'n2')).toBe('maint no_leader');
    expect(writeWords(withMember(view, 'n2', { probe: said(primaryAt(ago(10))) }), 'n2')).toBe(
      'maint primary_without_authority',
    );
  });

  it('of an unknown former leader leaves nobody to speak of', () => {
    const service = serviceOf(decided(lost(vacantAfter(undefined))), 'primary');
    expect(service.reason.code).toBe('no_leader');
    expect(service.verdicts.every(({ state }) => state === 'maint')).toBe(true);
  });

  it('raises no alarm about the primary of a cluster that is just being made', () => {
    expect(decided(withMember(lost(vacantAfter(undefined)), 'n1', { probe: said(primaryAt(now)) })).alarms).toEqual([]);
  });

  it('has the former leader asked hard for ten seconds', () => {
    expect(decided(lost(vacantAfter('n1', { seenAt: ago(9_999) }))).probeHard).toEqual(['n1']);
    expect(decided(lost(vacantAfter('n1', { seenAt: ago(10_000) }))).probeHard).toEqual([]);
  });
});

describe.each([
  ['a paused cluster', paused, 'former_kept_paused'],
  ['failsafe mode', failsafe, 'former_kept_failsafe'],
])('a leader key that is gone in %s', (_, changes, kept) => {
  const lostAgo = (
    seenAt: number,
    ...readings: readonly [Parameters<typeof said>[0], ...Parameters<typeof said>[0][]]
  ): ClusterView =>
    withMember(lost(vacantAfter('n1', { seenAt: ago(seenAt) }), changes), 'n1', { probe: said(...readings) });

  it('leaves the former leader in while it proves itself', () => {
    const view = lostAgo(60_000, primaryAt(ago(60_500)), primaryAt(ago(20)));
    expect(writeWords(view)).toBe(`ready ${kept}`);
    expect(decided(view).probeHard).toEqual(['n1']);
    expect(serviceOf(decided(view), 'primary').reason.code).toBe('write_open');
  });

  it('waits a second for the first answer after the loss', () => {
    expect(writeWords(lostAgo(999, primaryAt(ago(1_000))))).toBe('drain former_awaits_proof');
    expect(writeWords(lostAgo(1_000, primaryAt(ago(1_001))))).toBe('maint former_leader');
  });

  it('does not take an answer from before the loss for one after it', () => {
    expect(writeWords(lostAgo(300, primaryAt(ago(400))))).toBe('drain former_awaits_proof');
    expect(writeWords(lostAgo(300, primaryAt(ago(300))))).toBe(`ready ${kept}`);
  });

  it('has it proven again each second', () => {
    expect(writeWords(lostAgo(60_000, primaryAt(ago(999))))).toBe(`ready ${kept}`);
    expect(writeWords(lostAgo(60_000, primaryAt(ago(1_000))))).toBe('maint former_leader');
  });

  it.each(['standby', 'down'] as const)('drops it when PostgreSQL is %s', (word) => {
    const reading = word === 'standby' ? standbyAt(ago(10)) : failing(word, ago(10));
    expect(writeWords(lostAgo(60_000, primaryAt(ago(100)), reading))).toBe('maint former_leader');
  });

  it('drops it when another one says that it is primary', () => {
    const view = withMember(lostAgo(60_000, primaryAt(ago(20))), 'n2', { probe: said(primaryAt(ago(15))) });
    expect(writeWords(view)).toBe('maint former_leader');
    expect(decided(view).alarms.map(({ facts }) => facts['member'])).toEqual(['n2']);
  });

  it('needs a probe: records prove nothing of now', () => {
    expect(writeWords(lostAgo(60_000, primaryAt(ago(20))), 'n1', byRecords)).toBe('maint former_leader');
  });

  it('does not apply to a leader that stopped in good order', () => {
    const view = { ...lostAgo(60_000, primaryAt(ago(20))), leadership: vacantAfter('n1', { graceful: true }) };
    expect(writeWords(view)).toBe('maint former_leader_stopped');
  });
});

describe('failsafe mode', () => {
  const view = withMember(lost(vacantAfter('n1', { seenAt: ago(60_000) }), failsafe), 'n1', {
    probe: said(primaryAt(ago(20))),
  });

  it('keeps only members that the failsafe key lists', () => {
    expect(writeWords({ ...view, failsafeMembers: ['n2', 'n3'] })).toBe('maint former_leader');
  });

  it('past the grace of an unconfirmed view asks for a majority that answers', () => {
    const blind = { ...view, confirmedAt: ago(19_000) };
    expect(writeWords(blind)).toBe('ready former_kept_failsafe');
    const alone = withMember(withMember(blind, 'n2', { probe: said(failing('silent')) }), 'n3', { probe: undefined });
    expect(writeWords(alone)).toBe('maint former_leader');
    expect(writeWords({ ...alone, confirmedAt: ago(18_999) })).toBe('ready former_kept_failsafe');
  });

  it('counts every known member', () => {
    const five = { ...view, confirmedAt: ago(19_000), members: [...view.members, aMember('n4'), aMember('n5')] };
    expect(writeWords(five, 'n1', aSpec())).toBe('ready former_kept_failsafe');
    expect(writeWords(withMember(five, 'n2', { probe: undefined }))).toBe('maint former_leader');
  });
});
