// Backends that shall hold the same as before stay the very same objects.
import { describe, expect, it } from 'vitest';
import type { DesiredBackend } from '../haproxy/desired.ts';
import { keptWhereSame } from './kept-desired.ts';

const backend = (name: string, state: 'ready' | 'maint', changes: Partial<DesiredBackend> = {}): DesiredBackend => ({
  backend: name,
  exclusive: true,
  servers: [{ member: 'n1', address: { host: '10.0.0.1', port: 5432 }, state }],
  ...changes,
});

describe('what is desired', () => {
  it('is the very same list where nothing is different', () => {
    const before = [backend('a', 'ready'), backend('b', 'maint')];
    expect(keptWhereSame([backend('a', 'ready'), backend('b', 'maint')], before)).toBe(before);
    expect(keptWhereSame([], [])).toEqual([]);
  });

  it('keeps the object of each backend that is to hold the same, and no other', () => {
    const before = [backend('a', 'ready'), backend('b', 'maint')];
    const next = keptWhereSame([backend('a', 'ready'), backend('b', 'ready')], before);
    expect(next[0]).toBe(before[0]);
    expect(next[1]).toEqual(backend('b', 'ready'));
  });

  it.each<Partial<DesiredBackend>>([
    { exclusive: false },
    { holds: true },
    { removed: { leaving: 'kill', drainTimeoutMs: 10 } },
    { servers: [] },
    { servers: [{ member: 'n2', address: { host: '10.0.0.1', port: 5432 }, state: 'ready' }] },
    { servers: [{ member: 'n1', address: undefined, state: 'ready' }] },
    { servers: [{ member: 'n1', address: { host: '10.0.0.1', port: 5433 }, state: 'ready' }] },
    { servers: [{ member: 'n1', address: { host: '10.0.0.1', port: 5432 }, state: 'ready', ends: true }] },
    { servers: [{ member: 'n1', address: { host: '10.0.0.1', port: 5432 }, state: 'ready', weight: 5 }] },
    {
      servers: [
        {
          member: 'n1',
          address: { host: '10.0.0.1', port: 5432 },
          state: 'ready',
          lines: { own: 'ready', backup: 'maint' },
        },
      ],
    },
  ])('is another one with %j', (changes) => {
    const before = [backend('a', 'ready')];
    const next = keptWhereSame([backend('a', 'ready', changes)], before);
    expect(next).not.toBe(before);
    expect(next).toEqual([backend('a', 'ready', changes)]);
  });

  it('is another list where a backend has come, gone or changed its place', () => {
    const before = [backend('a', 'ready'), backend('b', 'maint')];
    expect(keptWhereSame([backend('a', 'ready')], before)).toEqual([before[0]]);
    expect(keptWhereSame([...before, backend('c', 'maint')], before)).toHaveLength(3);
    expect(keptWhereSame([backend('b', 'maint'), backend('a', 'ready')], before).map((one) => one.backend)).toEqual([
      'b',
      'a',
    ]);
  });
});
