// How a record is read: a value, or a short sentence of what is wrong with it. Never throws, never repeats the record's text.
import type { z } from 'zod';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const unreadable = (error: string): Parsed<never> => ({ ok: false, error: error.slice(0, 160) });

/** JSON text that fits the schema. The error names the field, not its content: records may hold what does not belong into a log. */
export function parseJson<T>(text: string, schema: z.ZodType<T>): Parsed<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unreadable(text === '' ? 'empty' : `not JSON (${text.length} characters)`);
  }
  return fits(json, schema);
}

/** The same for a part of a record: a value that is no text any more. */
export function fits<T>(json: unknown, schema: z.ZodType<T>): Parsed<T> {
  const result = schema.safeParse(json);
  if (result.success) return parsed(result.data);
  const [issue] = result.error.issues;
  if (issue === undefined) return unreadable('does not fit');
  const path = issue.path.map(String).join('.').slice(0, 60);
  return unreadable(path === '' ? issue.message : `${path}: ${issue.message}`);
}

/**
 * Reads each record once: a snapshot shares the entries that have not changed with the one before, and of the dozen keys of a cluster an event
 * changes one. `parse` must depend on the text alone.
 */
export function readOnce<T>(parse: (text: string) => Parsed<T>): (entry: { readonly value: string }) => Parsed<T> {
  const read = new WeakMap<{ readonly value: string }, Parsed<T>>();
  return (entry) => {
    const earlier = read.get(entry);
    if (earlier !== undefined) return earlier;
    const result = parse(entry.value);
    read.set(entry, result);
    return result;
  };
}
