import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { Settling } from './settling.ts';

describe('Settling', () => {
  it('is over from the start where everything is known', () => {
    expect(new Settling(new ManualClock(), () => true).over).toBeUndefined();
  });

  it('is over when everything is known, and stays so', async () => {
    let known = false;
    const settling = new Settling(new ManualClock(), () => known);
    const waited = settling.over;
    settling.look();
    expect(settling.over).toBe(waited);
    known = true;
    settling.look();
    expect(settling.over).toBeUndefined();
    await expect(waited).resolves.toBeUndefined();
    known = false;
    settling.look();
    expect(settling.over).toBeUndefined();
  });

  it('is over after a second, whatever is known', async () => {
    const clock = new ManualClock();
    const settling = new Settling(clock, () => false);
    const waited = settling.over;
    await clock.pass(999);
    expect(settling.over).toBe(waited);
    await clock.pass(1);
    expect(settling.over).toBeUndefined();
    await expect(waited).resolves.toBeUndefined();
  });

  it('lets go of those who wait when it is stopped', async () => {
    const settling = new Settling(new ManualClock(), () => false);
    const waited = settling.over;
    settling.stop();
    await expect(waited).resolves.toBeUndefined();
  });
});
