// How Go's encoding/json writes what Stolon 0.17.0 stores: fields in the order of the struct, `omitempty`, sorted maps, durations as
// text. A description of each struct is a list of its fields; nothing here knows Stolon.

/** How a field is written: `name` always (nil: null), `name?` not when empty (`omitempty`), `name~` not when nil (`omitempty` on a pointer). */
export interface Field {
  readonly name: string;
  readonly omit: 'never' | 'empty' | 'nil';
  readonly write: (value: unknown) => string;
}

const named = (text: string): Pick<Field, 'name' | 'omit'> =>
  text.endsWith('?')
    ? { name: text.slice(0, -1), omit: 'empty' }
    : text.endsWith('~')
      ? { name: text.slice(0, -1), omit: 'nil' }
      : { name: text, omit: 'never' };

/** Fields whose values are plain: numbers, strings, lists, maps of strings. */
export const plain = (...names: readonly string[]): readonly Field[] =>
  names.map((text) => ({ ...named(text), write: plainJson }));

/** A field that holds a struct (or a map or list of them). */
export const holding = (text: string, write: (value: unknown) => string): Field => ({ ...named(text), write });

/** Writes a struct. Throws on a field that it doesn't have: that would be lost without a word. */
export const struct =
  (...fields: readonly Field[]) =>
  (value: unknown): string => {
    const given = new Map(Object.entries(asObject(value)));
    const parts: string[] = [];
    for (const { name, omit, write } of fields) {
      const field = given.get(name);
      given.delete(name);
      const nil = field === undefined || field === null;
      if (omit === 'nil' && nil) continue;
      if (omit === 'empty' && isEmpty(field)) continue;
      parts.push(`${plainJson(name)}:${nil ? 'null' : write(field)}`);
    }
    for (const [name, field] of given) if (field !== undefined) throw new Error(`no such field in Stolon: ${name}`);
    return `{${parts.join(',')}}`;
  };

/** Writes a map with sorted keys. */
export const mapOf =
  (write: (value: unknown) => string) =>
  (value: unknown): string =>
    `{${Object.entries(asObject(value))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${plainJson(key)}:${write(item)}`)
      .join(',')}}`;

export const listOf =
  (write: (value: unknown) => string) =>
  (value: unknown): string =>
    `[${(Array.isArray(value) ? value : []).map(write).join(',')}]`;

/** Numbers, strings, booleans, lists and maps of them. */
export function plainJson(value: unknown): string {
  if (Array.isArray(value)) return listOf(plainJson)(value);
  if (typeof value === 'object' && value !== null) return mapOf(plainJson)(value);
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true;
  return Array.isArray(value) && value.length === 0
    ? true
    : typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0;
}

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

/** What an unset time.Time looks like. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** RFC 3339 as Go writes it: trailing zeros of the fraction are cut. */
export const goTime = (date: Date): string => date.toISOString().replace(/\.?0*Z$/, 'Z');

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Reads a Go duration such as `1m30s`; milliseconds. Throws on anything else. */
export function durationMs(text: string): number {
  const [, sign, rest = ''] = /^([+-]?)(.*)$/.exec(text) ?? [];
  if (rest === '0') return 0;
  const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== rest) throw new Error(`not a duration: "${text}"`);
  const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
  return sign === '-' ? -ms : ms;
}

/** A duration as Go prints it: `250ms`, `5s`, `1m0s`, `48h0m0s`. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 0) return `-${durationText(-ms)}`;
  if (ms < 1) return ms < 1e-3 ? `${round(ms * 1e6)}ns` : `${round(ms * 1e3)}µs`;
  if (ms < 1_000) return `${round(ms)}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${round((ms - minutes * 60_000) / 1_000)}s`;
  if (minutes === 0) return seconds;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes - hours * 60}m${seconds}`;
}

const round = (value: number): number => Number(value.toFixed(9));
