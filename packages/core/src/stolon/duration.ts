// Durations as Go's time.ParseDuration reads them: what stands in a cluster spec, as Stolon or an operator wrote it.

const NS_PER: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // Both letters are in use: the micro sign and the Greek mu.
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Go holds durations as signed 64-bit nanoseconds: 292 years. */
const LONGEST_NS = 2n ** 63n - 1n;
const LONGEST_TEXT = 200;

const part = /(?:(\d+)(?:\.(\d*))?|\.(\d+))(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Milliseconds of `5s`, `1m0s`, `1.5h`, `250ms`, `-3s`, `0`: one or more numbers, each with its unit, and a sign for all of them. Parts of a
 * nanosecond are cut off, as Go does. Undefined: no duration.
 */
export function parseDuration(text: string): number | undefined {
  const [, sign, parts] = /^([+-]?)(.+)$/.exec(text) ?? [];
  if (parts === undefined || text.length > LONGEST_TEXT) return undefined;
  if (parts === '0') return 0;
  let ns = 0n;
  for (let at = 0; at < parts.length; at = part.lastIndex) {
    part.lastIndex = at;
    const [, whole = '0', decimals, decimalsOnly, unit = ''] = part.exec(parts) ?? [];
    const unitNs = NS_PER[unit];
    if (unitNs === undefined) return undefined;
    ns += BigInt(whole) * unitNs + fraction(decimals ?? decimalsOnly ?? '', unitNs);
    if (ns > LONGEST_NS) return undefined;
  }
  const ms = Number(ns) / 1e6;
  return sign === '-' && ms !== 0 ? -ms : ms;
}

function fraction(digits: string, unitNs: bigint): bigint {
  return digits === '' ? 0n : (BigInt(digits) * unitNs) / 10n ** BigInt(digits.length);
}
