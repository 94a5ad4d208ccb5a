import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { sleep } from '../model/clock.ts';
import { hedge } from './hedge.ts';

const setup = () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const answers = (name: string, afterMs: number) => async () => {
    asked.push(name);
    await sleep(clock, afterMs);
    return name;
  };
  const fails = (name: string, afterMs: number) => async (): Promise<string> => {
    asked.push(name);
    await sleep(clock, afterMs);
    throw new Error(name);
  };
  return { clock, asked, answers, fails, patience: { clock, patienceMs: 100 } };
};

describe('hedge', () => {
  it('asks nobody else while the first answers in time', async () => {
    const { clock, asked, answers, patience } = setup();
    const result = hedge([answers('a', 50), answers('b', 50)], patience);
    await clock.pass(1_000);
    expect(await result).toBe('a');
    expect(asked).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });

  it('asks the next after a while, and takes whichever answers first', async () => {
    const { clock, asked, answers, patience } = setup();
    const result = hedge([answers('a', 500), answers('b', 10), answers('c', 10)], patience);
    await clock.pass(120);
    expect(await result).toBe('b');
    expect(asked).toEqual(['a', 'b']);
    await clock.pass(1_000);
    expect(asked).toEqual(['a', 'b']);
  });

  it('asks the next at once when one fails', async () => {
    const { clock, asked, answers, fails, patience } = setup();
    const result = hedge([fails('a', 1), fails('b', 1), answers('c', 1)], patience);
    await clock.pass(5);
    expect(await result).toBe('c');
    expect(asked).toEqual(['a', 'b', 'c']);
  });

  it('fails when all have failed, with their errors in order', async () => {
    const { clock, fails, patience } = setup();
    const result = hedge([fails('a', 300), fails('b', 1)], patience).catch((error: AggregateError) =>
      error.errors.map((each: Error) => each.message),
    );
    await clock.pass(1_000);
    expect(await result).toEqual(['a', 'b']);
    expect(clock.pending).toBe(0);
  });

  it('fails when there is nobody to ask', async () => {
    await expect(hedge([], { clock: new ManualClock(), patienceMs: 1 })).rejects.toBeInstanceOf(AggregateError);
  });
});
