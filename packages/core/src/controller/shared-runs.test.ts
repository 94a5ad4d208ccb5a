import { describe, expect, it } from 'vitest';
import { SharedRuns } from './shared-runs.ts';

/** Runs that end when they are told to. */
class Work {
  begun = 0;
  readonly #ends: ((value: number) => void)[] = [];

  readonly run = (): Promise<number> => {
    this.begun += 1;
    return new Promise((resolve) => this.#ends.push(resolve));
  };

  async end(value: number): Promise<void> {
    this.#ends.shift()?.(value);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('work that many ask for at once', () => {
  it('is begun at once for the first, and once more for all who ask while it runs', async () => {
    const runs = new SharedRuns<number>();
    const work = new Work();
    const first = runs.run('a', work.run);
    const others = [runs.run('a', work.run), runs.run('a', work.run), runs.run('a', work.run)];
    expect(work.begun).toBe(1);
    await work.end(1);
    expect(await first).toBe(1);
    expect(work.begun).toBe(2);
    await work.end(2);
    expect(await Promise.all(others)).toEqual([2, 2, 2]);
    expect(work.begun).toBe(2);
  });

  it('is begun anew when nothing runs, and for another key whatever runs', async () => {
    const runs = new SharedRuns<number>();
    const work = new Work();
    const first = runs.run('a', work.run);
    const other = runs.run('b', work.run);
    expect(work.begun).toBe(2);
    await work.end(1);
    await work.end(2);
    expect([await first, await other]).toEqual([1, 2]);
    const again = runs.run('a', work.run);
    await work.end(3);
    expect(await again).toBe(3);
  });

  it('is settled when all that was asked for is over', async () => {
    const runs = new SharedRuns<number>();
    const work = new Work();
    await runs.settled('a');
    const over: string[] = [];
    void runs.run('a', work.run);
    const one = runs.settled('a').then(() => over.push('one'));
    void runs.run('a', work.run);
    const both = runs.settled('a').then(() => over.push('both'));
    await work.end(1);
    await one;
    expect(over).toEqual(['one']);
    await work.end(2);
    await both;
    expect(over).toEqual(['one', 'both']);
  });
});
