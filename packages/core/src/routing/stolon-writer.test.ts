import { describe, expect, it } from 'vitest';
import {
  ago,
  decided,
  failing,
  later,
  now,
  primaryAt,
  said,
  serviceOf,
  standbyAt,
  withMember,
  writeWords,
} from '../../test/cluster.ts';
import { aDb, byClusterData, named, passive, stolonCluster, stolonSpec, withdrawn } from '../../test/stolon-cluster.ts';
import type { ClusterDataProblem } from '../model/proxies.ts';
import { explainReason } from '../model/reason.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { millis, revision } from '../model/units.ts';
import type { ClusterView, Member } from '../model/view.ts';

const words = (view: ClusterView, member = 'keeper1', spec: ClusterSpec = stolonSpec()): string =>
  writeWords(view, member, spec);
const summary = (view: ClusterView, spec: ClusterSpec = stolonSpec()) => serviceOf(decided(view, spec), 'primary');
const master = (changes: Partial<Member>, view = passive()): ClusterView => withMember(view, 'keeper1', changes);

/** keeper2 was named 100 ms ago; it has been a standby until a moment before. */
const promoted = (changes: Partial<Member> = {}): ClusterView =>
  withMember(
    withMember(
      passive({
        leadership: named('keeper2', { seenAt: ago(100), revision: revision(58), recordProofSince: undefined }),
      }),
      'keeper1',
      { role: 'demoted', probe: said(failing('down')) },
    ),
    'keeper2',
    { role: 'primary', stolon: aDb({ dbUid: 'd2', specRole: 'master', follows: undefined }), ...changes },
  );

describe('clusterdata that is of no use closes every server and says why', () => {
  const key = 'stolon/cluster/demo/clusterdata';

  it.each<[ClusterDataProblem, string]>([
    [{ kind: 'absent', key }, 'clusterdata_absent'],
    [{ kind: 'unreadable', key, error: 'not JSON' }, 'clusterdata_unreadable'],
    [{ kind: 'format_version', key, version: '2' }, 'format_version'],
    [{ kind: 'spec_invalid', key, field: 'proxyTimeout', error: 'too short' }, 'spec_invalid'],
  ])('%o', (problem, code) => {
    const service = summary(stolonCluster({}, { problem }));
    expect(service.verdicts.map(({ state, reason }) => `${state} ${reason.code}`)).toEqual(
      Array(3).fill(`maint ${code}`),
    );
    expect(service.reason).toMatchObject({ code, facts: { key, source: 'stolon' } });
  });

  it('comes before everything else', () => {
    const problem = { kind: 'format_version', key, version: '2' } as const;
    expect(words(stolonCluster({ initialized: false }, { problem }))).toBe('maint format_version');
  });

  it('is no less closed where a view of Stolon says nothing of its proxies at all', () => {
    expect(words({ ...passive(), proxies: undefined })).toBe('maint not_initialized');
  });
});

describe('a cluster in which nobody may take writes', () => {
  it.each([
    ['before its normal phase', { initialized: false }, 'not_initialized'],
    ['that follows another one', { settings: { ...passive().settings, standbyCluster: true } }, 'standby_cluster'],
  ] as const)('%s: all are out and share the reason', (_, changes, code) => {
    const service = summary(passive(changes));
    expect(service.verdicts.map(({ state, reason }) => `${state} ${reason.code}`)).toEqual(
      Array(3).fill(`maint ${code}`),
    );
  });
});

