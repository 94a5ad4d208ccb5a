import { describe, expect, it } from 'vitest';
import { ago, failing, primaryAt, said, withMember, writeWords } from '../../test/cluster.ts';
import { passive, stolonCluster, stolonSpec } from '../../test/stolon-cluster.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { ClusterView, Member } from '../model/view.ts';

const words = (view: ClusterView, member = 'keeper1', spec: ClusterSpec = stolonSpec()): string =>
  writeWords(view, member, spec);
const master = (changes: Partial<Member>, view = passive()): ClusterView => withMember(view, 'keeper1', changes);

describe('a view of a Stolon cluster that etcd no longer confirms', () => {
  const unconfirmed = (ageMs: number, view: ClusterView): ClusterView => ({ ...view, confirmedAt: ago(ageMs) });

  it('is good for less than one sleepInterval to a router that only reads', () => {
    expect(words(unconfirmed(999, passive()))).toBe('ready leader_proven');
    expect(words(unconfirmed(2_999, passive()))).toBe('ready leader_within_grace');
    expect(words(unconfirmed(3_000, passive()))).toBe('maint view_unconfirmed');
    const slow = { sleepIntervalMs: 20_000 };
    expect(words(unconfirmed(11_999, passive({}, slow)))).toBe('ready leader_within_grace');
    expect(words(unconfirmed(12_000, passive({}, slow)))).toBe('maint view_unconfirmed');
  });

  it('is good for less than a second where the sleepInterval is that short', () => {
    const fast = (ageMs: number) => words(unconfirmed(ageMs, passive({}, { sleepIntervalMs: 1_000 })));
    expect(fast(599)).toBe('ready leader_proven');
    expect(fast(600)).toBe('maint view_unconfirmed');
  });

  it('is good for the proxyTimeout to a registered proxy that renews its record', () => {
    expect(words(unconfirmed(14_999, stolonCluster()))).toBe('ready leader_within_grace');
    expect(words(unconfirmed(15_000, stolonCluster()))).toBe('maint view_unconfirmed');
  });

  it.each([
    ['may shorten it', 2_000, passive(), 2_000],
    ['may shorten it', 8_000, stolonCluster(), 8_000],
    ['can not lengthen it', 60_000, passive(), 3_000],
    ['can not lengthen it', 60_000, stolonCluster(), 15_000],
    ['of less than a second is a second', 0, passive(), 1_000],
    ['of less than a second is no more than the rule', 0, passive({}, { sleepIntervalMs: 1_000 }), 600],
  ])('a grace of its own %s', (_, grace, view, limit) => {
    expect(words(unconfirmed(limit - 1, view), 'keeper1', stolonSpec({ grace }))).toMatch(/^ready/);
    expect(words(unconfirmed(limit, view), 'keeper1', stolonSpec({ grace }))).toBe('maint view_unconfirmed');
  });

  it('leaves no sessions to drain past that: a master of Stolon that is cut off goes on taking writes', () => {
    const gone = master({ probe: said(primaryAt(ago(60_000)), failing('down')) });
    expect(words(unconfirmed(2_999, gone))).toBe('drain leader_down');
    expect(words(unconfirmed(3_000, gone))).toBe('maint view_unconfirmed');
    const paused = { settings: { ...passive().settings, paused: true } };
    const lasting = master({ probe: said(primaryAt(ago(59_000)), primaryAt(ago(100))) }, passive(paused));
    expect(words(unconfirmed(30_000, lasting))).toBe('maint view_unconfirmed');
  });

  it('closes earlier when another one says, since then, that it is primary', () => {
    const elected = withMember(stolonCluster(), 'keeper2', { probe: said(primaryAt(ago(4_000))) });
    expect(words(unconfirmed(5_000, elected))).toBe('maint other_primary_seen');
  });
});
