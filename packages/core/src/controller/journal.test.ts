import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import type { Clock } from '../model/clock.ts';
import { millis } from '../model/units.ts';
import { Journal } from './journal.ts';

const clock: Clock = {
  now: () => millis(12.3456),
  wall: () => new Date('2026-01-02T03:04:05.678Z'),
  after: () => ({ cancel: () => {} }),
};

function filled(count: number, limit: number): Journal {
  const journal = new Journal(clock, limit);
  for (let i = 1; i <= count; i += 1) journal.add({ kind: 'member', text: `entry ${i}` });
  return journal;
}

describe('Journal', () => {
  it('numbers and times what it is given', () => {
    const [entry] = filled(1, 10).since(0, 10).entries;
    expect(entry).toEqual({ seq: 1, at: '2026-01-02T03:04:05.678Z', tMs: 12.346, kind: 'member', text: 'entry 1' });
  });

  it('gives what came after a number, oldest first', () => {
    const { entries, lastSeq, lost } = filled(5, 10).since(3, 10);
    expect(entries.map((entry) => entry.seq)).toEqual([4, 5]);
    expect(lastSeq).toBe(5);
    expect(lost).toBe(false);
  });

  it('gives the newest where more are there than asked for', () => {
    expect(
      filled(5, 10)
        .since(0, 2)
        .entries.map((entry) => entry.seq),
    ).toEqual([4, 5]);
  });

  it('keeps a bounded number and says when entries after the one asked for have gone', () => {
    const journal = filled(100, 10);
    expect(journal.since(0, 1000).entries.length).toBeLessThanOrEqual(13);
    expect(journal.since(0, 1000).lost).toBe(true);
    expect(journal.since(99, 1000).lost).toBe(false);
    expect(journal.since(100, 1000)).toEqual({ entries: [], lastSeq: 100, lost: false });
  });

  it('tells each listener once, until it stops listening', () => {
    const journal = filled(0, 10);
    const heard: number[] = [];
    const stop = journal.onEntry((entry) => heard.push(entry.seq));
    journal.add({ kind: 'config', text: 'one' });
    journal.flush();
    stop();
    journal.add({ kind: 'config', text: 'two' });
    journal.flush();
    expect(heard).toEqual([1]);
  });

  it('puts into words later what happened now, in the order and with the time of the calls', async () => {
    const manual = new ManualClock();
    const journal = new Journal(manual, 10);
    const began = manual.now();
    journal.later(() => [{ kind: 'member', text: 'first' }]);
    const heard: string[] = [];
    journal.onEntry(({ text }) => heard.push(text));
    await manual.pass(3);
    journal.add({ kind: 'config', text: 'second' });
    expect(heard).toEqual([]);
    await manual.pass(3);
    expect(heard).toEqual(['first', 'second']);
    expect(journal.since(0, 10).entries.map(({ tMs }) => tMs - began)).toEqual([0, 3]);
  });
});
