// Writes manual pages: paragraphs, lists and examples as roff with the macros of man(7). Knows nothing of what the page is about.

/** Inline text. `code` is what is typed, `value` what the reader puts in its place. */
export type Inline =
  | { readonly kind: 'text' | 'code' | 'strong' | 'value'; readonly text: string }
  | { readonly kind: 'break' };

export type Block =
  | { readonly kind: 'section' | 'subsection'; readonly title: string }
  | { readonly kind: 'paragraph'; readonly text: readonly Inline[] }
  /** Terms, each on a line of its own, and what they mean. */
  | { readonly kind: 'item'; readonly terms: readonly (readonly Inline[])[]; readonly text: readonly Inline[] }
  /** One of a list without terms; `mark` is `\(bu` or a number. */
  | { readonly kind: 'bullet'; readonly mark: string; readonly text: readonly Inline[] }
  /** Lines as they are. */
  | { readonly kind: 'example'; readonly lines: readonly string[] };

export interface PageHead {
  /** `pgrouted.yaml`. */
  readonly name: string;
  readonly section: 1 | 5 | 8;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly version: string;
  readonly manual: string;
}

export const text = (words: string): Inline => ({ kind: 'text', text: words });
export const code = (words: string): Inline => ({ kind: 'code', text: words });
export const strong = (words: string): Inline => ({ kind: 'strong', text: words });
export const value = (words: string): Inline => ({ kind: 'value', text: words });

/** The page; the same blocks give the same bytes. */
export function page({ name, section, date, version, manual }: PageHead, blocks: readonly Block[]): string {
  const head = [
    `.\\" Generated from the program's own help and documentation; changes here are lost.`,
    `.TH ${name.toUpperCase()} ${section} ${date} "pgrouted ${version}" "${manual}"`,
    '.\\" No hyphens are put into words, which are names often; no stretched lines.',
    '.nr HY 0',
    '.nh',
    '.ad l',
  ];
  // A paragraph right after a heading has its distance already: both groff and mandoc complain about one more.
  const lines = blocks.flatMap((block, index) => linesOf(block, blocks[index - 1]));
  return `${[...head, ...lines].join('\n')}\n`;
}

function linesOf(block: Block, before: Block | undefined): readonly string[] {
  const first = before?.kind === 'section' || before?.kind === 'subsection';
  switch (block.kind) {
    case 'section':
      return [`.SH ${escaped(block.title.toUpperCase())}`];
    case 'subsection':
      return [`.SS ${escaped(block.title)}`];
    case 'paragraph':
      return [...(first ? [] : ['.PP']), ...inlineLines(block.text)];
    case 'item':
      return [
        ...block.terms.flatMap((term, index) => [index === 0 ? '.TP' : '.TQ', inlineLines(term).join(' ')]),
        ...inlineLines(block.text),
      ];
    case 'bullet':
      return [`.IP ${block.mark} 4`, ...inlineLines(block.text)];
    case 'example':
      return [
        ...(first ? [] : ['.PP']),
        '.RS 4',
        '.EX',
        ...block.lines.map((line) => guarded(escaped(line))),
        '.EE',
        '.RE',
      ];
  }
}

const fonts = { text: '', code: '\\fB', strong: '\\fB', value: '\\fI' } as const;

const endOfSentence = /(?<=[.?!]\)?(?:\\fR)?) (?=(?:\\f[BI])?[A-Z(])/g;

/** Each sentence starts a line, as roff wants it, so that the distance between sentences is the formatter's. */
function inlineLines(inline: readonly Inline[]): readonly string[] {
  const joined = inline
    .map((part) => {
      if (part.kind === 'break') return '\n.br\n';
      const font = fonts[part.kind];
      const words = escaped(part.text.replaceAll(/\s+/g, ' '));
      return font === '' ? words : `${font}${words}\\fR`;
    })
    .join('');
  return joined
    .replaceAll(endOfSentence, '\n')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap((line) => (line === '.br' ? [line] : folded(line).map(guarded)));
}

/** mandoc asks for lines of at most 80 bytes; a break between words means nothing to roff. */
function folded(line: string): readonly string[] {
  const [first = '', ...words] = line.split(' ');
  const lines: string[] = [];
  let last = first;
  for (const word of words) {
    if (last.length + 1 + word.length < 80) last = `${last} ${word}`;
    else {
      lines.push(last);
      last = word;
    }
  }
  return [...lines, last];
}

/** A line must not start with what roff takes for a request. */
const guarded = (line: string): string => (/^[.']/.test(line) ? `\\&${line}` : line);

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\e',
  // A minus that is typed, not a hyphen that is printed.
  '-': '\\-',
  // Else they are set as typographic quotes, which can't be pasted into a shell.
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

/** A character beyond ASCII is named by its number, which every formatter knows. */
export function escaped(words: string): string {
  return words
    .replaceAll(/[\\\-'`^~"]/g, (char) => escapes[char] ?? char)
    .replaceAll(/[^\x20-\x7e\n]/gu, (char) => {
      const point = char.codePointAt(0) ?? 0;
      return `\\[u${point.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
}
