import { describe, expect, it } from 'vitest';
import { differenceOf, isNone, type Picture, tell } from './difference.ts';

const picture = (entries: Readonly<Record<string, string>>): Picture => new Map(Object.entries(entries));
const root = (path: string) => (path === '/etc/passwd' ? '100644 0:0 aaaa' : undefined);

describe('the difference of two pictures', () => {
  it('is what came, what went, and what is another', () => {
    const before = picture({ '/a': '100644 0:0 1111', '/b': '40755 0:0 ', '/c': '100644 0:0 2222' });
    const after = picture({ '/a': '100600 0:0 1111', '/c': '100644 0:0 2222', '/d': '100644 0:0 3333' });
    expect(tell(differenceOf(before, after, root))).toBe('+ /d\n- /b\n~ /a');
  });

  it('is none for a file that was written and put back as it was in the root', () => {
    const untouched = picture({ '/etc/passwd': '100644 0:0 as in the root' });
    const sameAgain = picture({ '/etc/passwd': '100644 0:0 aaaa' });
    const another = picture({ '/etc/passwd': '100644 0:0 bbbb' });
    expect(isNone(differenceOf(untouched, sameAgain, root))).toBe(true);
    expect(differenceOf(untouched, another, root).changed).toEqual(['/etc/passwd']);
  });
});
