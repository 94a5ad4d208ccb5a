import { describe, expect, it } from 'vitest';
import { millis } from '../model/units.ts';
import { DriftLedger } from './drift.ts';
import type { Drifted } from './report.ts';

const drifted: Drifted = { backend: 'rw', server: 'a', member: 'a', found: 'maint', restored: 'ready' };

describe('servers found changed', () => {
  it('are remembered for ten seconds', () => {
    const ledger = new DriftLedger();
    ledger.note([drifted], millis(0));
    expect(ledger.recent(millis(9_999))).toEqual([{ ...drifted, times: 1, repeated: false }]);
    expect(ledger.recent(millis(10_000))).toEqual([]);
  });

  it('three times in ten seconds are the sign of somebody who decides differently', () => {
    const ledger = new DriftLedger();
    for (const at of [0, 4_000, 8_000])
      ledger.note([drifted, { ...drifted, server: 'b' }].slice(0, at === 0 ? 2 : 1), millis(at));
    expect(ledger.recent(millis(8_000)).map(({ server, repeated }) => [server, repeated])).toEqual([
      ['a', true],
      ['b', false],
    ]);
    expect(ledger.recent(millis(11_000)).map(({ server, repeated }) => [server, repeated])).toEqual([['a', false]]);
  });
});
