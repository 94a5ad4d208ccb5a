import { describe, expect, it } from 'vitest';
import { blocksOf } from './markdown.ts';
import type { Block, Inline } from './roff.ts';

const plain = (inline: readonly Inline[]): string =>
  inline.map((part) => (part.kind === 'break' ? '|' : part.text)).join('');
const told = (block: Block): string =>
  block.kind === 'item' ? `${block.terms.map(plain).join(' + ')}: ${plain(block.text)}` : block.kind;

describe('markdown as a manual page', () => {
  it('leaves the first heading out, and makes sections of the others', () => {
    expect(blocksOf('# Page\n\n## One\n\n### Two\n')).toEqual([
      { kind: 'section', title: 'One' },
      { kind: 'subsection', title: 'Two' },
    ]);
  });

  it('makes an entry of each row, what it means first, what it is by default last', () => {
    const table = (rows: string): string => `| key | default | meaning |\n|---|---|---|\n${rows}\n`;
    expect(blocksOf(table('| `a`, `b.*` | `5s` | how long. It counts |')).map(told)).toEqual([
      'a + b.*: How long. It counts. Default: 5s.',
    ]);
    expect(blocksOf(table('| `a` | needed: one of two | `x` or `y` |')).map(told)).toEqual([
      'a: x or y. Needed: one of two.',
    ]);
    expect(blocksOf(table('| `a` | | &lt;name&gt; |')).map(told)).toEqual(['a: <name>.']);
  });

  it('tells every column of another table by its heading', () => {
    expect(blocksOf('| | now | then |\n|---|---|---|\n| who | me | you |\n').map(told)).toEqual([
      'who: Now: me. Then: you.',
    ]);
  });

  it('names what a link leads to', () => {
    const words = (markdown: string): readonly string[] =>
      blocksOf(markdown).flatMap((block) => (block.kind === 'paragraph' ? [plain(block.text)] : []));
    expect(words('See [below](#the-end), [services.md](services.md), [a table](a.md#b).\n\n## The end\n')).toEqual([
      'See below ("The end"), services.md, a table (a.md).',
    ]);
  });

  it.each(['> quoted', '![a](b.png)', '<b>c</b>', 'see [x](#nowhere)'])(
    'refuses %s, rather than to leave it out',
    (markdown) => {
      expect(() => blocksOf(`${markdown}\n`)).toThrow();
    },
  );
});
