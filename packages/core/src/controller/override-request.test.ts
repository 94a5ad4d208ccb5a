import { describe, expect, it } from 'vitest';
import { aSpec, aView, writes } from '../../test/cluster.ts';
import { millis } from '../model/units.ts';
import type { OverrideRequest } from './api.ts';
import type { ToldCluster } from './fleet-facts.ts';
import { checkRequest } from './override-request.ts';

const moment = { now: millis(1_000), wall: new Date('2026-11-21T12:00:00.000Z') };

const cluster = (name: string, changes: Partial<ToldCluster> = {}): ToldCluster => ({
  spec: aSpec({ name }),
  view: () => aView(),
  decision: () => undefined,
  ...changes,
});

const asked = (changes: Partial<OverrideRequest> = {}): OverrideRequest => ({
  cluster: undefined,
  member: 'n2',
  service: undefined,
  action: { kind: 'drain' },
  owner: ' alice@lb1 ',
  reason: 'disk',
  ends: undefined,
  ...changes,
});

const orders = cluster('orders');

describe('a request for an override', () => {
  it('is taken with the names as they are, and an end on both clocks', () => {
    expect(checkRequest(asked({ service: 'replica', ends: { forMs: 90_000 } }), [orders], moment)).toEqual({
      ok: true,
      cluster: 'orders',
      override: {
        member: 'n2',
        service: 'replica',
        action: { kind: 'drain' },
        owner: 'alice@lb1',
        reason: 'disk',
        createdAt: '2026-11-21T12:00:00.000Z',
        expiresAt: '2026-11-21T12:01:30.000Z',
        since: 1_000,
        until: 91_000,
      },
    });
    const until = checkRequest(asked({ ends: { at: '2026-11-21T14:00:00+01:00' } }), [orders], moment);
    expect(until).toMatchObject({ override: { until: 3_601_000, expiresAt: '2026-11-21T13:00:00.000Z' } });
    expect(checkRequest(asked(), [orders], moment)).toMatchObject({ override: { until: undefined } });
  });

  const two = [orders, cluster('stock')];
  const blind = [cluster('orders', { view: () => undefined })];
  const writesOnly = [cluster('orders', { spec: aSpec({ name: 'orders', services: [writes] }) })];
  const cases: readonly (readonly [Partial<OverrideRequest>, readonly ToldCluster[], string, RegExp])[] = [
    [{}, two, 'unfit', /the cluster is missing; there are several \(orders, stock\)/],
    [{ cluster: 'ordres' }, two, 'unknown', /no cluster ordres; did you mean orders\?/],
    [{ member: 'n22' }, [orders], 'unknown', /no member n22 in cluster orders; did you mean n2\? Known: n1, n2, n3/],
    [{ member: 'a\nb' }, [orders], 'unknown', /no member a\\nb in/],
    [{ service: 'reads' }, [orders], 'unknown', /no service reads in cluster orders; known: primary, replica/],
    [{}, blind, 'unavailable', /nothing is known of cluster orders yet/],
    [{ owner: ' ' }, [orders], 'unfit', /owner is missing/],
    [{ reason: 'x'.repeat(257) }, [orders], 'unfit', /reason is no line of at most 256 characters/],
    [{ action: { kind: 'weight', weight: 1.5 } }, [orders], 'unfit', /no whole number from 0 to 256/],
    [{ action: { kind: 'ready' }, service: 'primary' }, writesOnly, 'unfit', /no override makes a writer/],
    [{ ends: { at: 'tomorrow' } }, [orders], 'unfit', /no instant/],
    [{ ends: { at: '2026-11-21T11:59:59Z' } }, [orders], 'unfit', /over already/],
    [{ ends: { forMs: 400 * 24 * 3_600_000 } }, [orders], 'unfit', /longer than a year/],
  ];
  it.each(cases)('%j is refused', (changes, clusters, as, message) => {
    const checked = checkRequest(asked(changes), clusters, moment);
    if (checked.ok) throw new Error('it was taken');
    expect(checked.refusal.as).toBe(as);
    expect(`${checked.refusal.error}; ${checked.refusal.remedy}`).toMatch(message);
  });
});
