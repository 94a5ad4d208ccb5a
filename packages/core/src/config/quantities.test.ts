import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';
import { readDuration, readSize } from './quantities.ts';

describe('a size', () => {
  it.each([
    [0, 0],
    [4096, 4096],
    ['4096', 4096],
    ['16MB', 16 * 1024 ** 2],
    [' 16 MB ', 16 * 1024 ** 2],
    ['1.5kB', 1536],
    ['1B', 1],
    ['2GB', 2 * 1024 ** 3],
    ['1TB', 1024 ** 4],
  ])('%j is %d bytes, as PostgreSQL means it', (written, value) => {
    expect(readSize(written)).toEqual({ ok: true, value });
  });

  it.each([-1, '', 'MB', '1 M B', '16mb', '16MiB', '9999999TB', Number.NaN, null, true, [], '0x10', '1e9'])(
    '%j is none',
    (written) => {
      expect(readSize(written)).toMatchObject({ ok: false });
    },
  );
});

describe('a duration', () => {
  it.each([
    [10, 10_000],
    [0.5, 500],
    ['10', 10_000],
    ['500ms', 500],
    ['10s', 10_000],
    ['2 min', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('%j is %d ms; without a unit it means seconds', (written, value) => {
    expect(readDuration(written)).toEqual({ ok: true, value });
  });

  it.each([-1, '10m', '10S', 'PT1S', '1:30', null, {}])('%j is none', (written) => {
    expect(readDuration(written)).toMatchObject({ ok: false });
  });
});

describe('the nearest known name', () => {
  it.each([
    ['hapraxy', 'haproxy'],
    ['endpionts', 'endpoints'],
    ['End-Points', 'endpoints'],
    ['clusterrs', 'clusters'],
    ['hosts', 'endpoints'],
    ['username', 'user'],
    ['colour', undefined],
    ['constructor', undefined],
  ])('of %s is %s', (written, meant) => {
    expect(nearest(written, ['endpoints', 'clusters', 'haproxy', 'user'])).toBe(meant);
  });
});
