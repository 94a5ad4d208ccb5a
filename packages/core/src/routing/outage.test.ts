import { describe, expect, it } from 'vitest';
import { ago, aSpec, aView, later, now, reads } from '../../test/cluster.ts';
import type { OutagePolicy } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { Horizon } from './horizon.ts';
import { outageOf } from './outage.ts';
import type { Case } from './ruling.ts';

const caseAt = (ageMs: number, spec: ClusterSpec = aSpec()): Case => ({
  view: aView({ confirmedAt: ago(ageMs) }),
  spec,
  horizon: new Horizon(now),
  outage: { kind: 'auto' },
  overrides: [],
  memory: [],
});
const serves = (ageMs: number, outage: OutagePolicy, spec?: ClusterSpec): boolean =>
  outageOf(caseAt(ageMs, spec), { ...reads, outage }) === undefined;

describe('a read service on a view that is not confirmed any more', () => {
  it.each<[string, OutagePolicy, number]>([
    ['closes with the first missed second', { kind: 'close' }, 1_000],
    ['holds for as long as it was told', { kind: 'hold', forMs: 20_000 }, 20_000],
    ['holds for a second at least', { kind: 'hold', forMs: 0 }, 1_000],
    ["holds for as long as the manager's lease lasts", { kind: 'auto' }, 19_000],
  ])('%s', (_, outage, limit) => {
    expect(serves(limit - 1, outage)).toBe(true);
    expect(serves(limit, outage)).toBe(false);
  });

  it('holds without end where it was told so', () => {
    expect(serves(10 ** 9, { kind: 'hold', forMs: undefined })).toBe(true);
  });

  it("follows the manager without regard to the grace of the cluster's write services", () => {
    expect(serves(18_999, { kind: 'auto' }, aSpec({ grace: 2_000 }))).toBe(true);
  });

  it('tells the limit, and is reviewed when it is reached', () => {
    const outage = { kind: 'hold', forMs: 20_000 } as const;
    expect(outageOf(caseAt(20_000), { ...reads, outage })).toEqual({
      code: 'view_lost',
      facts: { limit_ms: 20_000 },
    });
    const given = caseAt(5_000);
    outageOf(given, { ...reads, outage });
    expect(given.horizon.reviewAt).toBe(later(15_000));
  });
});
