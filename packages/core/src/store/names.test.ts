import { describe, expect, it } from 'vitest';
import { hasControlCharacter, parseName, shown } from './names.ts';

describe('a member name', () => {
  it.each(['n1', 'pg-node.example.org', 'a;b', 'a b', 'größe', 'x'.repeat(256)])('may be %j', (name) => {
    expect(parseName(name)).toEqual({ ok: true, value: name });
  });

  it.each(['', 'a\nb', 'a\u0000', 'x'.repeat(257), 'x'.repeat(10_240)])('is absurd: %j', (name) => {
    expect(parseName(name).ok).toBe(false);
  });

  it('is shown without what would break a line, and short', () => {
    expect(shown('a\nb')).toBe('a\\nb');
    expect(shown('x'.repeat(10_240))).toBe(`${'x'.repeat(64)}... (10240 characters)`);
  });
});

describe('hasControlCharacter', () => {
  it('finds what would break a line', () => {
    expect(['a\nb', 'a\u0000b', 'a\u007fb', 'a\u0085b', 'a\u2028b'].every(hasControlCharacter)).toBe(true);
  });

  it('lets everything else be', () => {
    expect(['n1', 'a;b c', 'größe', '名前', "'$(x)"].some(hasControlCharacter)).toBe(false);
  });
});
