import { describe, expect, it } from 'vitest';
import { aSpec, reads, writes } from '../../test/cluster.ts';
import { stolonSpec } from '../../test/stolon-cluster.ts';
import type { OutagePolicy, ServiceSpec } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { closedBlind } from './blind-grace.ts';

const hold = (forMs?: number): OutagePolicy => ({ kind: 'hold', forMs });
const named = (service: ServiceSpec, name: string, outage: OutagePolicy): ServiceSpec => ({ ...service, name, outage });
const closed = (spec: ClusterSpec, sinceMs: number) => closedBlind(spec, sinceMs).closed.map(({ name }) => name);
/** At which millisecond the only service closes. */
const closesAt = (spec: ClusterSpec, service: ServiceSpec) =>
  closedBlind({ ...spec, services: [service] }, 0).nextMs ?? 'never';

describe('a router that could not read anything since its start', () => {
  it.each<[string, ClusterSpec, ServiceSpec, number | 'never']>([
    ['Patroni, auto', aSpec(), named(writes, 'w', { kind: 'auto' }), 19_000],
    ['Patroni, close', aSpec(), named(writes, 'w', { kind: 'close' }), 1_000],
    ['Patroni, hold for 5 s', aSpec(), named(writes, 'w', hold(5_000)), 5_000],
    ['Patroni, hold', aSpec(), named(writes, 'w', hold()), 'never'],
    ['Patroni, reads as usual', aSpec(), reads, 'never'],
    ['Patroni, reads that close', aSpec(), named(reads, 'r', { kind: 'close' }), 1_000],
    ['Stolon, registered', stolonSpec(), named(writes, 'w', { kind: 'auto' }), 15_000],
    ['Stolon, hold: it can only be told to close sooner', stolonSpec(), named(writes, 'w', hold()), 15_000],
    ['Stolon, hold for 2 s', stolonSpec(), named(writes, 'w', hold(2_000)), 2_000],
    ['Stolon, reads as usual', stolonSpec(), reads, 'never'],
  ])('%s', (_, spec, service, expected) => {
    expect(closesAt(spec, service)).toBe(expected);
  });

  it('closes one service after another, and tells when the next one is due', () => {
    const spec = aSpec({
      services: [named(writes, 'w', { kind: 'auto' }), named(reads, 'strict', { kind: 'close' }), reads],
    });
    expect(closed(spec, 999)).toEqual([]);
    expect(closed(spec, 1_000)).toEqual(['strict']);
    expect(closedBlind(spec, 1_000).nextMs).toBe(19_000);
    expect(closed(spec, 19_000)).toEqual(['w', 'strict']);
    expect(closedBlind(spec, 19_000).nextMs).toBeUndefined();
  });
});
