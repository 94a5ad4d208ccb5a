import { describe, expect, it } from 'vitest';
import { untouchedMappings } from './pages.ts';

const mapping = (head: string, anonymousKb: number): string =>
  `${head}\nSize:               64 kB\nRss:                60 kB\nAnonymous:          ${anonymousKb} kB\nAnonHugePages:         0 kB\nVmFlags: rd mr mw me\n`;

describe('the mappings whose pages are let go', () => {
  const chosen = (head: string, anonymousKb = 0) => untouchedMappings(mapping(head, anonymousKb)).length;

  it('are those of files that nobody may write to', () => {
    const text = mapping('00400000-00831000 r-xp 00431000 fe:00 12345                      /usr/bin/pgrouted', 0);
    expect(untouchedMappings(text)).toEqual([{ from: 0x400000n, to: 0x831000n }]);
    expect(chosen('00831000-03488000 r--p 00431000 fe:00 12345                      /usr/bin/pgrouted')).toBe(1);
  });

  it('never hold what the loader has written', () => {
    expect(chosen('072a7000-072dc000 r--p 06ea7000 fe:00 12345                      /usr/bin/pgrouted', 24)).toBe(0);
  });

  it.each([
    ['can be written to', '072dc000-07308000 rw-p 06edc000 fe:00 12345                      /usr/bin/pgrouted'],
    ['is shared', '7f0000000000-7f0000010000 r--s 00000000 fe:00 12345                  /usr/lib/locale/C.utf8'],
    ['is no file', '7f0000000000-7f0000010000 r--p 00000000 00:00 0'],
    ['is the kernel', '7ffd00000000-7ffd00004000 r-xp 00000000 00:00 0                    [vdso]'],
    ['is compiled code', '7f0000000000-7f0000010000 rwxp 00000000 00:00 0'],
  ])('leave out what %s', (_, head) => {
    expect(chosen(head)).toBe(0);
  });

  it('are told one from the other', () => {
    const text = [
      mapping('00400000-00410000 r--p 00000000 fe:00 7 /usr/bin/pgrouted', 8),
      mapping('00410000-00420000 r-xp 00010000 fe:00 7 /usr/bin/pgrouted', 0),
      mapping('00420000-00430000 rw-p 00020000 fe:00 7 /usr/bin/pgrouted', 0),
    ].join('');
    expect(untouchedMappings(text)).toEqual([{ from: 0x410000n, to: 0x420000n }]);
  });
});
