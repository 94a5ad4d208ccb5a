// Sizes and durations as they are written in the file: PostgreSQL's units, PostgreSQL's spelling.

/** What became of one value: read, or what is wrong with it and what to write instead. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

export const good = <T>(value: T): Reading<T> => ({ ok: true, value });
export const bad = (message: string, remedy: string): Reading<never> => ({ ok: false, message, remedy });

// As PostgreSQL means them: powers of 1024, and the case counts.
const sizeUnits = new Map([
  ['B', 1],
  ['kB', 1024],
  ['MB', 1024 ** 2],
  ['GB', 1024 ** 3],
  ['TB', 1024 ** 4],
]);
const durationUnits = new Map([
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const sizeRemedy = 'write bytes as a number, or a number with B, kB, MB, GB or TB (1 kB = 1024 B), such as 16MB';
const durationRemedy = 'write seconds as a number, or a number with ms, s, min, h or d, such as 500ms or 10s';

/** Bytes. A number without a unit is bytes. */
export const readSize = (value: unknown): Reading<number> => readQuantity(value, 'size', sizeUnits, 1, sizeRemedy);

/** Milliseconds. A number without a unit is seconds, as in Patroni's `ttl` and libpq's `connect_timeout`. */
export function readDuration(value: unknown): Reading<number> {
  return readQuantity(value, 'duration', durationUnits, 1000, durationRemedy);
}

function readQuantity(
  value: unknown,
  what: string,
  units: ReadonlyMap<string, number>,
  plainUnit: number,
  remedy: string,
): Reading<number> {
  const match = /^\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(
    typeof value === 'number' || typeof value === 'string' ? String(value) : '',
  );
  if (match === null) return bad(`is not a ${what}`, remedy);
  const [, digits = '', unit = ''] = match;
  const factor = unit === '' ? plainUnit : units.get(unit);
  if (factor === undefined) {
    const meant = [...units.keys()].find((known) => known.toLowerCase() === unit.toLowerCase());
    return bad(`'${unit}' is no unit of a ${what}`, meant === undefined ? remedy : `did you mean '${meant}'?`);
  }
  const amount = Math.round(Number(digits) * factor);
  if (amount < 0) return bad(`a ${what} can't be negative`, remedy);
  if (!Number.isSafeInteger(amount)) return bad(`is too big for a ${what}`, remedy);
  return good(amount);
}
