// The parameters of a check: `?lag=16MB` and `?tag_KEY=VALUE`, read as Patroni reads them (patroni/api.py, patroni/utils.py). What Patroni does not
// understand it passes over, and so do we.
import type { Tags } from '../model/view.ts';

/** Query parameters in the order in which they were written. */
export type Query = readonly (readonly [key: string, value: string])[];

/** The first that is not empty: an empty one counts as not given, and of several the first one counts (Python's parse_qs). */
export const parameterOf = (query: Query, key: string): string | undefined =>
  query.find(([name, value]) => name === key && value !== '')?.[1];

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/**
 * A size in PostgreSQL's words (`16MB`, `1.5 GB`, `0x400kB`, without a unit bytes), in bytes. As in PostgreSQL a fraction is rounded to the next smaller
 * unit. Undefined: no size, which means no limit.
 */
export function sizeOf(text: string): number | undefined {
  const { number, unit } = splitSize(text.trim());
  if (!Number.isFinite(number)) return undefined;
  if (unit === '') return Math.round(number);
  const bytes = Object.hasOwn(unitBytes, unit) ? unitBytes[unit] : undefined;
  if (bytes === undefined) return undefined;
  const step = Math.max(1, bytes / 1024);
  return Math.round((number * bytes) / step) * step;
}

/** Base 16 after `0x`, 8 after any other leading zero, as C reads it; a point or an exponent makes it decimal. */
function splitSize(text: string): { readonly number: number; readonly unit: string } {
  const [whole, sign, digits = ''] = /^([-+]?)(0x[\da-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(text) ?? [''];
  const rest = text.slice(whole.length);
  if (whole === '' || /^[.e]/i.test(rest)) {
    const [fraction] = /^[-+]?\d*\.?\d+(?:e[-+]?\d+)?/i.exec(text) ?? [''];
    return { number: fraction === '' ? Number.NaN : Number(fraction), unit: text.slice(fraction.length).trim() };
  }
  const value = digits.startsWith('0x') ? Number(digits) : Number.parseInt(digits, digits.startsWith('0') ? 8 : 10);
  return { number: sign === '-' ? -value : value, unit: rest.trim() };
}

/** The key of the first `tag_KEY=VALUE` that the member does not bear; undefined: it bears them all. */
export function missingTag(query: Query, tags: Tags): string | undefined {
  const asked = new Set(query.flatMap(([key, value]) => (key.startsWith('tag_') && value !== '' ? [key] : [])));
  return [...asked]
    .map((key) => key.slice('tag_'.length))
    .find((key) => tagText(tags, key) !== parameterOf(query, `tag_${key}`));
}

/**
 * A tag as Patroni compares it: text as it is, everything else in lower case. Lists and mappings, which Patroni compares in Python's notation, equal nothing.
 * The three that are there only if they are set: Patroni drops them when they are false.
 */
function tagText({ noloadbalance, nofailover, nosync, custom }: Tags, key: string): string | undefined {
  const set: Readonly<Record<string, boolean>> = { noloadbalance, nofailover, nosync };
  if (Object.hasOwn(set, key)) return set[key] === true ? 'true' : undefined;
  const value = Object.hasOwn(custom, key) ? custom[key] : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value).toLowerCase() : undefined;
}
