import { describe, expect, it } from 'vitest';
import { parseDuration } from './duration.ts';

describe('a duration of Go', () => {
  it.each([
    ['5s', 5_000],
    ['1m0s', 60_000],
    ['48h0m0s', 172_800_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['90s', 90_000],
    ['1.1s', 1_100],
    ['0.3s', 300],
    ['.5s', 500],
    ['5.s', 5_000],
    ['1h2m3.004s', 3_723_004],
    ['1500us', 1.5],
    ['1500µs', 1.5],
    ['1500μs', 1.5],
    ['1ns', 0.000001],
    ['0.9ns', 0],
    ['+5s', 5_000],
    ['-5s', -5_000],
    ['0', 0],
    ['-0', 0],
    ['0s', 0],
    ['-0s', 0],
    ['2562047h47m16.854775807s', 9_223_372_036_854.775],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '+',
    '-',
    '5',
    '.s',
    's',
    '5 s',
    '5S',
    '5d',
    '1h 5m',
    '5s-3s',
    '--5s',
    '5s\n',
    '2562048h',
    '1e3s',
    '٣s',
  ])('is not %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('is not a text that never ends', () => {
    expect(parseDuration(`${'0'.repeat(1_000_000)}s`)).toBeUndefined();
  });
});
