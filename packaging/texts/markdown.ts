// Markdown -> the blocks of a manual page: headings, paragraphs, lists, examples, and of each table a list of what stands in its first column.
// Refuses what it has no form for, so that nothing of a page is left out in silence.
import { lexer, type MarkedToken, type Token, type Tokens } from 'marked';
import { type Block, code, type Inline, strong, text } from './roff.ts';
import { capital } from './words.ts';

/** The first heading of each text, `#`, is left to the caller. Throws where a text has what a manual page has no form for. */
export function blocksOf(markdown: string): readonly Block[] {
  const tokens = lexer(markdown).map(known);
  const headings = new Map(
    tokens.flatMap((token) => (token.type === 'heading' ? [[slug(token.text), token.text] as const] : [])),
  );
  return tokens
    .filter((token) => token.type !== 'heading' || token.depth > 1)
    .flatMap((token) => blockOf(token, headings));
}

/** Titles by the anchors that links name. */
type Headings = ReadonlyMap<string, string>;

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');

const kinds = new Set<string>([
  ...['space', 'heading', 'paragraph', 'text', 'code', 'list', 'table'],
  ...['codespan', 'strong', 'em', 'link', 'escape', 'br'],
]);
const isKnown = (token: Token): token is MarkedToken => kinds.has(token.type);

function known(token: Token): MarkedToken {
  if (isKnown(token)) return token;
  throw new Error(`a manual page has no form for '${token.type}' of markdown: ${token.raw.slice(0, 60)}`);
}

function blockOf(token: MarkedToken, headings: Headings): readonly Block[] {
  switch (token.type) {
    case 'heading':
      return [{ kind: token.depth === 2 ? 'section' : 'subsection', title: token.text }];
    case 'paragraph':
      return [{ kind: 'paragraph', text: inlineOf(token.tokens, headings) }];
    case 'code':
      return [{ kind: 'example', lines: token.text.split('\n') }];
    case 'list':
      return token.items.flatMap((item, index) => listItem(item, token.ordered ? `${index + 1}.` : '\\(bu', headings));
    case 'table':
      return token.rows.map((row) => tableRow(token.header, row, headings));
    case 'space':
      return [];
    default:
      throw new Error(`'${token.type}' of markdown where a block is expected: ${token.raw.slice(0, 60)}`);
  }
}

function listItem({ tokens }: Tokens.ListItem, mark: string, headings: Headings): readonly Block[] {
  const [first, ...rest] = tokens.map(known);
  if (first?.type !== 'text' && first?.type !== 'paragraph') throw new Error('an entry of a list without text');
  const head: Block = { kind: 'bullet', mark, text: inlineOf(first.tokens ?? [], headings) };
  return [head, ...rest.flatMap((token) => blockOf(token, headings))];
}

/** The first cell names what the others are about. What it means comes first, then the others with their headings. */
function tableRow(header: readonly Tokens.TableCell[], row: readonly Tokens.TableCell[], headings: Headings): Block {
  const [first, ...cells] = row;
  const told = cells
    .map((cell, index) => ({ title: header[index + 1], words: inlineOf(cell.tokens, headings) }))
    .filter(({ words }) => words.length > 0);
  const meanings = told.filter(({ title }) => title?.text === 'meaning');
  const others = told.filter(({ title }) => title?.text !== 'meaning');
  const sentences = [
    ...meanings.map(({ words }) => asSentence(words)),
    ...others.map(({ title, words }) => withTitle(inlineOf(title?.tokens ?? [], headings), words)),
  ];
  return {
    kind: 'item',
    terms: termsOf(inlineOf(first?.tokens ?? [], headings)),
    text: sentences.flatMap((words, index) => (index === 0 ? words : [text(' '), ...words])),
  };
}

/** `Default: 5s.`; but `Needed.` */
function withTitle(title: readonly Inline[], words: readonly Inline[]): readonly Inline[] {
  const [first] = words;
  if (first?.kind === 'text' && first.text.startsWith('needed')) return asSentence(words);
  return asSentence([...title, text(': '), ...words]);
}

/** One term a line where a cell names several. */
function termsOf(cell: readonly Inline[]): readonly (readonly Inline[])[] {
  const names = cell.filter((part) => part.kind === 'code');
  const onlyNames = cell.every((part) => part.kind === 'code' || (part.kind === 'text' && part.text === ', '));
  return onlyNames && names.length > 1 ? names.map((name) => [name]) : [cell];
}

function asSentence(words: readonly Inline[]): readonly Inline[] {
  const [first, ...rest] = words;
  const last = words.at(-1);
  const begun = first?.kind === 'text' ? [text(capital(first.text)), ...rest] : words;
  return last !== undefined && last.kind !== 'break' && /[.!?]\)?$/.test(last.text) ? begun : [...begun, text('.')];
}

function inlineOf(tokens: readonly Token[], headings: Headings): readonly Inline[] {
  return tokens.map(known).flatMap((token): readonly Inline[] => {
    switch (token.type) {
      case 'text':
      case 'escape':
        return [text(unescaped(token.text))];
      case 'codespan':
        return [code(unescaped(token.text))];
      case 'strong':
        return [strong(unescaped(token.text))];
      case 'em':
        return [{ kind: 'value', text: unescaped(token.text) }];
      case 'link':
        return linkWords(token, headings);
      case 'br':
        return [{ kind: 'break' }];
      default:
        throw new Error(`'${token.type}' of markdown in a line: ${token.raw.slice(0, 60)}`);
    }
  });
}

/** Paper has no links: the heading or the page that is meant is named behind the words, unless they name it. */
function linkWords({ href, tokens }: Tokens.Link, headings: Headings): readonly Inline[] {
  const words = inlineOf(tokens, headings);
  const plain = words.map((part) => (part.kind === 'break' ? ' ' : part.text)).join('');
  const [file = '', anchor = ''] = href.split('#');
  const meant = file === '' ? headings.get(anchor) : file;
  if (meant === undefined) throw new Error(`a link to a heading that there is not: #${anchor}`);
  return meant.toLowerCase() === plain.toLowerCase()
    ? words
    : [...words, text(` (${file === '' ? `"${meant}"` : meant})`)];
}

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&quot;': '"',
  '&#39;': "'",
};
const unescaped = (words: string): string =>
  words.replaceAll(/&(?:lt|gt|amp|quot|#39);/g, (entity) => entities[entity] ?? entity);
