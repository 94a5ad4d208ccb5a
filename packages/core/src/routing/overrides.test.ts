import { describe, expect, it } from 'vitest';
import { ago, aSpec, aView, later, now, reads } from '../../test/cluster.ts';
import { anOverride, drain, maint, ready, weight } from '../../test/overrides.ts';
import type { Override } from '../model/override.ts';
import { revision } from '../model/units.ts';
import { Horizon } from './horizon.ts';
import { overrideFor, refusedBy } from './overrides.ts';
import type { Case } from './ruling.ts';

const caseWith = (...overrides: readonly Override[]): Case => ({
  view: aView(),
  spec: aSpec(),
  horizon: new Horizon(now),
  outage: { kind: 'auto' },
  overrides,
  memory: [],
});
const inReads = (...overrides: readonly Override[]) => overrideFor(caseWith(...overrides), reads, 'n2');

describe('what is asked for of a member in a service', () => {
  it.each<[string, readonly Override[], string | undefined]>([
    ['nothing, where nobody asked', [], undefined],
    ['nothing, where another member is meant', [anOverride('n3', maint)], undefined],
    ['nothing, where another service is meant', [anOverride('n2', maint, { service: 'primary' })], undefined],
    ['what is asked for all services', [anOverride('n2', maint)], 'maint'],
    [
      'what names the service, though the other is later',
      [anOverride('n2', ready, { service: 'replica', revision: revision(1) }), anOverride('n2', maint)],
      'ready',
    ],
    [
      'the later one by its revision, whatever the clocks say',
      [
        anOverride('n2', maint, { revision: revision(71), since: ago(90_000) }),
        anOverride('n2', drain, { revision: revision(70), since: ago(1_000) }),
      ],
      'maint',
    ],
    [
      'the later one of two local ones',
      [
        anOverride('n2', maint, { scope: 'local', revision: undefined, since: ago(2_000) }),
        anOverride('n2', drain, { scope: 'local', revision: undefined, since: ago(1_000) }),
      ],
      'drain',
    ],
    [
      'a local one that came after the last of the fleet',
      [anOverride('n2', maint), anOverride('n2', drain, { scope: 'local', revision: undefined, since: ago(1_000) })],
      'drain',
    ],
    ['nothing, once it is over', [anOverride('n2', maint, { until: now })], undefined],
    ['it until then', [anOverride('n2', maint, { until: later(1) })], 'maint'],
  ])('is %s', (_, overrides, expected) => {
    expect(inReads(...overrides).action?.action.kind).toBe(expected);
    expect(inReads(...[...overrides].reverse()).action?.action.kind).toBe(expected);
  });

  it('has a weight of its own, beside being taken out', () => {
    const orders = inReads(anOverride('n2', weight(5)), anOverride('n2', maint));
    expect(orders.weight?.value).toBe(5);
    expect(orders.action?.id).toBe('maint-n2');
  });

  it('is reviewed when the first of them is over', () => {
    const given = caseWith(
      anOverride('n2', maint, { until: later(500) }),
      anOverride('n2', drain, { until: later(900) }),
    );
    overrideFor(given, reads, 'n2');
    expect(given.horizon.reviewAt).toBe(later(500));
  });

  it('tells who wants it and why', () => {
    expect(refusedBy(inReads(anOverride('n2', maint, { expiresAt: '2026-01-01T02:00:00.000Z' })))).toEqual({
      code: 'override_maint',
      facts: {
        member: 'n2',
        owner: 'dba',
        because: 'new disk',
        override: 'maint-n2',
        until: '2026-01-01T02:00:00.000Z',
      },
    });
    expect(refusedBy(inReads(anOverride('n2', ready)))).toBeUndefined();
  });
});
