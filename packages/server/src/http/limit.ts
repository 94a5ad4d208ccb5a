// Numbers of the availability check as PgRoute66 reads and prints them: its limit is a 32-bit float. Pure.

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const infinite = /^([+-]?)inf(?:inity)?$/i;

/** Seconds. Without a parameter 10; an empty one is -1, which every age exceeds; what is no number is 0. */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return 10;
  return text === '' ? -1 : Math.fround(numberOf(text));
}

/** Go's notation, without its hexadecimal floats and underscores. */
function numberOf(text: string): number {
  const [, sign] = infinite.exec(text) ?? [];
  if (sign !== undefined) return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return decimal.test(text) ? Number(text) : 0;
}

/** C's `%f`: six decimals, never an exponent. */
export function fixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  return Math.abs(value) >= 1e21 ? `${BigInt(value)}.000000` : value.toFixed(6);
}
