import { describe, expect, it } from 'vitest';
import {
  ago,
  aSpec,
  aView,
  failing,
  heldBy,
  later,
  now,
  primaryAt,
  said,
  serviceOf,
  vacantAfter,
  verdictOn,
  withMember,
  writes,
} from '../../test/cluster.ts';
import { anOverride, drain, maint, ready, weight } from '../../test/overrides.ts';
import type { Override } from '../model/override.ts';
import { leavingDefaults, type OutagePolicy, type ServiceSpec } from '../model/service.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { type Circumstances, decide } from './decide.ts';

const service = (changes: Partial<ServiceSpec>) => aSpec({ services: [{ ...writes, ...changes }] });
const decided = (
  overrides: readonly Override[],
  { view = aView(), spec = service({}), at = now as Millis, memory = [] as Circumstances['memory'] } = {},
) => decide(view, spec, at, { overrides, ...(memory === undefined ? {} : { memory }) });
const words = (...args: Parameters<typeof decided>): string => {
  const { state, reason } = verdictOn(decided(...args), 'primary', 'n1');
  return `${state} ${reason.code}`;
};

describe('an override on the writer', () => {
  const justNow = anOverride('n1', maint, { since: now });

  it('of kind maint drains it, and ends its sessions after the time to drain', () => {
    const first = decided([justNow]);
    expect(verdictOn(first, 'primary', 'n1')).toMatchObject({
      state: 'drain',
      reason: { code: 'override_maint' },
      override: 'maint-n1',
    });
    expect(serviceOf(first, 'primary').reason.code).toBe('write_draining');
    const fresh = aView({ confirmedAt: later(60_000) });
    const inTime = (ms: number) => words([justNow], { view: fresh, at: later(ms), memory: first.memory });
    expect(inTime(59_999)).toBe('drain override_maint');
    expect(inTime(60_000)).toBe('maint override_maint');
  });

  it('ends them at once where the table says so', () => {
    const spec = service({ leaving: { ...leavingDefaults, maintenance: 'kill' } });
    expect(words([justNow], { spec })).toBe('maint override_maint');
  });

  it('of kind drain leaves them for as long as it is the writer', () => {
    const spec = service({ leaving: { ...leavingDefaults, excluded: 'kill' } });
    const first = decided([anOverride('n1', drain)], { spec });
    expect(words([anOverride('n1', drain)], { spec, memory: first.memory })).toBe('drain override_drain');
    const lost = aView({ leadership: heldBy('n2') });
    expect(words([anOverride('n1', drain)], { view: lost, spec, memory: first.memory })).toMatch(/^maint/);
  });

  it('puts nobody else in its place', () => {
    const decision = decided([justNow, anOverride('n2', ready), anOverride('n3', ready)]);
    expect(serviceOf(decision, 'primary').verdicts.map(({ state }) => state)).toEqual(['drain', 'maint', 'maint']);
  });

  it('is lifted for one service by an override that names it', () => {
    expect(words([justNow, anOverride('n1', ready, { service: 'primary' })])).toBe('ready leader_proven');
  });

  it('lets nobody in that is not proven', () => {
    const down = withMember(aView(), 'n1', { probe: said(primaryAt(ago(30_000)), failing('starting')) });
    expect(words([anOverride('n1', ready)], { view: down })).toBe('maint leader_starting');
    const vacant = aView({ leadership: vacantAfter('n1', { seenAt: ago(500) }) });
    expect(words([anOverride('n1', ready)], { view: vacant })).toBe('maint former_leader');
  });

  it('is told after what speaks against its authority', () => {
    const lost = aView({ leadership: vacantAfter('n1', { seenAt: ago(100) }) });
    expect(words([justNow], { view: lost })).toBe('drain leader_key_lost');
  });

  it('alarms, since nobody can write', () => {
    const codes = ({ alarms }: ReturnType<typeof decided>) => alarms.map(({ code }) => code);
    expect(codes(decided([justNow]))).toContain('override_closes_writes');
    expect(codes(decided([anOverride('n1', weight(0))]))).toContain('override_closes_writes');
    expect(codes(decided([anOverride('n1', weight(1))]))).not.toContain('override_closes_writes');
    expect(codes(decided([anOverride('n2', maint)]))).not.toContain('override_closes_writes');
  });

  it('is over when its time is, and asks to be looked at then', () => {
    const short = anOverride('n1', maint, { since: now, until: later(300) });
    expect(decided([short]).reviewAt).toBe(later(300));
    expect(words([short], { at: later(300) })).toBe('ready leader_proven');
  });

  it('weighs whoever it names', () => {
    const decision = decided([anOverride('n1', weight(10)), anOverride('n2', weight(20))]);
    expect(serviceOf(decision, 'primary').verdicts.map((verdict) => verdict.weight)).toEqual([10, 20, undefined]);
  });
});

