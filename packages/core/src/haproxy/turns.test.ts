// When the next turn is due, and since when one is under way.
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { millis } from '../model/units.ts';
import { Turns } from './turns.ts';

describe('turns', () => {
  it('tell until when they rest, and since when one is under way', async () => {
    const clock = new ManualClock();
    const begun = clock.now();
    let end: (delayMs: number) => void = () => {};
    const turns = new Turns(clock, () => new Promise((resolve) => (end = resolve)));
    expect(turns.stage).toBeUndefined();
    turns.start();
    await clock.pass(9_000);
    // One that never ends shows by that.
    expect(turns.stage).toEqual({ begunAt: begun });
    end(250);
    await clock.pass(100);
    expect(turns.stage).toEqual({ restsUntil: millis(begun + 9_250) });
    turns.wake();
    await clock.pass(0);
    expect(turns.stage).toEqual({ begunAt: millis(begun + 9_100) });
    const stopped = turns.stop();
    end(0);
    await stopped;
    expect(turns.stage).toBeUndefined();
  });
});
