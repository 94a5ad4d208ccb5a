import { describe, expect, it } from 'vitest';
import {
  ago,
  aView,
  byRecords,
  decided,
  failing,
  heldBy,
  primaryAt,
  said,
  standbyAt,
  withMember,
} from '../../test/cluster.ts';
import type { ClusterView } from '../model/view.ts';

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
