import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addServer,
  isDialable,
  isParameter,
  isSafeName,
  lines,
  setAddress,
  setState,
  setWeight,
  showBackend,
  shutdownSessions,
} from './commands.ts';
import { MAX_LINE_BYTES } from './runtime.ts';

describe('a name', () => {
  it.each(['a;show env', 'a\nshow env', 'a b', 'a\tb', 'a\\b', 'a/b', '#3', '', 'x'.repeat(65), 'ä', '<<'])(
    'that could split or turn a command is refused: %j',
    (name) => {
      expect(isSafeName(name)).toBe(false);
      expect(() => setState({ backend: 'be', server: name }, 'ready')).toThrow();
      expect(() => shutdownSessions({ backend: name, server: 's' })).toThrow();
      expect(showBackend(name, undefined, true)).toEqual([]);
    },
  );

  it('of which HAProxy allows every character passes', () => {
    expect(setState({ backend: 'be-1.x', server: 'pg_1:5432' }, 'maint')).toBe(
      'set server be-1.x/pg_1:5432 state maint',
    );
  });
});

describe('an address', () => {
  it.each([
    ['10.0.0.1', 5432, 'set server be/s addr 10.0.0.1 port 5432', 'add server be/s 10.0.0.1:5432'],
    ['fe80::1', 65_535, 'set server be/s addr fe80::1 port 65535', 'add server be/s [fe80::1]:65535'],
  ])('%s %d is one that HAProxy can be given', (host, port, set, add) => {
    expect(setAddress({ backend: 'be', server: 's' }, { host, port })).toBe(set);
    expect(addServer({ backend: 'be', server: 's' }, { host, port }, [])).toBe(add);
  });

  it.each([
    ['db1.example', 5432],
    ['0.0.0.0', 5432],
    ['::', 5432],
    ['0:0::0', 5432],
    ['fe80::1%eth0', 5432],
    ['10.0.0.1;show env', 5432],
    ['10.0.0.1', 0],
    ['10.0.0.1', 99_999],
    ['10.0.0.1', 54.5],
  ])('%s %d is none', (host, port) => {
    expect(isDialable({ host, port })).toBe(false);
    expect(() => setAddress({ backend: 'be', server: 's' }, { host, port })).toThrow();
    expect(() => addServer({ backend: 'be', server: 's' }, { host, port }, [])).toThrow();
  });
});

describe('an added server', () => {
  const at = { host: '10.0.0.1', port: 5432 };
  it('bears its parameters word by word', () => {
    expect(addServer({ backend: 'be', server: 's' }, at, ['check', 'inter', '1s'])).toBe(
      'add server be/s 10.0.0.1:5432 check inter 1s',
    );
  });

  it.each(['a;b', 'a b', 'a\\b', 'a\nb', '', '<<', 'enabled', 'ä', 'x'.repeat(257)])('never bears %j', (word) => {
    expect(isParameter(word)).toBe(false);
    expect(() => addServer({ backend: 'be', server: 's' }, at, [word])).toThrow();
  });
});

describe('a weight', () => {
  it('is told so that a static algorithm takes it where it can', () => {
    const told = (weight: number) => setWeight({ backend: 'be', server: 's' }, weight, 10).split(' ').at(-1);
    expect([0, 10, 20, 256].map(told)).toEqual(['0%', '100%', '20', '256']);
    // Nothing in the file: that is all of it.
    expect(setWeight({ backend: 'be', server: 's' }, 0, 0)).toBe('set server be/s weight 100%');
    for (const wrong of [-1, 257, 1.5, Number.NaN]) expect(() => told(wrong)).toThrow();
  });
});

describe('lines', { timeout: 30_000 }, () => {
  it('hold all commands in order, then the reads, and never exceed what every version carries out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z ]{1,200}$/), { maxLength: 300 }),
        fc.nat({ max: 5 }),
        (commands, n) => {
          const reads = Array.from({ length: n }, (_, i) => `show servers state b${i}`);
          const made = lines(commands, reads);
          expect(made.flatMap((line) => line.slice(1))).toEqual([...commands, ...reads]);
          for (const line of made) {
            expect(line[0]).toBe('show info');
            expect(`${line.join(';')}\n`.length).toBeLessThanOrEqual(MAX_LINE_BYTES);
          }
        },
      ),
    );
  });
});
