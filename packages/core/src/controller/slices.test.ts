// Work for thousands, a slice at a time: what is alone is done at once, nothing is lost or done twice, and others get their turn in between.
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { Slices } from './slices.ts';

/** Each piece of work takes `ms`. */
function stage(ms: number) {
  const clock = new ManualClock();
  const done: number[] = [];
  const slices = new Slices<number>(clock, (one) => {
    done.push(one);
    clock.stall(ms);
  });
  return { clock, done, slices };
}

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

describe('work in slices', () => {
  it('does what comes alone at once', () => {
    const { clock, done, slices } = stage(3);
    slices.want(1);
    clock.stall(100);
    slices.want(2);
    expect(done).toEqual([1, 2]);
    expect(clock.pending).toBe(0);
  });

  it('puts off what is more than a slice, keeps the order and loses nothing', async () => {
    const { clock, done, slices } = stage(3);
    for (const one of upTo(20)) slices.want(one);
    expect(done).toEqual([0, 1, 2]);
    await clock.pass(200);
    expect(done).toEqual(upTo(20));
    expect(clock.pending).toBe(0);
  });

  it('lets others have their turn after each slice', async () => {
    const { clock, done, slices } = stage(3);
    for (const one of upTo(20)) slices.want(one);
    let seen: readonly number[] = [];
    clock.after(0, () => {
      seen = [...done];
    });
    await clock.pass(200);
    expect(seen.length).toBeLessThan(20);
    expect(done).toEqual(upTo(20));
  });

  it('does once what is wanted twice before its turn, and at once what somebody needs now', async () => {
    const { clock, done, slices } = stage(10);
    slices.want(1);
    slices.want(2);
    slices.want(3);
    slices.want(2);
    expect(done).toEqual([1]);
    slices.settle(3);
    slices.settle(1);
    expect(done).toEqual([1, 3]);
    await clock.pass(200);
    expect(done).toEqual([1, 3, 2]);
  });

  it('does nothing that was dropped, and nothing after its end', async () => {
    const { clock, done, slices } = stage(10);
    for (const one of upTo(4)) slices.want(one);
    slices.drop(2);
    await clock.pass(200);
    expect(done).toEqual([0, 1, 3]);
    slices.want(5);
    slices.want(6);
    slices.stop();
    await clock.pass(100);
    expect(done).toEqual([0, 1, 3, 5]);
  });
});
