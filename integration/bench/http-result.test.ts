import { describe, expect, it } from 'vitest';
import type { Loaded } from './http-load.ts';
import { type HttpFigures, httpResult } from './http-result.ts';

const loaded = (connections: number, requestsPerSecond: number, p99: number): Loaded => ({
  path: '/v1/primary',
  connections,
  perSecond: null,
  requestsPerSecond,
  latencyMs: { n: 1_000, p50: p99 / 2, p99, max: p99 * 2 },
  serverCpu: 1,
  loadCpu: 0.5,
  serverUsPerRequest: 30,
});

const figures: HttpFigures = {
  cores: { daemon: 'core 0 alone', others: 'core 1' },
  cold: loaded(16, 4_000, 6),
  allUp: [loaded(1, 9_000, 0.2), loaded(16, 30_000, 0.8), loaded(16, 20_000, 0.9), loaded(64, 30_000, 4)],
  pacedUp: loaded(16, 10_000, 0.3),
  oneFrozen: [loaded(16, 9_999, 0.8), loaded(16, 30_000, 1.1)],
  pacedFrozen: loaded(16, 10_000, 1.2),
  memory: {
    before: { rssMiB: 58, peakMiB: 70 },
    underLoad: { rssMiB: 70, peakMiB: 71 },
    restPercent: 0.8,
  },
  checks: {
    seconds: 60,
    serverLines: 6,
    external: { haproxy: 2.5, pgrouted: 1 },
    pushed: { haproxy: 0.05, pgrouted: 1.25 },
  },
};

const goals = (of: HttpFigures) => httpResult(of).goals.map(({ measured, met }) => `${measured} ${met}`);

describe('the goals of the http section', () => {
  it('are about the worst route at 16 connections', () => {
    expect(goals(figures)).toEqual([
      '20000/s true',
      '0.90 ms true',
      '0.30 ms true',
      '9999/s false',
      '1.10 ms false',
      '1.20 ms false',
      '1.30 against 3.50 s a minute true',
    ]);
  });

  it('are missed where telling costs as much as asking', () => {
    const { checks } = figures;
    expect(goals({ ...figures, checks: { ...checks, pushed: checks.external } }).at(-1)).toBe(
      '3.50 against 3.50 s a minute false',
    );
  });
});
