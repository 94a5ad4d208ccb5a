import { describe, expect, it } from 'vitest';
import {
  ago,
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
  standbyAt,
  withMember,
} from '../../test/cluster.ts';
import { anOverride, maint } from '../../test/overrides.ts';
import { aDb, aRegistration, byClusterData, passive, stolonCluster, stolonSpec } from '../../test/stolon-cluster.ts';
import type { Override } from '../model/override.ts';
import type { ProxiesView, RegistrationState } from '../model/proxies.ts';
import type { ClusterView } from '../model/view.ts';
import { decide } from './decide.ts';

const codes = (view: ClusterView, spec?: Parameters<typeof decided>[1]): readonly string[] =>
  decided(view, spec).alarms.map(({ code }) => code);

describe('alarms', () => {
  it('are silent in a sound cluster', () => {
    expect(codes(aView())).toEqual([]);
  });

  it('name each record that can not be read', () => {
    const problems = [
      { key: '/service/demo/sync', error: 'not JSON', member: undefined },
      { key: '/service/demo/members/n3', error: 'state: expected string', member: 'n3' },
    ];
    expect(decided(aView({ problems })).alarms.map(({ facts }) => facts['key'])).toEqual(
      problems.map(({ key }) => key),
    );
  });

  it('tell of an override that names nobody, or no service, and says what is missing', () => {
    const told = (...overrides: readonly Override[]) =>
      decide(aView(), aSpec(), now, { overrides }).alarms.map(({ code, facts }) => [code, facts['why']]);
    expect(told(anOverride('n9', maint))).toEqual([['override_idle', 'the cluster has no member n9']]);
    expect(told(anOverride('n2', maint, { service: 'replcia' }))).toEqual([
      ['override_idle', 'the cluster has no service replcia'],
    ]);
    expect(told(anOverride('n2', maint), anOverride('n9', maint, { until: now }))).toEqual([]);
  });

  it('tell after five seconds that etcd does not confirm', () => {
    expect(codes(aView({ confirmedAt: ago(4_999) }))).toEqual([]);
    expect(codes(aView({ confirmedAt: ago(5_000) }))).toEqual(['etcd_unconfirmed']);
  });

  it('tell of a leader that has not been primary for 15 seconds', () => {
    const stuck = (readings: Parameters<typeof said>): readonly string[] =>
      codes(
        withMember(aView({ leadership: heldBy('n1', { seenAt: ago(20_000) }) }), 'n1', { probe: said(...readings) }),
      );
    expect(stuck([standbyAt(ago(100))])).toEqual(['leader_stuck']);
    expect(stuck([primaryAt(ago(14_999)), failing('down')])).toEqual([]);
    expect(stuck([primaryAt(ago(15_000)), failing('down')])).toEqual(['leader_stuck']);
  });

  it('do not call a leader stuck when only etcd is missing', () => {
    expect(codes(aView({ confirmedAt: ago(60_000) }), byRecords)).toEqual(['etcd_unconfirmed']);
  });

  it('by records count from the last record', () => {
    const view = withMember(aView(), 'n1', { role: 'replica', probe: undefined });
    expect(codes(view, byRecords)).toEqual([]);
    expect(codes(withMember(view, 'n1', { recordSeenAt: ago(15_000) }), byRecords)).toEqual(['leader_stuck']);
  });
});

describe('alarms of a Stolon cluster', () => {
  const alarms = (view: ClusterView, spec = stolonSpec()): readonly string[] => codes(view, spec);
  const registered = (registration: Partial<RegistrationState>, proxies: Partial<ProxiesView> = {}): ClusterView =>
    stolonCluster({}, { registration: aRegistration(registration), ...proxies });

  it('are silent in a sound one, and where it is not made yet', () => {
    expect(alarms(stolonCluster())).toEqual([]);
    const problem = { kind: 'absent', key: 'stolon/cluster/demo/clusterdata' } as const;
    expect(alarms(stolonCluster({ initialized: false }, { problem }))).toEqual([]);
  });

  it('tell that no sentinel writes clusterdata for three sleepIntervals, as far as the view tells', () => {
    expect(alarms(passive({}, { writtenAt: ago(14_999) }))).toEqual([]);
    expect(decided(passive({}, { writtenAt: ago(14_999) }), stolonSpec()).reviewAt).toBe(later(1));
    expect(alarms(passive({}, { writtenAt: ago(15_000) }))).toEqual(['sentinel_silent']);
    expect(alarms(passive({}, { writtenAt: ago(15_000), sleepIntervalMs: 6_000 }))).toEqual([]);
    expect(alarms(passive({ confirmedAt: ago(1_000) }, { writtenAt: ago(15_000) }))).toEqual([]);
  });

  it('tell that Stolon waits for us when an acknowledgement is held up for a second', () => {
    const waits = (seenAt: number, hindrance: string | undefined) =>
      registered({ hindrance }, { generation: 8, generationSeenAt: ago(seenAt) });
    expect(alarms(waits(999, 'edge does not answer'))).toEqual([]);
    expect(alarms(waits(1_000, 'edge does not answer'))).toEqual(['acknowledgement_blocked']);
    expect(alarms(waits(1_000, undefined))).toEqual([]);
    expect(alarms(registered({ hindrance: 'edge does not answer' }))).toEqual([]);
    expect(decided(waits(1_000, 'edge does not answer'), stolonSpec()).alarms[0]?.facts).toEqual({
      proxy: 'aaaa0001',
      generation: 8,
      because: 'edge does not answer',
      source: 'stolon',
    });
  });

  it('tell of a master that nobody may write to here, for want of a proof or of the word of Stolon', () => {
    const unproven = withMember(passive(), 'keeper1', { probe: said(standbyAt(ago(100))) });
    expect(alarms(unproven)).toEqual(['leader_stuck']);
    expect(alarms(registered({}, { enabled: [] }))).toEqual(['leader_stuck']);
    expect(alarms(registered({ startedAt: ago(14_999) }, { enabled: [] }))).toEqual([]);
    const behind = withMember(passive(), 'keeper1', {
      recordSeenAt: ago(10),
      stolon: aDb({ dbUid: 'd1', currentGeneration: 1 }),
    });
    expect(alarms(behind, byClusterData)).toEqual(['leader_stuck']);
  });

  it('leave it at etcd where only etcd is missing', () => {
    const blind = stolonCluster(
      { confirmedAt: ago(60_000) },
      { registration: aRegistration({ aliveAt: ago(60_000) }) },
    );
    expect(alarms(blind)).toEqual(['etcd_unconfirmed']);
  });

  it('name what is wrong with clusterdata once', () => {
    const key = 'stolon/cluster/demo/clusterdata';
    const problem = { kind: 'format_version', key, version: '2' } as const;
    const problems = [
      { key, error: 'not JSON', member: undefined },
      { key: 'stolon/cluster/demo/proxies/info/x', error: 'not JSON', member: undefined },
    ];
    expect(alarms(stolonCluster({ problems }, { problem }))).toEqual(['format_version', 'record_unreadable']);
  });
});
