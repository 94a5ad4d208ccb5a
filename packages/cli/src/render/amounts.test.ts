import { describe, expect, it } from 'vitest';
import { formatAddress, formatAge, formatBytes, formatSpan, parseSpan } from './amounts.ts';

describe('formatAge', () => {
  it.each([
    [0, '0.0 s'],
    [120, '0.1 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_199_000, '119 min'],
    [7_200_000, '2 h'],
    [10_920_000, '3 h 2 min'],
    [777_600_000, '9 d'],
  ])('%d ms is %s', (ms, text) => expect(formatAge(ms)).toBe(text));
});

describe('formatSpan', () => {
  it.each([
    [3.125, '3.1 ms'],
    [1_348.2, '1348.2 ms'],
    [25_300, '25.30 s'],
    [660_000, '11 min'],
  ])('%d ms is %s', (ms, text) => expect(formatSpan(ms)).toBe(text));
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 kB'],
    [1536, '1.5 kB'],
    [16 * 1024 ** 2, '16 MB'],
    [1024 ** 2 - 1, '1 MB'],
    [1.5 * 1024 ** 3, '1.5 GB'],
    [3 * 1024 ** 4, '3 TB'],
  ])('%d is %s, in the units of PostgreSQL', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('formatAddress', () => {
  it('puts IPv6 into brackets', () => {
    expect(formatAddress({ host: '10.0.0.1', port: 5432 })).toBe('10.0.0.1:5432');
    expect(formatAddress({ host: '::1', port: 5432 })).toBe('[::1]:5432');
    expect(formatAddress(null)).toBe('unknown');
  });
});

describe('parseSpan', () => {
  it.each([
    ['250ms', 250],
    ['60s', 60_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['5min', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['60', undefined],
    ['-1s', undefined],
    ['1 s', undefined],
    ['', undefined],
    ['1y', undefined],
  ])('%j is %j', (text, ms) => expect(parseSpan(text)).toBe(ms));
});
