// When systemd is told that we live.
import { describe, expect, it } from 'vitest';
import { look, lookEveryMs, STUCK_AFTER_MS } from './watchdog.ts';

const fine = () => [];
const loop = { part: 'the loop of edge', byMs: STUCK_AFTER_MS + 1 };
const reading = { part: 'the reading of /service/orders/', byMs: 90_000 };

describe('the sign of life', () => {
  it('is due after half the time that systemd waits, and looked at four times until then', () => {
    expect(lookEveryMs(10_000)).toBe(1_250);
    expect(look(10_000, 3_750, fine)).toEqual({ kind: 'wait' });
    expect(look(10_000, 4_990, fine)).toEqual({ kind: 'alive' });
    expect(look(10_000, Number.POSITIVE_INFINITY, fine)).toEqual({ kind: 'alive' });
  });

  it('asks nobody before it is due', () => {
    expect(
      look(10_000, 1_250, () => {
        throw new Error('asked');
      }),
    ).toEqual({ kind: 'wait' });
  });

  it('is given on a busy machine, where a step comes a little late', () => {
    expect(look(10_000, 5_000, () => [{ part: 'the loop of edge', byMs: STUCK_AFTER_MS }])).toEqual({ kind: 'alive' });
  });

  it('is not given while any part stands still, and names the one that has for longest', () => {
    expect(look(10_000, 5_000, () => [loop])).toEqual({ kind: 'stuck', on: loop });
    expect(look(10_000, 5_000, () => [loop, reading])).toEqual({ kind: 'stuck', on: reading });
  });
});
