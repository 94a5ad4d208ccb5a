import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSafeName, lines, setState, showBackend, shutdownSessions } from './commands.ts';
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
