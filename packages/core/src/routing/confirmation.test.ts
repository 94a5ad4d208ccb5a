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
  withMember,
  writeWords,
} from '../../test/cluster.ts';
import type { ClusterView } from '../model/view.ts';

/** Confirmed this long ago; n1 has said `primary` since long before and 200 ms ago. */
const stale = (ageMs: number, changes: Partial<ClusterView> = {}): ClusterView =>
  aView({ confirmedAt: ago(ageMs), ...changes });
const settings = aView().settings;

describe('a leader that was let in, on a view that etcd no longer confirms', () => {
  it('stays for ttl - loop_wait - 1 s while it proves itself', () => {
    expect(writeWords(stale(999))).toBe('ready leader_proven');
    expect(writeWords(stale(1_000))).toBe('ready leader_within_grace');
    expect(writeWords(stale(18_999))).toBe('ready leader_within_grace');
    expect(writeWords(stale(19_000))).toBe('maint view_unconfirmed');
  });

  it('is reviewed when the freshness and when the grace ends', () => {
    expect(decided(stale(100), byRecords).reviewAt).toBe(later(900));
    expect(decided(stale(9_900), byRecords).reviewAt).toBe(later(100));
  });

  it('follows the settings of the cluster', () => {
    const short = { ...settings, ttlMs: 20_000, loopWaitMs: 5_000 };
    expect(writeWords(stale(13_999, { settings: short }))).toBe('ready leader_within_grace');
    expect(writeWords(stale(14_000, { settings: short }))).toBe('maint view_unconfirmed');
  });

  it('never gets less than the second in which a view counts as fresh', () => {
    const odd = { ...settings, ttlMs: 10_000, loopWaitMs: 10_000 };
    expect(writeWords(stale(999, { settings: odd }))).toBe('ready leader_proven');
    expect(writeWords(stale(1_000, { settings: odd }))).toBe('maint view_unconfirmed');
    expect(writeWords(stale(999), 'n1', aSpec({ grace: 0 }))).toBe('ready leader_proven');
  });

  it('gets the grace that the operator set', () => {
    expect(writeWords(stale(5_000), 'n1', aSpec({ grace: 5_000 }))).toBe('maint view_unconfirmed');
    expect(writeWords(stale(30_000), 'n1', aSpec({ grace: 40_000 }))).toBe('ready leader_within_grace');
  });

  it('without a probe stays for retry_timeout at most: a primary cut off from etcd demotes itself after that', () => {
    expect(writeWords(stale(9_999), 'n1', byRecords)).toBe('ready leader_within_grace');
    expect(writeWords(stale(10_000), 'n1', byRecords)).toBe('maint view_unconfirmed');
  });

  it('does not stay on silence: etcd and PostgreSQL both unheard is too little', () => {
    const silent = said(primaryAt(ago(60_000)), primaryAt(ago(3_000)), failing('silent'));
    expect(writeWords(withMember(stale(2_000), 'n1', { probe: silent }))).toBe('maint proof_too_old');
    expect(writeWords(withMember(stale(900), 'n1', { probe: silent }))).toBe('ready leader_proven_silent');
    const younger = said(primaryAt(ago(60_000)), primaryAt(ago(2_999)), failing('silent'));
    expect(writeWords(withMember(stale(2_000), 'n1', { probe: younger }))).toBe('ready leader_within_grace');
  });

  it('leaves when another one says, since then, that it is primary', () => {
    const elected = withMember(stale(5_000), 'n2', { probe: said(primaryAt(ago(4_000))) });
    expect(writeWords(elected)).toBe('maint other_primary_seen');
    const old = withMember(stale(5_000), 'n2', { probe: said(primaryAt(ago(90_000)), primaryAt(ago(100))) });
    expect(writeWords(old)).toBe('ready leader_within_grace');
  });
});

