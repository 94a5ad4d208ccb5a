// Whose turn it is among more backends than can be thought about at once.
import { describe, expect, it } from 'vitest';
import { type Millis, millis } from '../model/units.ts';
import { Batch } from './batch.ts';
import type { DesiredBackend } from './desired.ts';

const backends = (count: number): readonly DesiredBackend[] =>
  Array.from({ length: count }, (_, i) => ({ backend: `b${i}`, exclusive: true, servers: [] }));
const start = millis(1_000);
const passed = (ms: number): Millis => millis(start + ms);

describe('a batch', () => {
  it('is all of them where they are few enough', () => {
    const batch = new Batch(4);
    const few = backends(4);
    expect(batch.of(few, start)).toBe(few);
  });

  it('stays for a second, so that a fence is followed by its opening, and makes room for the next then', () => {
    const batch = new Batch(4);
    const many = backends(10);
    const first = batch.of(many, start);
    expect(first).toEqual(many.slice(0, 4));
    expect(batch.of(many, passed(999))).toEqual(first);
    expect(batch.of(many, passed(1_000))).toEqual(many.slice(4, 8));
  });

  it('fills up at once with others where some are through', () => {
    const batch = new Batch(4);
    const many = backends(10);
    batch.of(many, start);
    const left = many.filter(({ backend }) => backend !== 'b1' && backend !== 'b2');
    const next = batch.of(left, passed(5));
    expect(next).toHaveLength(4);
    expect(next).toEqual(expect.arrayContaining([many[0], many[3]]));
  });

  it.each([5, 9, 64, 200])('comes to each of %d that never get through', (count) => {
    const batch = new Batch(4);
    const many = backends(count);
    const had = new Set<string>();
    for (let turn = 0; turn < 2 * count; turn += 1) {
      const some = batch.of(many, passed(turn * 1_000));
      expect(some.length).toBeLessThanOrEqual(4);
      expect(new Set(some).size).toBe(some.length);
      for (const { backend } of some) had.add(backend);
    }
    expect(had.size).toBe(count);
  });
});
