import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { silentLog } from '../model/log.ts';
import { OpenGate, type Opening } from './gate.ts';

const opening: Opening = { backend: 'rw', server: 'b', member: 'b', restores: false };

function stage(answer: () => boolean | Promise<boolean>) {
  const clock = new ManualClock();
  let asked = 0;
  const told: boolean[] = [];
  const gate = new OpenGate({
    authorize: () => {
      asked += 1;
      return answer();
    },
    clock,
    log: silentLog,
    onAnswer: (_opening, _serial, allowed) => told.push(allowed),
  });
  return { clock, gate, told, asked: () => asked };
}

describe('the question for authority', () => {
  it('is asked once, and its yes counts for the same opening for a short while', async () => {
    const { clock, gate, asked } = stage(async () => true);
    expect(gate.ask(opening, 1)).toBe('pending');
    expect(gate.ask(opening, 1)).toBe('pending');
    await clock.pass(0);
    expect(gate.ask(opening, 1)).toBe('allowed');
    expect(gate.ask({ ...opening, member: 'c', server: 'c' }, 1)).toBe('pending');
    expect(asked()).toBe(2);
  });

  it('is asked again when the yes has grown old', async () => {
    const { clock, gate, asked } = stage(async () => true);
    gate.ask(opening, 1);
    await clock.pass(100);
    expect(gate.ask(opening, 1)).toBe('pending');
    expect(asked()).toBe(2);
  });

  it('is asked again once the yes was used', async () => {
    const { clock, gate } = stage(async () => true);
    gate.ask(opening, 1);
    await clock.pass(0);
    gate.used('rw');
    expect(gate.ask(opening, 1)).toBe('pending');
  });

  it('is answered at once where the answer is known already', () => {
    const { gate, told } = stage(() => true);
    expect(gate.ask(opening, 1)).toBe('allowed');
    expect(told).toEqual([]);
  });

  it('tells a no after the question, however fast it came, and takes a failure for one', async () => {
    for (const answer of [
      () => false,
      () => {
        throw new Error('no idea');
      },
      () => Promise.reject(new Error('no idea')),
    ]) {
      const { clock, gate, told } = stage(answer);
      expect(gate.ask(opening, 1)).toBe('pending');
      await clock.pass(0);
      expect(gate.ask(opening, 1)).toBe('refused');
      expect(told).toEqual([false]);
    }
  });

  it('is not repeated hot after a no, but at once for a newer decision', async () => {
    const { clock, gate, asked } = stage(async () => false);
    gate.ask(opening, 1);
    await clock.pass(200);
    expect(gate.ask(opening, 1)).toBe('refused');
    expect(asked()).toBe(1);
    expect(gate.ask(opening, 2)).toBe('pending');
    await clock.pass(250);
    expect(gate.ask(opening, 2)).toBe('pending');
    expect(asked()).toBe(3);
  });
});
