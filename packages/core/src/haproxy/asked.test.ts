import { describe, expect, it } from 'vitest';
import { AskedBackends } from './asked.ts';
import type { DesiredBackend } from './desired.ts';

const backend = (name: string, writer: string): DesiredBackend => ({
  backend: name,
  exclusive: true,
  servers: ['a', 'b'].map((member) => ({
    member,
    address: { host: '10.0.0.1', port: 5432 },
    state: member === writer ? 'ready' : 'maint',
  })),
});

describe('what is asked of the backends', () => {
  it('is no news when it is handed in again, and the same content keeps its age beside a change', () => {
    const asked = new AskedBackends();
    expect(asked.decided({ serial: 1, backends: [backend('x', 'a'), backend('y', 'a')] })).toBe(true);
    expect(asked.decided({ serial: 2, backends: [backend('x', 'a'), backend('y', 'a')] })).toBe(false);
    expect(asked.version).toBe(1);
    expect(asked.decided({ serial: 3, backends: [backend('x', 'a'), backend('y', 'b')] })).toBe(true);
    expect([asked.of('x')?.since, asked.of('y')?.since, asked.version]).toEqual([1, 2, 2]);
  });

  it('changes with a backend that is no longer named, and begins anew when it comes back', () => {
    const asked = new AskedBackends();
    asked.decided({ serial: 1, backends: [backend('x', 'a'), backend('y', 'a')] });
    expect(asked.decided({ serial: 2, backends: [backend('x', 'a')] })).toBe(true);
    expect(asked.of('y')).toBeUndefined();
    asked.decided({ serial: 3, backends: [backend('x', 'a'), backend('y', 'a')] });
    expect([asked.of('x')?.since, asked.of('y')?.since]).toEqual([1, 3]);
  });

  it('is the first entry where two name one backend', () => {
    const asked = new AskedBackends();
    asked.decided({ serial: 1, backends: [backend('x', 'a'), backend('x', 'b')] });
    expect(asked.all().map(({ desired }) => desired)).toEqual([backend('x', 'a')]);
  });
});