describe('a master that is withdrawn', () => {
  const view = withMember(
    withMember(passive({ leadership: withdrawn('keeper1', { seenAt: now }) }), 'keeper1', { role: 'demoted' }),
    'keeper2',
    { role: 'promoting' },
  );

  it('is fenced at once: Stolon waits for that, and never renames in passing', () => {
    expect(words(view)).toBe('maint former_leader');
    expect(words(view, 'keeper3')).toBe('maint no_leader');
    expect(explainReason(summary(view).reason)).toBe(
      'No server takes writes: keeper1 was the master until Stolon withdrew it from its proxies, to name another',
    );
  });

  it('is not kept by what keeps a primary of Patroni', () => {
    const { settings } = view;
    const kept = { ...view, settings: { ...settings, paused: true, failsafeMode: true }, failsafeMembers: ['keeper1'] };
    expect(words(kept)).toBe('maint former_leader');
  });

  it('has the next master asked hard, for a minute', () => {
    expect(decided(view, stolonSpec()).probeHard).toEqual(['keeper2']);
    expect(decided(view, stolonSpec(), later(59_999)).probeHard).toEqual(['keeper2']);
    expect(decided(view, stolonSpec(), later(60_000)).probeHard).toEqual([]);
    expect(decided(view, byClusterData).probeHard).toEqual([]);
  });

  it('does not let the next one in before it is named, promoted or not', () => {
    const early = withMember(view, 'keeper2', { probe: said(primaryAt(now)) });
    expect(words(early, 'keeper2')).toBe('maint no_leader');
    expect(decided(early, stolonSpec()).alarms).toEqual([]);
  });

  it('that nobody knows leaves nobody to speak of', () => {
    const first = { ...view, leadership: withdrawn(undefined) };
    expect(summary(first).reason.code).toBe('no_leader');
    expect(decided(first, stolonSpec()).probeHard).toEqual(['keeper2']);
  });
});

describe('a master that is named, with a probe', () => {
  it('is let in when PostgreSQL says, asked after the naming, that it is not in recovery', () => {
    expect(words(promoted({ probe: said(standbyAt(ago(500)), primaryAt(ago(20))) }), 'keeper2')).toBe(
      'ready leader_proven',
    );
    expect(words(promoted({ probe: said(primaryAt(ago(101))) }), 'keeper2')).toBe('maint leader_awaits_proof');
  });

  it('is not let in while its keeper has not promoted it', () => {
    const view = promoted({ probe: said(standbyAt(ago(20))) });
    expect(words(view, 'keeper2')).toBe('maint leader_in_recovery');
    expect(decided(view, stolonSpec()).probeHard).toEqual(['keeper2']);
    expect(words(view, 'keeper1')).toBe('maint not_leader');
  });

  it('stays when it falls silent, and keeps its sessions when it goes away', () => {
    const silent = said(primaryAt(ago(30_000)), failing('silent'));
    expect(words(master({ probe: silent }))).toBe('ready leader_proven_silent');
    expect(words(master({ probe: said(primaryAt(ago(500)), failing('down')) }))).toBe('drain leader_down');
  });

  it.each(['keeper unhealthy', 'db unhealthy', 'stopping', 'crashed'])(
    'is not kept out by the word %s',
    (stateText) => {
      expect(words(master({ running: false, stateText }))).toBe('ready leader_proven');
    },
  );

  it('is not let in by the role in clusterdata alone', () => {
    expect(words(promoted({ probe: undefined }), 'keeper2')).toBe('maint leader_awaits_proof');
  });

  it('that was found and not asked yet is kept as it is for a second, and nobody else', () => {
    const first = master(
      { probe: undefined },
      passive({ leadership: named('keeper1', { origin: 'found', seenAt: ago(50) }) }),
    );
    const service = summary(first);
    expect(service).toMatchObject({ undecided: true, keep: 'keeper1', reason: { code: 'write_undecided' } });
    expect(service.verdicts.slice(1).map(({ state }) => state)).toEqual(['maint', 'maint']);
    expect(decided(first, stolonSpec()).reviewAt).toBe(later(900));
  });
});