describe('past the grace', () => {
  /** n1 has led for twelve minutes; etcd was last heard ten minutes ago. */
  const lasting = (changes: Partial<ClusterView>): ClusterView =>
    withMember(
      stale(600_000, {
        leadership: heldBy('n1', { seenAt: ago(720_000), recordProofSince: ago(719_000) }),
        ...changes,
      }),
      'n1',
      {
        probe: said(primaryAt(ago(720_000)), primaryAt(ago(100))),
      },
    );
  const paused = { settings: { ...settings, paused: true } };
  const failsafe = { settings: { ...settings, failsafeMode: true }, failsafeMembers: ['n1', 'n2', 'n3'] };

  it('a paused cluster keeps its primary, as Patroni does', () => {
    expect(writeWords(lasting(paused))).toBe('ready leader_past_grace_paused');
    expect(writeWords(lasting(paused), 'n1', byRecords)).toBe('maint view_unconfirmed');
  });

  it('failsafe mode keeps it while most members answer', () => {
    expect(writeWords(lasting(failsafe))).toBe('ready leader_past_grace_failsafe');
    const alone = withMember(withMember(lasting(failsafe), 'n2', { probe: undefined }), 'n3', {
      probe: undefined,
    });
    expect(writeWords(alone)).toBe('maint view_unconfirmed');
    const half = { ...lasting(failsafe), members: [...lasting(failsafe).members, aMember('n4')] };
    expect(writeWords(withMember(half, 'n3', { probe: undefined }))).toBe('maint view_unconfirmed');
    expect(writeWords(lasting({ ...failsafe, failsafeMembers: ['n2'] }))).toBe('maint view_unconfirmed');
  });

  it.each([
    ['pause', paused],
    ['failsafe mode', failsafe],
  ])('%s does not help against another primary, or against silence', (_, changes) => {
    const other = withMember(lasting(changes), 'n3', {
      probe: said(primaryAt(ago(700_000)), primaryAt(ago(10))),
    });
    expect(writeWords(other)).toBe('maint other_primary_seen');
    const silent = withMember(lasting(changes), 'n1', {
      probe: said(primaryAt(ago(720_000)), primaryAt(ago(3_000)), failing('silent')),
    });
    expect(writeWords(silent)).toBe('maint proof_too_old');
  });
});

describe('a leader that was not let in before', () => {
  const named = heldBy('n1', { seenAt: ago(5_000) });

  it('is not let in on a view that is not fresh', () => {
    const view = withMember(stale(4_000, { leadership: named }), 'n1', { probe: said(primaryAt(ago(2_999))) });
    expect(writeWords(view)).toBe('drain view_not_fresh');
    expect(writeWords({ ...view, confirmedAt: now })).toBe('ready leader_proven');
  });

  it('counts as let in when it was proven while the view was fresh', () => {
    const view = withMember(stale(4_000, { leadership: named }), 'n1', {
      probe: said(primaryAt(ago(3_500)), primaryAt(ago(100))),
    });
    expect(writeWords(view)).toBe('ready leader_within_grace');
  });

  it('has to wait for a confirmation when it comes back after a crash', () => {
    const probe = said(primaryAt(ago(60_000)), failing('down', ago(2_500)), primaryAt(ago(2_000)));
    expect(writeWords(withMember(stale(4_000), 'n1', { probe }))).toBe('drain view_not_fresh');
    expect(writeWords(withMember(stale(20_000), 'n1', { probe }))).toBe('maint view_not_fresh');
  });

  it('by records: the record has to have come while the view was fresh, later ones that say the same do not matter', () => {
    const at = (since: number): ClusterView =>
      stale(4_000, { leadership: heldBy('n1', { recordProofSince: ago(since) }) });
    expect(writeWords(withMember(at(3_500), 'n1', { recordSeenAt: ago(10) }), 'n1', byRecords)).toBe(
      'ready leader_within_grace',
    );
    expect(writeWords(at(3_000), 'n1', byRecords)).toBe('drain view_not_fresh');
  });
});
