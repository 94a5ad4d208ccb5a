// Reads the values of command-line options; what is wrong is said with the option's name and an example.
import { type JournalEntry, journalEntrySchema } from '@pgrouted/core/status/schema';
import { InvalidArgumentError } from 'commander';
import type { Since } from './commands/events.ts';
import { parseSpan } from './render/amounts.ts';

export function spanOption(text: string): number {
  const ms = parseSpan(text);
  if (ms === undefined || ms <= 0)
    throw new InvalidArgumentError('It has to be a duration such as 500ms, 60s, 5m, 2h.');
  return ms;
}

/** Seconds, or a duration. */
export function waitOption(text: string): number {
  return /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : spanOption(text);
}

export function weightArgument(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 256)
    throw new InvalidArgumentError('It has to be a whole number from 0 to 256.');
  return Number(text);
}

export function countOption(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It has to be a number.');
  return Number(text);
}

export function sinceOption(text: string): Since {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  const agoMs = parseSpan(text);
  if (agoMs === undefined)
    throw new InvalidArgumentError("It has to be an entry's number such as 120, or a duration such as 10m.");
  return { agoMs };
}

export const kinds = journalEntrySchema.shape.kind.options;

export function kindsOption(text: string): readonly JournalEntry['kind'][] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
    .map((word) => {
      const kind = kinds.find((known) => known === word);
      if (kind === undefined) throw new InvalidArgumentError(`\`${word}\` is no kind. Kinds: ${kinds.join(', ')}.`);
      return kind;
    });
}

/** Milliseconds, as the recording counts them, or a duration. */
export function untilOption(text: string): number {
  const ms = /^\d{1,12}(\.\d+)?$/.test(text) ? Number(text) : parseSpan(text);
  if (ms === undefined)
    throw new InvalidArgumentError('It has to be milliseconds such as 5800, or a duration such as 5.8s.');
  return ms;
}
