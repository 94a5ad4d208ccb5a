// Cases that need a memory, or a moment at which something is not known yet. What each rule means is told by packages/core/scenarios.
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
  reads,
  said,
  serviceOf,
  standbyAt,
  vacantAfter,
  withMember,
  writes,
} from '../../test/cluster.ts';
import type { Decision } from '../model/decision.ts';
import type { ProbeReading } from '../model/probe.ts';
import { lagLimitOfBytes, type ServiceSpec, serversDefault } from '../model/service.ts';
import type { StoredClusterSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import { type ClusterView, noTags } from '../model/view.ts';
import { decide } from './decide.ts';

const specOf = (changes: Partial<ServiceSpec>): StoredClusterSpec =>
  aSpec({ services: [writes, { ...reads, ...changes }] });
const next = (before: Decision | undefined, view: ClusterView, spec: StoredClusterSpec, at: Millis = now): Decision =>
  decide(view, spec, at, before === undefined ? {} : { memory: before.memory });

/** `n1 maint leader_takes_no_reads, n2 ready replica_ok, ...`; `!` where sessions are ended, `own/backup` where there are lines. */
const told = (decision: Decision): string =>
  serviceOf(decision, 'replica')
    .verdicts.map(({ member, state, ends, lines, reason }) => {
      const both = lines === undefined ? '' : ` ${lines.own}/${lines.backup}`;
      return `${member} ${state}${ends === true ? '!' : ''}${both} ${reason.code}`;
    })
    .join(', ');

const withLag = (view: ClusterView, lags: Readonly<Record<string, number | undefined>>): ClusterView =>
  Object.entries(lags).reduce(
    (changed, [name, lagBytes]) => withMember(changed, name, { lagBytes, probe: undefined }),
    view,
  );

describe('the primary, where it takes reads', () => {
  const any = specOf({ role: 'any' });

  it('is drained with the write service, for as long as that leaves its sessions alone', () => {
    const first = next(undefined, aView(), any);
    expect(told(first)).toContain('n1 ready primary_takes_reads');
    const vacant = aView({ leadership: vacantAfter('n1', { seenAt: ago(100) }) });
    const second = next(first, vacant, any);
    expect(told(second)).toContain('n1 drain leader_key_lost');
    const gone = aView({ leadership: vacantAfter('n1', { seenAt: ago(300) }) });
    expect(told(next(second, gone, any))).toContain('n1 maint! primary_without_authority');
  });

  it('is told why it is not one now', () => {
    const silent = withMember(aView({ leadership: heldBy('n1', { seenAt: ago(10_000) }) }), 'n1', {
      probe: said(failing('down')),
    });
    expect(told(next(undefined, silent, any))).toContain('n1 maint leader_down');
  });

  it('stays as it is until its first probe has answered, while everybody else is decided', () => {
    const view = withMember(aView({ leadership: heldBy('n1', { origin: 'found', seenAt: now }) }), 'n1', {
      probe: undefined,
    });
    const { undecided, keep, verdicts } = serviceOf(next(undefined, view, any), 'replica');
    expect([undecided, keep]).toEqual([true, 'n1']);
    expect(verdicts.slice(1).map(({ state }) => state)).toEqual(['ready', 'ready']);
  });

  it('is drained where it stood in and a standby is back, though it was never of the first tier', () => {
    const spec = specOf({ backup: ["[? role == 'primary' ]"] });
    const down = ['n2', 'n3'].reduce((view, name) => withMember(view, name, { probe: said(failing('down')) }), aView());
    const first = next(undefined, down, spec);
    expect(told(first)).toContain('n1 ready backup_serves');
    expect(told(next(first, aView(), spec))).toContain('n1 drain leader_takes_no_reads');
  });

  it('that may stand in as soon as it has proven itself leaves all as it is until then', () => {
    const down = ['n2', 'n3'].reduce(
      (view, name) => withMember(view, name, { probe: said(failing('down')) }),
      withMember(aView({ leadership: heldBy('n1', { origin: 'found', seenAt: now }) }), 'n1', { probe: undefined }),
    );
    const undecided = (changes: Partial<ServiceSpec>): boolean | undefined =>
      serviceOf(next(undefined, down, specOf(changes)), 'replica').undecided;
    expect(undecided({ backup: ["[? role == 'primary' ]"] })).toBe(true);
    expect(undecided({ backup: ["[? name == 'n2' ]"] })).toBe(false);
  });
});

describe('backup lines', () => {
  const spec = specOf({ fallback: 'primary', servers: { ...serversDefault, backupName: '{member}-fb' } });

  it('serve a promoted standby while the sessions on its own line are still ended', () => {
    const pair = { ...aView(), members: aView().members.slice(0, 2) };
    const first = next(undefined, pair, spec);
    expect(told(first)).toBe('n1 maint maint/ready leader_takes_no_reads, n2 ready ready/maint replica_ok');
    const promoted = withMember(
      withMember({ ...pair, leadership: heldBy('n2', { seenAt: ago(1_000) }) }, 'n2', {
        role: 'primary',
        probe: said(primaryAt(ago(100))),
      }),
      'n1',
      { role: 'demoted', running: false, probe: said(failing('down')) },
    );
    const second = next(first, promoted, spec);
    expect(told(second)).toContain('n2 ready! maint/ready fallback_to_primary');
    const third = next(second, promoted, spec, later(100));
    expect(told(third)).toContain('n2 ready! maint/ready fallback_to_primary');
  });
});

describe('a limit in time', () => {
  const spec = specOf({
    maxLag: { bytes: undefined, time: { leave: 10_000, enter: 5_000 }, dwellMs: 0 },
  });
  const delayed = (replayDelayMs: number | undefined, at = ago(300)): ProbeReading => {
    const reading = standbyAt(at);
    return reading.kind === 'standby' ? { ...reading, replayDelayMs } : reading;
  };
  const unasked = ['n2', 'n3'].reduce(
    (view, name) => withMember(view, name, { probe: undefined, recordSeenAt: ago(500) }),
    aView(),
  );

  it('is not judged at the first look before the probe had a second to answer', () => {
    const first = next(undefined, unasked, spec);
    expect(serviceOf(first, 'replica').undecided).toBe(true);
    expect(first.memory.filter(({ service }) => service === 'replica')).toEqual([]);
    const second = next(first, unasked, spec, later(500));
    expect(serviceOf(second, 'replica').undecided).toBe(false);
    expect(told(second)).toContain('n2 drain replica_lag_unknown');
  });

  it('holds nobody up later: a new member waits alone', () => {
    const both = ['n2', 'n3'].reduce((view, name) => withMember(view, name, { probe: said(delayed(0)) }), aView());
    const first = next(undefined, both, spec);
    const joined = withMember(both, 'n3', { probe: undefined, recordSeenAt: now });
    expect(told(next(first, joined, spec))).toContain('n2 ready replica_within_lag, n3 drain replica_lag_unknown');
  });

  it('is judged without a dwell as soon as it is known for the first time', () => {
    const slow = specOf({ maxLag: { bytes: undefined, time: { leave: 10_000, enter: 5_000 }, dwellMs: 60_000 } });
    const first = next(undefined, unasked, slow, later(1_000));
    const answered = ['n2', 'n3'].reduce((view, name) => withMember(view, name, { probe: said(delayed(0)) }), aView());
    expect(told(next(first, answered, slow, later(1_100)))).toContain('n2 ready replica_within_lag');
  });

  it('says what is not known', () => {
    const decision = next(undefined, unasked, spec, later(1_000));
    const fact = serviceOf(decision, 'replica').verdicts[1]?.reason.facts['missing'];
    expect(fact).toBe('by the probe, how old the newest transaction is that it has replayed');
  });
});

describe('the side of a lag limit', () => {
  const spec = specOf({ maxLag: lagLimitOfBytes(1_000) });

  it('is remembered while a standby is out for something else', () => {
    const first = next(undefined, withLag(aView(), { n2: 2_000 }), spec);
    const down = withMember(withLag(aView(), { n2: 2_000 }), 'n2', { probe: said(failing('down')) });
    const second = next(first, down, spec, later(10_000));
    expect(told(second)).toContain('n2 maint! replica_down');
    expect(told(next(second, withLag(aView(), { n2: 800 }), spec, later(20_000)))).toContain(
      'n2 drain replica_lagging',
    );
    expect(told(next(second, withLag(aView(), { n2: 500 }), spec, later(20_000)))).toContain(
      'n2 ready replica_within_lag',
    );
  });

  it('wants to be looked at again when the dwell is over', () => {
    const first = next(undefined, withLag(aView(), { n2: 2_000 }), spec);
    const second = next(first, withLag(aView(), { n2: 0 }), spec, later(100));
    expect(told(second)).toContain('n2 drain replica_lag_dwells');
    expect(second.reviewAt).toBeLessThanOrEqual(later(5_000));
    expect(told(next(second, withLag(aView(), { n2: 0 }), spec, later(5_000)))).toContain('n2 ready');
  });
});

describe('keep_at_least', () => {
  const spec = specOf({ maxLag: { ...lagLimitOfBytes(1_000), dwellMs: 0 }, keepAtLeast: 1 });
  const kept = (before: Decision | undefined, n2: number | undefined, n3: number | undefined): Decision =>
    next(before, withLag(aView(), { n2, n3 }), spec);

  it('stays with the one that is in until another lags less than half as much', () => {
    const first = kept(undefined, 10_000, 11_000);
    expect(told(first)).toContain('n2 ready replica_kept, n3 drain replica_lagging');
    const second = kept(first, 10_000, 5_001);
    expect(told(second)).toContain('n2 ready replica_kept');
    const third = kept(second, 10_000, 4_999);
    expect(told(third)).toContain('n2 drain replica_lagging, n3 ready replica_kept');
    expect(told(kept(third, 4_000, 4_999))).toContain('n3 ready replica_kept');
  });

  it('takes an unknown lag for the greatest, and two of them do not take turns', () => {
    expect(told(kept(undefined, undefined, 90_000))).toContain('n3 ready replica_kept');
    const first = kept(undefined, undefined, undefined);
    expect(told(first)).toContain('n2 ready replica_kept');
    expect(told(kept(first, undefined, undefined))).toContain('n2 ready replica_kept');
  });
});

describe('alarms of a read service', () => {
  const heavy = withMember(aView(), 'n2', { tags: { ...noTags, custom: { weight: [1] } } });
  const codes = (services: readonly ServiceSpec[], view = aView()): readonly string[] =>
    decide(view, aSpec({ services: [writes, ...services] }), now).alarms.map(({ code }) => code);

  it('tell of a tag that is no weight once, however many services look at it', () => {
    expect(codes([reads, { ...reads, name: 'other', backends: ['other'] }], heavy)).toEqual(['weight_tag_invalid']);
  });

  it('do not tell of a tag that no service takes for a weight', () => {
    expect(codes([{ ...reads, weightTag: undefined }], heavy)).toEqual([]);
  });

  it('tell of a selector that fails on a member, which selects nobody then', () => {
    const view = withMember(aView(), 'n2', { tags: { ...noTags, custom: { az: 7 } } });
    const selector = "[? starts_with(not_null(tags.az, ''), 'a') ]";
    expect(codes([{ ...reads, selector }], view)).toEqual(['selector_failed']);
    expect(told(decide(view, specOf({ selector }), now))).toContain('n2 drain not_selected, n3 drain not_selected');
    expect(codes([{ ...reads, backup: [selector] }], view)).toEqual(['selector_failed']);
  });
});

describe('without a probe', () => {
  it('a limit in time is never known', () => {
    const spec = {
      ...specOf({ maxLag: { bytes: undefined, time: { leave: 1, enter: 1 }, dwellMs: 0 } }),
      probe: undefined,
    };
    const decision = next(
      undefined,
      aView({ members: aView().members.map((m) => ({ ...m, probe: undefined })) }),
      spec,
    );
    expect(serviceOf(decision, 'replica').undecided).toBe(false);
    expect(told(decision)).toContain('n2 drain replica_lag_unknown');
  });
});
