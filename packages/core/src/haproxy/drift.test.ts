import { describe, expect, it } from 'vitest';
import { HaproxyModel } from '../../test/haproxy-model.ts';
import { millis } from '../model/units.ts';
import { DriftLedger } from './drift.ts';
import { plan } from './plan.ts';

const exclusive = new Set(['rw']);
/** The plan for a write service whose one writer shall be `a`, with these in rotation. */
const found = (...inRotation: readonly string[]) => {
  const model = new HaproxyModel(
    ['a', 'b'].map((name) => ({
      backend: 'rw',
      name,
      port: 1,
      admin: inRotation.includes(name) ? 4 : 5,
      op: inRotation.includes(name) ? 2 : 0,
      weight: 1,
      checkFails: false,
      sessions: 0,
      ending: 0,
    })),
  );
  const servers = [{ member: 'a', address: undefined, state: 'ready' as const }];
  return plan(model.facts(), { serial: 1, backends: [{ backend: 'rw', exclusive: true, servers }] });
};
const aOut = { backend: 'rw', server: 'a', member: 'a', found: 'maint', restored: 'ready' };

describe('servers found changed', () => {
  it('are none while everything is as decided', () => {
    const ledger = new DriftLedger();
    ledger.look(found('a'), exclusive, millis(0));
    expect(ledger.recent(millis(0))).toEqual([]);
    expect(ledger.pauseMs(millis(0))).toBe(0);
  });

  it('are left alone for a moment, since a newer decision may be on its way', () => {
    const ledger = new DriftLedger();
    ledger.look(found('b'), exclusive, millis(0));
    expect(ledger.pauseMs(millis(5))).toBe(15);
    ledger.decided(millis(6));
    expect(ledger.pauseMs(millis(6))).toBe(0);
  });

  it('are not left alone if two of them accept', () => {
    const ledger = new DriftLedger();
    ledger.look(found('a', 'b'), exclusive, millis(0));
    expect(ledger.pauseMs(millis(0))).toBe(0);
  });

  it('are told once they are put back, and remembered for ten seconds', () => {
    const ledger = new DriftLedger();
    ledger.look(found(), exclusive, millis(0));
    expect(ledger.restored()).toEqual([aOut]);
    expect(ledger.restored()).toEqual([]);
    expect(ledger.recent(millis(9_999))).toEqual([{ ...aOut, times: 1, repeated: false }]);
    expect(ledger.recent(millis(10_000))).toEqual([]);
  });

  it('three times in ten seconds are the sign of somebody who decides differently', () => {
    const ledger = new DriftLedger();
    for (const at of [0, 4_000, 8_000]) ledger.look(found(), exclusive, millis(at));
    expect(ledger.recent(millis(8_000))).toMatchObject([{ server: 'a', times: 3, repeated: true }]);
    expect(ledger.recent(millis(11_000))).toMatchObject([{ server: 'a', times: 2, repeated: false }]);
  });
});
