import { describe, expect, it } from 'vitest';
import { millis } from '../model/units.ts';
import type { Arrangement } from './arrange.ts';
import { Refusals } from './refusals.ts';

const change = (key: string): Arrangement => ({
  key,
  kind: 'weight',
  backend: 'be',
  server: 'a',
  member: 'a',
  commands: [`set server be/a weight ${key}`],
});
const [a, b] = [change('1'), change('2')];

describe('a change that HAProxy does not carry out', () => {
  it('is tried three times in a row, then told, and tried again every five seconds', () => {
    const refusals = new Refusals();
    for (const at of [0, 1]) refusals.told([a], [a], ['no'], millis(at));
    expect([refusals.at(millis(2)).size, refusals.leastTries([a])]).toEqual([0, 2]);
    refusals.told([a], [a], ['no', 'no', ' really '], millis(2));
    expect(refusals.at(millis(3)).get('1')).toEqual({ said: 'no / really', tries: 3, due: false });
    expect(refusals.at(millis(5_002)).get('1')?.due).toBe(true);
    refusals.told([a], [a], [], millis(5_003));
    expect(refusals.at(millis(5_004)).get('1')).toEqual({ said: 'nothing', tries: 4, due: false });
  });

  it('is forgotten once it is done, or not wanted any more, or another worker answers', () => {
    const refusals = new Refusals();
    const thrice = () => {
      for (const at of [0, 1, 2]) refusals.told([a, b], [a, b], [], millis(at));
    };
    thrice();
    refusals.told([a], [b], [], millis(3));
    expect([...refusals.at(millis(4)).keys()]).toEqual(['2']);
    thrice();
    refusals.otherWorker();
    expect(refusals.at(millis(4)).size).toBe(0);
  });

  it('does not slow the others', () => {
    const refusals = new Refusals();
    refusals.told([a], [a, b], [], millis(0));
    expect(refusals.leastTries([a, b])).toBe(0);
  });

  it('does not fill the page with what HAProxy said', () => {
    const refusals = new Refusals();
    for (const at of [0, 1, 2]) refusals.told([a], [a], ['x'.repeat(9_000)], millis(at));
    expect(refusals.at(millis(3)).get('1')?.said).toHaveLength(200);
  });
});
