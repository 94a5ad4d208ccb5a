import { describe, expect, it } from 'vitest';
import {
  ago,
  aMember,
  aSpec,
  aView,
  failing,
  later,
  now,
  primaryAt,
  probeSpec,
  said,
  standbyAt,
  vacantAfter,
  withMember,
} from '../../test/cluster.ts';
import { aRegistration, named, passive, stolonCluster, stolonSpec, withdrawn } from '../../test/stolon-cluster.ts';
import type { ProbeState } from '../model/probe.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { ClusterView } from '../model/view.ts';
import { memberStatuses } from './member-status.ts';

describe("PgRoute66's words for the members of a Stolon cluster", () => {
  const statuses = (view: ClusterView) => Object.fromEntries(memberStatuses(stolonSpec(), view, now, 30_000).statuses);
  const standbys = { keeper2: 'standby', keeper3: 'standby' };

  it('call the named master primary, if this router may send writes there', () => {
    expect(statuses(passive())).toEqual({ keeper1: 'primary', ...standbys });
    expect(statuses(stolonCluster())).toEqual({ keeper1: 'primary', ...standbys });
    expect(statuses(stolonCluster({}, { enabled: [] }))).toEqual({ keeper1: 'unavailable', ...standbys });
  });

  it('call it so while a new process keeps it in', () => {
    const starting = stolonCluster(
      { leadership: named('keeper1', { origin: 'found', seenAt: ago(300) }) },
      {
        enabled: [],
        registration: aRegistration({ startedAt: ago(300), acknowledged: undefined, aliveAt: undefined }),
      },
    );
    expect(statuses(starting)).toEqual({ keeper1: 'primary', ...standbys });
    const unproven = withMember(starting, 'keeper1', { probe: undefined });
    expect(statuses(unproven)).toEqual({ keeper1: 'unavailable', ...standbys });
  });

  it('call nobody primary between two masters, promoted or not', () => {
    const between = withMember(passive({ leadership: withdrawn('keeper1') }), 'keeper2', {
      role: 'promoting',
      probe: said(standbyAt(ago(900)), primaryAt(ago(20))),
    });
    expect(statuses(between)).toEqual({ keeper1: 'unavailable', keeper2: 'unavailable', keeper3: 'standby' });
  });
});

describe("PgRoute66's words where nobody manages the servers", () => {
  const spec: ClusterSpec = {
    ...aSpec(),
    source: { kind: 'postgres', hosts: [] },
    probe: probeSpec,
  };
  const view = (...probes: readonly (ProbeState | undefined)[]): ClusterView =>
    aView({
      source: 'postgres',
      leadership: vacantAfter(undefined),
      members: probes.map((probe, i) => aMember(`pg${i + 1}`, { probe })),
    });
  const words = (of: ClusterView, at = now) => [...memberStatuses(spec, of, at, 30_000).statuses.values()];

  it('are what each server says itself, also when two say that they are primary', () => {
    expect(words(view(said(primaryAt(ago(200))), said(standbyAt(ago(300))), said(primaryAt(ago(10)))))).toEqual([
      'primary',
      'standby',
      'primary',
    ]);
  });

  it.each(['silent', 'denied', 'down', 'starting', 'stopping'] as const)(
    'are "unavailable" for one that is %s now, whatever it said before',
    (kind) => {
      const was = said(primaryAt(ago(900)), failing(kind, ago(100)));
      expect(words(view(was, said(standbyAt(ago(900)), failing(kind, ago(100))), undefined))).toEqual(
        Array(3).fill('unavailable'),
      );
    },
  );

  it('are "unavailable" once the last reading is too old, each for itself', () => {
    const known = memberStatuses(spec, view(said(primaryAt(ago(200))), said(standbyAt(ago(29_000)))), now, 30_000);
    expect([...known.statuses.values()]).toEqual(['primary', 'standby']);
    expect(known.until).toBe(later(1_000));
    const of = view(said(primaryAt(ago(200))), said(standbyAt(ago(29_000))));
    expect(words(of, later(1_000))).toEqual(['primary', 'unavailable']);
    expect(words(of, later(29_800))).toEqual(['unavailable', 'unavailable']);
  });
});

describe("PgRoute66's words for a view that nothing confirms any more", () => {
  const answeredAgo = (ms: number): ClusterView => {
    const old = aView({ confirmedAt: ago(40_000) });
    return withMember(old, 'n2', { probe: said(standbyAt(ago(ms))) });
  };

  it('are "unavailable" when neither etcd nor PostgreSQL has said anything young enough', () => {
    const status = (view: ClusterView, maxAgeMs: number) =>
      memberStatuses(aSpec(), view, now, maxAgeMs).statuses.get('n2');
    expect(status(answeredAgo(300), 30_000)).toBe('standby');
    expect(status(answeredAgo(31_000), 30_000)).toBe('unavailable');
    expect(status(answeredAgo(31_000), 41_000)).toBe('standby');
  });

  it('hold until the first of them would be another', () => {
    const { until } = memberStatuses(aSpec(), aView(), now, 500);
    // What is known of n1, n2 and n3 is confirmed 100 ms ago.
    expect(until).toBe(later(400));
  });
});
