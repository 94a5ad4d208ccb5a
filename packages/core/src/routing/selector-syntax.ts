// The text of a selector -> its syntax tree, or what is wrong with it and where. JMESPath (jmespath.org) as Python's library reads it, so that a literal in
// backticks needs no quotes (`primary`). It judges nothing beyond the syntax.
import { compile, tokenize } from '@jmespath-community/jmespath';

export type SelectorNode = ReturnType<typeof compile>;

/** Why a selector can't be used, for whoever wrote it. */
export interface SelectorProblem {
  readonly ok: false;
  readonly message: string;
  readonly remedy: string;
}

export const wrong = (message: string, remedy: string): SelectorProblem => ({ ok: false, message, remedy });

/** Longer ones are no selectors but programs; the reader is recursive. */
const MOST_CHARACTERS = 1_000;

const dialect = { enable_legacy_literals: true } as const;
const example = "[? role == 'replica' ]";

export function parseSelector(text: string): { readonly ok: true; readonly tree: SelectorNode } | SelectorProblem {
  if (text.trim() === '')
    return wrong('the selector is empty', `leave it out to take all members, or write ${example}`);
  if (text.length > MOST_CHARACTERS)
    return wrong(`the selector has ${text.length} characters, more than ${MOST_CHARACTERS}`, 'write a shorter one');
  const open = unclosed(text);
  if (open !== undefined) return open;
  try {
    return { ok: true, tree: compile(text, dialect) };
  } catch (error) {
    return syntaxProblem(text, error);
  }
}

/** JMESPath's own reader takes the end of the text for the end of a literal. */
function unclosed(text: string): SelectorProblem | undefined {
  for (const [start, quote] of quotesOf(text)) {
    if (quote.length > 1 && quote.endsWith(quote.charAt(0))) continue;
    return wrong(
      `${quote.charAt(0)} at ${placeOf(text, start)} is not closed`,
      `close it with another ${quote.charAt(0)}`,
    );
  }
  return undefined;
}

/** What stands in quotes, each with its quotes as far as they are there. */
const quotesOf = (text: string): readonly (readonly [number, string])[] =>
  [...text.matchAll(/(?<quote>['"`])(?:\\.|(?!\k<quote>)[^\\])*(?:\k<quote>|\\?$)/gsu)].map(
    (match) => [match.index, match[0]] as const,
  );

function syntaxProblem(text: string, error: unknown): SelectorProblem {
  const place = culprit(text);
  if (place === undefined) {
    return wrong('the selector ends too early', missingEnd(text));
  }
  const { start, shown } = place;
  return wrong(`${shown} is not expected at ${placeOf(text, start)}`, remedyFor(text, shown) ?? said(error));
}

/**
 * The first token that no valid text could have at its place. The library does not tell positions; but a text that is only too short is refused at its
 * end, so the shortest beginning that is refused for another reason ends with the culprit.
 */
function culprit(text: string): { readonly start: number; readonly shown: string } | undefined {
  const quotes = quotesOf(text);
  const ends = Array.from({ length: text.length }, (_, index) => index + 1).filter(
    (end) => !isCutAt(text, end) && !quotes.some(([start, quote]) => start < end && end < start + quote.length),
  );
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (mayGoOn(text.slice(0, ends[middle]))) low = middle + 1;
    else high = middle;
  }
  const end = ends[low];
  if (end === undefined) return undefined;
  const start = lastToken(text.slice(0, end)) ?? end - 1;
  return { start, shown: text.slice(start, end) };
}

function mayGoOn(beginning: string): boolean {
  try {
    compile(beginning, dialect);
    return true;
  } catch (error) {
    return /\bEOF\b/.test(said(error));
  }
}

/** In the middle of a word or of `==`: cut there it would be a mistake that nobody made. */
const isCutAt = (text: string, end: number): boolean =>
  /^(?:\w\w|==|!=|<=|>=|&&|\|\||\[\?|\[\]|\/\/|-\d)$/.test(text.slice(end - 1, end + 1));

function lastToken(text: string): number | undefined {
  try {
    return tokenize(text, dialect).at(-1)?.start;
  } catch {
    // Not even a token: the last character is what is wrong.
    return undefined;
  }
}

function remedyFor(text: string, shown: string): string | undefined {
  if (/^-?\d+$/.test(shown)) return `a number stands in backticks: \`${shown}\``;
  if (shown === '=') return "a comparison is written with ==: role == 'replica'";
  if (shown === '&') return "'and' is written &&";
  if (/^(?:and|or|not|in)$/i.test(shown))
    return "'and' is written &&, 'or' ||, 'not' !; there is no 'in': contains(list, value)";
  if (shown === ']' && text.split('(').length > text.split(')').length) return 'a ) is missing';
  return text.includes('[?') ? undefined : `a selector looks like ${example}`;
}

function missingEnd(text: string): string {
  const plain = quotesOf(text).reduce((rest, [start, quote]) => blank(rest, start, quote.length), text);
  const count = (pattern: RegExp): number => plain.match(pattern)?.length ?? 0;
  if (count(/\[/g) > count(/\]/g)) return 'a ] is missing';
  return count(/\(/g) > count(/\)/g) ? 'a ) is missing' : `write it to its end, as in ${example}`;
}

const blank = (text: string, start: number, length: number): string =>
  text.slice(0, start) + ' '.repeat(length) + text.slice(start + length);

/** Where it is in words; the line only where there are several. Both count from 1. */
function placeOf(text: string, index: number): string {
  const lines = text.slice(0, index).split('\n');
  const character = `character ${(lines.at(-1)?.length ?? 0) + 1}`;
  return text.trimEnd().includes('\n') ? `line ${lines.length}, ${character}` : character;
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));
