import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, cut, hang, lengthOf, pad, wrap } from './text.ts';

describe('clean', () => {
  it.each([
    ['n1', 'n1'],
    ['a\nb', 'a\\nb'],
    ['\x1b[2J', '\\x1b[2J'],
    ['a\u202eb', 'a\\u{202e}b'],
    ['größe', 'größe'],
  ])('shows %j as %s', (given, shown) => {
    expect(clean(given)).toBe(shown);
  });
});

describe('cut', () => {
  it.each([
    ['short', 10, 'short'],
    ['orders-postgres-0003', 11, 'order~-0003'],
    ['ab', 1, '~'],
    ['ab', 0, ''],
  ])('cuts %s to %d characters in the middle', (text, width, result) => {
    expect(cut(text, width)).toBe(result);
  });

  it('never gives more than it was allowed', () => {
    fc.assert(fc.property(fc.string(), fc.nat(30), (text, width) => lengthOf(cut(text, width)) <= width));
  });
});

describe('wrap', () => {
  it('breaks at spaces, and a long word where it has to', () => {
    expect(wrap('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
    expect(wrap('abcdefghijklmno', 10)).toEqual(['abcdefghij', 'klmno']);
    expect(wrap('', 10)).toEqual(['']);
  });

  it('loses nothing but spaces, and no line is longer than it may be', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 8, max: 60 }), (text, width) => {
        const lines = wrap(text, width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        for (const line of lines) expect(lengthOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('hang', () => {
  it('keeps further lines below the first one', () => {
    expect(hang('why: ', 'one two three four', 14)).toEqual(['why: one two', '     three', '     four']);
  });

  it('gives way where the first part takes too much room', () => {
    expect(hang('x'.repeat(30), ' is the name', 36)).toEqual([`${'x'.repeat(30)} is`, '    the name']);
  });
});

describe('pad', () => {
  it('fills on the other side', () => {
    expect([pad('a', 3, 'left'), pad('a', 3, 'right'), pad('abcd', 3, 'left')]).toEqual(['a  ', '  a', 'abcd']);
  });
});
