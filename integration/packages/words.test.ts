import { describe, expect, it } from 'vitest';
import { parts, wishOf } from './words.ts';

describe('the words of npm run test:packages', () => {
  it('are all parts when none is named, in the order in which they are done', () => {
    expect(wishOf([])).toEqual({ parts, build: 'best', limitMs: 1_200_000 });
    expect(wishOf(['trixie', 'rpm', '--no-build', '--minutes', '5'])).toEqual({
      parts: ['rpm', 'trixie'],
      build: 'none',
      limitMs: 300_000,
    });
    expect(wishOf(['--fast'])).toMatchObject({ build: 'fast' });
    expect(wishOf(['rpm', '--help'])).toBe('help');
  });

  it('are refused with what there is, when they are others', () => {
    expect(() => wishOf(['sid'])).toThrow('"sid" is neither a part (built, lintian, rpm, unit, bookworm, trixie)');
    expect(() => wishOf(['--minutes', 'many'])).toThrow('--minutes takes a number of minutes, not "many"');
  });
});
