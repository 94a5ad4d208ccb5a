import { describe, expect, it } from 'vitest';
import { lsn, millis } from '../model/units.ts';
import { readAnswer } from './question.ts';

const at = millis(7);

describe('readAnswer', () => {
  it('reads a primary', () => {
    expect(readAnswer([false, '0000000B', '16/B374D848', null, null, null], at)).toEqual({
      kind: 'primary',
      at,
      timeline: 11,
      position: lsn(0x16_b374_d848n),
    });
  });

  it('reads a standby that may not tell its timeline', () => {
    expect(readAnswer([true, null, null, '0/3000000', '0/2FFFFF8', 1234.5678], at)).toEqual({
      kind: 'standby',
      at,
      timeline: undefined,
      receivePosition: lsn(0x3000000n),
      replayPosition: lsn(0x2fffff8n),
      replayDelayMs: 1_235,
    });
  });

  it('reads a standby that follows nobody yet', () => {
    expect(readAnswer([true, '00000000', null, null, null, null], at)).toMatchObject({
      timeline: undefined,
      receivePosition: undefined,
      replayDelayMs: undefined,
    });
  });

  it('takes a commit of the future, by clocks that differ, for one of now', () => {
    expect(readAnswer([true, null, null, '0/3000000', '0/2FFFFF8', -250.5], at)).toMatchObject({ replayDelayMs: 0 });
  });

  it.each([
    [undefined],
    [null],
    [[]],
    [['f', null, null, null, null, null]],
    [[false, 'x', '0/0', null, null, null]],
    [[false, null, 'junk', null, null, null]],
    [[true, null, null, null, null, '5']],
  ])('takes %j for no answer of PostgreSQL', (row) => {
    expect(readAnswer(row, at)).toBeUndefined();
  });
});
