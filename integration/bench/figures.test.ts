// What the figures of a benchmark mean.
import { describe, expect, it } from 'vitest';
import { percentile, showMs, summary, table } from './figures.ts';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('gives a value that occurred: share %d of 1..100 is %d', (share, value) => {
    expect(percentile(hundred, share)).toBe(value);
  });

  it('is the slowest one where there are too few values for the share', () => {
    expect(percentile([3, 1, 2], 0.99)).toBe(3);
  });

  it('is no number without values', () => {
    expect(percentile([], 0.5)).toBeNaN();
    expect(summary([])).toEqual({ n: 0, p50: Number.NaN, p99: Number.NaN, max: Number.NaN });
  });
});

describe('showMs', () => {
  it.each([
    [0.8431, '0.84'],
    [12.34, '12.3'],
    [4512.4, '4512'],
    [null, '-'],
    [Number.NaN, '-'],
  ])('shows %s as %s', (value, text) => {
    expect(showMs(value)).toBe(text);
  });
});

describe('table', () => {
  it('aligns the first column to the left and all others to the right', () => {
    expect(
      table([
        ['ms', 'p50', 'max'],
        ['a long name', '1', '1000'],
      ]),
    ).toBe('ms           p50   max\na long name    1  1000');
  });
});
