// How often the targets are told what clusters want held.
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { Publisher } from './publisher.ts';

function stage(takesMs = 0) {
  const clock = new ManualClock();
  const told: number[] = [];
  const publisher = new Publisher(clock, () => {
    told.push(clock.now());
    clock.stall(takesMs);
  });
  return { clock, publisher, told };
}

describe('what the targets are told', () => {
  it('is told once for all changes that come together, right after them', async () => {
    const { clock, publisher, told } = stage();
    for (let i = 0; i < 1_000; i += 1) publisher.want();
    expect(told).toEqual([]);
    await clock.pass(0);
    expect(told).toHaveLength(1);
    publisher.want();
    await clock.pass(0);
    expect(told).toHaveLength(2);
  });

  it('is told at once where somebody has to know, and not once more after that', async () => {
    const { clock, publisher, told } = stage();
    publisher.want();
    publisher.flush();
    expect(told).toHaveLength(1);
    publisher.flush();
    await clock.pass(1_000);
    expect(told).toHaveLength(1);
  });

  it('takes a quarter of the time at most where the telling takes long', async () => {
    const { clock, publisher, told } = stage(10);
    for (let i = 0; i < 40; i += 1) {
      publisher.want();
      await clock.pass(10);
    }
    expect(told.slice(0, 3)).toEqual([1_000, 1_040, 1_080]);
    publisher.want();
    await clock.pass(100);
    const count = told.length;
    await clock.pass(1_000);
    expect(told).toHaveLength(count);
  });

  it('is told at once all the same in the middle of such a rest, and the rest begins anew', async () => {
    const { clock, publisher, told } = stage(10);
    publisher.want();
    await clock.pass(10);
    publisher.want();
    publisher.flush();
    expect(told).toEqual([1_000, 1_010]);
    publisher.want();
    await clock.pass(29);
    expect(told).toHaveLength(2);
    await clock.pass(1);
    expect(told).toEqual([1_000, 1_010, 1_050]);
  });

  it('is what is wanted while it is being told, too', async () => {
    const clock = new ManualClock();
    let told = 0;
    const publisher: Publisher = new Publisher(clock, () => {
      told += 1;
      if (told === 1) publisher.want();
    });
    publisher.want();
    await clock.pass(0);
    expect(told).toBe(2);
  });
});
