// Names that come out of a store: which of them can be one, and how they are shown. Whatever else they hold is nobody's business here.
import { type Parsed, parsed, unreadable } from './parsed.ts';

/** Names longer than this are no names; nothing longer is carried around, logged or shown. */
const LONGEST_NAME = 256;

/** A member's name as the store has it, or why it can't be one. Names are data: they may hold anything that is not absurd. */
export function parseName(name: string): Parsed<string> {
  if (name === '') return unreadable('the name is empty');
  if (name.length > LONGEST_NAME) return unreadable(`the name has ${name.length} characters`);
  if (hasControlCharacter(name)) return unreadable('the name holds control characters');
  return parsed(name);
}

/** A key or name for logs and alarms: control characters made visible, cut where it gets absurd. */
export function shown(text: string): string {
  const cut = text.length > LONGEST_NAME ? `${text.slice(0, 64)}... (${text.length} characters)` : text;
  return hasControlCharacter(cut) ? JSON.stringify(cut).slice(1, -1) : cut;
}

/** A character that has no place in a name: it would break a line, a log or a terminal. */
export function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029) return true;
  }
  return false;
}
