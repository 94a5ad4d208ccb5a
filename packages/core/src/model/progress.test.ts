// Who is late.
import { describe, expect, it } from 'vitest';
import { lateness } from './progress.ts';
import { millis } from './units.ts';

describe('a part of the router', () => {
  it('is late when its time is over', () => {
    const part = 'the loop of edge';
    expect(lateness({ part, at: undefined }, millis(1_000))).toBeUndefined();
    expect(lateness({ part, at: millis(1_000) }, millis(1_000))).toBeUndefined();
    expect(lateness({ part, at: millis(400) }, millis(1_000))).toEqual({ part, byMs: 600 });
  });
});