describe('a selector of a write service', () => {
  it('lets a leader in that it takes', () => {
    expect(words([], { spec: service({ selector: "[? role == 'primary' && name == 'n1' ]" }) })).toBe(
      'ready leader_proven',
    );
  });

  it('keeps any other out, and puts nobody in its place', () => {
    const spec = service({ selector: "[? name == 'n2' ]" });
    const decision = decided([], { spec });
    expect(serviceOf(decision, 'primary').verdicts.map(({ state }) => state)).toEqual(['drain', 'maint', 'maint']);
    expect(words([], { spec })).toBe('drain not_selected');
    expect(words([anOverride('n1', ready)], { spec })).toBe('drain not_selected');
  });

  it('drains a leader that it takes no more, or ends its sessions where the table says so', () => {
    const { memory } = decided([]);
    const gone = { selector: "[? name == 'n2' ]", leaving: { ...leavingDefaults, excluded: 'kill' } } as const;
    expect(words([], { spec: service({ selector: gone.selector }), memory })).toBe('drain not_selected');
    expect(words([], { spec: service(gone), memory })).toBe('maint not_selected');
  });
});

describe('the outage policy of a write service', () => {
  const leadership = heldBy('n1', { seenAt: ago(700_000) });
  const stale = (ms: number, changes: Partial<ClusterView> = {}): ClusterView =>
    withMember(aView({ confirmedAt: ago(ms), leadership, ...changes }), 'n1', {
      probe: said(primaryAt(ago(600_000)), primaryAt(ago(200))),
    });
  const held = (ms: number, outage: OutagePolicy, changes?: Partial<ClusterView>, probed = true) =>
    words([], {
      view: stale(ms, changes),
      spec: aSpec({ services: [{ ...writes, outage }], ...(probed ? {} : { probe: undefined }) }),
    });

  it('closes at once where it is to close, whatever the manager would allow', () => {
    const paused = { settings: { ...aView().settings, paused: true } };
    const failsafe = { failsafeMembers: ['n1', 'n2', 'n3'] };
    expect(held(999, { kind: 'close' })).toBe('ready leader_proven');
    for (const changes of [{}, paused, failsafe]) {
      expect(held(1_000, { kind: 'close' }, changes)).toBe('maint view_unconfirmed');
    }
  });

  it('holds for as long as it was told', () => {
    expect(held(39_999, { kind: 'hold', forMs: 40_000 })).toBe('ready leader_within_grace');
    expect(held(40_000, { kind: 'hold', forMs: 40_000 })).toBe('maint view_unconfirmed');
  });

  it('holds without end, but only a primary that proves itself while nobody else does', () => {
    const hold = { kind: 'hold', forMs: undefined } as const;
    expect(held(500_000, hold)).toBe('ready leader_held');
    const silent = withMember(stale(500_000), 'n1', { probe: said(primaryAt(ago(600_000)), primaryAt(ago(3_000))) });
    expect(words([], { view: silent, spec: service({ outage: hold }) })).toBe('maint proof_too_old');
    const other = withMember(stale(500_000), 'n2', { probe: said(primaryAt(ago(100))) });
    expect(words([], { view: other, spec: service({ outage: hold }) })).toBe('maint other_primary_seen');
    // The next thing that time alone changes is the age of an answer, not of the view.
    expect(decided([], { view: stale(500_000), spec: service({ outage: hold }) }).reviewBy?.age).toBeUndefined();
  });

  it('does not hold without end where nobody is asked', () => {
    expect(held(9_999, { kind: 'hold', forMs: undefined }, {}, false)).toBe('ready leader_within_grace');
    expect(held(10_000, { kind: 'hold', forMs: undefined }, {}, false)).toBe('maint view_unconfirmed');
  });

  it('is its own: another service of the same cluster may close while this one holds', () => {
    const services = [
      { ...writes, outage: { kind: 'hold', forMs: undefined } },
      { ...writes, name: 'strict', backends: ['strict'], outage: { kind: 'close' } },
    ] as const;
    const decision = decide(stale(5_000), aSpec({ services }), now);
    expect(verdictOn(decision, 'primary', 'n1').state).toBe('ready');
    expect(verdictOn(decision, 'strict', 'n1').state).toBe('maint');
  });

  it('closes a cluster without a key that Patroni keeps in pause', () => {
    const vacant = stale(1_000, {
      leadership: vacantAfter('n1', { seenAt: ago(30_000) }),
      settings: { ...aView().settings, paused: true },
    });
    const under = (outage: OutagePolicy) => words([], { view: vacant, spec: service({ outage }) });
    expect(under({ kind: 'auto' })).toBe('ready former_kept_paused');
    expect(under({ kind: 'close' })).toBe('maint former_leader');
  });
});
