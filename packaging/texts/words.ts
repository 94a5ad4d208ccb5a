// Finds in plain text of the programs what is to stand out in a manual page: what is typed, and names of other pages.
import { code, type Inline, text } from './roff.ts';

const standsOut = /`([^`]+)`|(?<![\w-])(--?[a-z][\w-]*)|\b([a-z][\w.]*)(?=\([1-8]\))/g;

/** `backquotes`, --flags, and name(8). */
export function inlineOf(words: string): readonly Inline[] {
  const parts: Inline[] = [];
  let end = 0;
  for (const found of words.matchAll(standsOut)) {
    if (found.index > end) parts.push(text(words.slice(end, found.index)));
    parts.push(code(found[1] ?? found[2] ?? found[3] ?? ''));
    end = found.index + found[0].length;
  }
  return end < words.length ? [...parts, text(words.slice(end))] : parts;
}

const lowercaseNames = new Set(['pgrouted', 'pgroutectl', 'etcd', 'libpq']);

/** With a capital letter, as sentences of a manual page have it; what is typed, or is a name, stays as it is written. */
export function capital(words: string): string {
  const [, first] = /^([a-z]+)(?:[ ,:;]|\.?$)/.exec(words) ?? [];
  if (first === undefined || lowercaseNames.has(first)) return words;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** The same with a full stop. */
export const sentence = (words: string): string => capital(/[.!?]$/.test(words) ? words : `${words}.`);
