// Readers of what a service is told by: names with a place to fill in, selectors, lag, outages. As readers.ts: one value each, and what to write instead.
import type { OutagePolicy } from '../model/service.ts';
import { compileSelector } from '../routing/selector.ts';
import { bad, good, type Reading, readDuration, readSize } from './quantities.ts';
import { duration, name, type Reader, text } from './readers.ts';

/** Stands in names of backends for the cluster's name. */
export const clusterPlace = '{cluster}';
/** Stands in names of server lines for the member's name. */
export const memberPlace = '{member}';

export const fillCluster = (backend: string, cluster: string): string => backend.replaceAll(clusterPlace, cluster);

/** A name for HAProxy in which `place` stands for another name. */
const nameWith =
  (place: string): Reader<string> =>
  (value) => {
    const read = text(value);
    if (!read.ok) return read;
    const filled = name(read.value.replaceAll(place, 'x'));
    if (filled.ok) return read;
    return /[{}]/.test(read.value.replaceAll(place, 'x'))
      ? bad(`only ${place} can be filled in here`, `write ${place}, or leave the braces out`)
      : filled;
  };

export const backendName: Reader<string> = nameWith(clusterPlace);

/** The name of a member's line. */
export const lineName: Reader<string> = (value) => {
  const read = nameWith(memberPlace)(value);
  return read.ok && !read.value.includes(memberPlace)
    ? bad(
        'would be the same for every member',
        `write ${memberPlace} where the member's name belongs, such as ${memberPlace}-fb`,
      )
    : read;
};

/** The beginning of names. */
export const prefix: Reader<string> = (value) => {
  const read = name(value);
  return read.ok && read.value.length > 32
    ? bad('leaves too little room for what follows', 'use 32 characters at most')
    : read;
};

/** The text of a selector that was compiled. */
export const selector: Reader<string> = (value) => {
  // Folded over several lines, it ends with a line end.
  const read = text(typeof value === 'string' ? value.replaceAll(/\s*\n\s*/g, ' ').trim() : value);
  if (!read.ok) return read;
  const compiled = compileSelector(read.value);
  return compiled.ok ? read : bad(compiled.message, compiled.remedy);
};

/** One selector, or one for each tier. */
export const selectors: Reader<readonly string[]> = (value) => {
  if (!Array.isArray(value)) {
    const one = selector(value);
    return one.ok ? good([one.value]) : one;
  }
  if (value.length === 0) return bad('the list is empty', 'add a selector, or remove the key');
  const read = value.map(selector);
  const wrong = read.findIndex((one) => !one.ok);
  const found = read[wrong];
  if (found !== undefined && !found.ok) return bad(`tier ${wrong + 1}: ${found.message}`, found.remedy);
  return good(read.flatMap((one) => (one.ok ? [one.value] : [])));
};

/** A number; as text as well, since PgRoute66's file has nothing but text. */
export const wholeNumber =
  (read: Reader<number>): Reader<number> =>
  (value) =>
    read(typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value);

const dayMs = 86_400_000;

export const lagTime = duration(0, 30 * dayMs);

/** How far behind: in bytes or in time, told by the unit. */
export interface Behind {
  readonly bytes?: number;
  /** Milliseconds. */
  readonly time?: number;
}

export const behind: Reader<Behind> = (value) => {
  const time = typeof value === 'string' && /\d\s*[A-Za-z]/.test(value) ? readDuration(value) : undefined;
  if (time?.ok) {
    const read = lagTime(value);
    return read.ok ? good({ time: read.value }) : read;
  }
  const bytes = readSize(value);
  if (bytes.ok) return good({ bytes: bytes.value });
  return bad(bytes.message, bytes.remedy.replace(/such as 16MB$/, 'such as 16MB; or a time such as 10s'));
};

const outageRemedy = "write auto, close, hold, or a time such as 20s for 'hold' that ends";

/** Of a number without a unit: seconds. Nothing at all closes at once, as PGD Proxy's `consensus_grace_period: 0s`. */
export const outage: Reader<OutagePolicy> = (value) => {
  if (value === 'auto' || value === 'close') return good({ kind: value });
  if (value === 'hold') return good({ kind: 'hold', forMs: undefined });
  const read = readDuration(value);
  if (!read.ok) return bad('is no outage policy', outageRemedy);
  return read.value === 0 ? good({ kind: 'close' }) : outageTime(value);
};

/** `{ hold: 20s }` */
export const outageTime: Reader<OutagePolicy> = (value) => {
  const read: Reading<number> = duration(1000, dayMs)(value);
  return read.ok ? good({ kind: 'hold', forMs: read.value }) : read;
};
