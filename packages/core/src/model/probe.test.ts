import { describe, expect, it } from 'vitest';
import { failing, primaryAt, said, standbyAt } from '../../test/cluster.ts';
import { millis } from './units.ts';

const at = millis;

describe('withReading', () => {
  it('keeps the last answer while nothing answers', () => {
    const state = said(primaryAt(at(1)), failing('silent', at(2)), failing('down', at(3)));
    expect(state).toMatchObject({ latest: { kind: 'down', at: 3 }, lastAnswer: { kind: 'primary', at: 1 } });
  });

  it('knows since when the answers are `primary`; silence does not interrupt that', () => {
    expect(
      said(primaryAt(at(1)), primaryAt(at(2)), failing('silent', at(3)), failing('denied', at(4))).primarySince,
    ).toBe(1);
    expect(said(primaryAt(at(1)), failing('silent', at(2)), primaryAt(at(3))).primarySince).toBe(1);
  });

  it.each([standbyAt(at(2)), failing('starting', at(2)), failing('stopping', at(2)), failing('down', at(2))])(
    'begins anew after $kind',
    (reading) => {
      expect(said(primaryAt(at(1)), reading).primarySince).toBeUndefined();
      expect(said(primaryAt(at(1)), reading, primaryAt(at(3)))).toMatchObject({ primarySince: 3, lastPrimaryAt: 3 });
      expect(said(primaryAt(at(1)), reading).lastPrimaryAt).toBe(1);
    },
  );
});