describe('a master that is named, by clusterdata alone', () => {
  const converged = (currentGeneration: number, leadership = named('keeper1', { proofGeneration: 4 })): ClusterView =>
    master({ probe: undefined, stolon: aDb({ dbUid: 'd1', currentGeneration }) }, passive({ leadership }));

  it('is let in when its keeper has carried out the generation with which it was named', () => {
    expect(words(converged(3), 'keeper1', byClusterData)).toBe('maint leader_record_not_converged');
    expect(words(converged(4), 'keeper1', byClusterData)).toBe('ready leader_proven_by_record');
    expect(words(converged(9), 'keeper1', byClusterData)).toBe('ready leader_proven_by_record');
  });

  it('says for which generation of which db it waits', () => {
    expect(summary(converged(3), byClusterData).verdicts[0]?.reason.facts).toMatchObject({
      db: 'd1',
      generation: 4,
      current_generation: 3,
    });
  });

  it('is not let in before its db has been given the role master', () => {
    const view = master({ role: 'standby_leader', probe: undefined });
    expect(words(view, 'keeper1', byClusterData)).toBe('maint leader_record_not_primary');
  });

  it('is not let in for a health that is that of the last failInterval only, nor kept out for it', () => {
    const sick = aDb({ dbUid: 'd1', keeperHealthy: false, dbHealthy: false });
    expect(words(master({ probe: undefined, stolon: sick, running: false }), 'keeper1', byClusterData)).toBe(
      'ready leader_proven_by_record',
    );
  });

  it('that was found with a change of its spec under way is kept as it is for a convergenceTimeout, then drained', () => {
    const found = (seenAt: number) =>
      converged(3, named('keeper1', { origin: 'found', proofGeneration: 4, seenAt: ago(seenAt) }));
    expect(summary(found(29_999), byClusterData)).toMatchObject({ undecided: true, keep: 'keeper1' });
    expect(decided(found(29_999), byClusterData).reviewAt).toBe(later(1));
    expect(summary(found(30_000), byClusterData)).toMatchObject({ undecided: false, keep: undefined });
    expect(words(found(30_000), 'keeper1', byClusterData)).toBe('drain leader_record_not_converged');
  });

  it('is kept so only on a view that names it now', () => {
    const found = { ...converged(3, named('keeper1', { origin: 'found', proofGeneration: 4, seenAt: ago(9_000) })) };
    expect(summary({ ...found, confirmedAt: ago(2_999) }, byClusterData).keep).toBe('keeper1');
    expect(words({ ...found, confirmedAt: ago(3_000) }, 'keeper1', byClusterData)).toBe('maint view_unconfirmed');
  });
});

describe('another one than the master that says it is primary', () => {
  const alarms = (view: ClusterView) => decided(view, stolonSpec()).alarms.map(({ code }) => code);

  it('is an alarm when the old master does, after another was named', () => {
    const survivor = withMember(promoted({ probe: said(primaryAt(ago(50))) }), 'keeper1', {
      probe: said(primaryAt(ago(30_000)), primaryAt(ago(20))),
    });
    expect(words(survivor, 'keeper1')).toBe('maint primary_without_authority');
    expect(alarms(survivor)).toEqual(['two_primaries']);
  });

  it('is no alarm for what it said before', () => {
    const before = withMember(promoted({ probe: said(primaryAt(ago(50))) }), 'keeper1', {
      probe: said(primaryAt(ago(101))),
    });
    expect(alarms(before)).toEqual([]);
  });

  it('is no alarm where nobody has ever been named, or the cluster is being made', () => {
    const first = withMember(passive({ leadership: withdrawn(undefined) }), 'keeper1', { role: 'replica' });
    expect(alarms(first)).toEqual([]);
    expect(alarms({ ...first, initialized: false, leadership: withdrawn('keeper2') })).toEqual([]);
  });

  it('is one where somebody else than the chosen one was promoted', () => {
    const view = withMember(passive({ leadership: withdrawn('keeper1') }), 'keeper3', { probe: said(primaryAt(now)) });
    expect(alarms(view)).toEqual(['two_primaries']);
  });
});

it('tells every reason in the words of Stolon, also inside of another one', () => {
  const decision = decided(master({ probe: said(primaryAt(ago(500)), standbyAt(ago(100))) }), stolonSpec());
  const service = serviceOf(decision, 'primary');
  expect(explainReason(service.reason)).toBe(
    'No server takes writes: keeper1 is the master that Stolon names, but PostgreSQL is still in recovery: its keeper has not promoted it yet',
  );
  for (const { verdicts } of decision.services) {
    for (const { reason } of verdicts) expect(reason.facts['source']).toBe('stolon');
  }
  const { alarms } = decided(passive({ confirmedAt: millis(0) }), stolonSpec());
  expect(alarms).toMatchObject([{ code: 'etcd_unconfirmed', facts: { source: 'stolon' } }]);
});
