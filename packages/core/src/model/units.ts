// Units and instants that must never be mixed up. Values only; nothing here reads a clock.

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A position in PostgreSQL's write-ahead log, in bytes (64 bit). */
export type Lsn = Branded<bigint, 'Lsn'>;

/** An etcd revision: one number for the whole store, raised by one with each write. */
export type Revision = Branded<bigint, 'Revision'>;

/** An instant of the monotonic clock, in milliseconds. Only differences mean anything. Durations are plain numbers named `...Ms`. */
export type Millis = Branded<number, 'Millis'>;

export const lsn = (bytes: bigint | number): Lsn => BigInt(bytes) as Lsn;
export const revision = (value: bigint | number | string): Revision => BigInt(value) as Revision;
export const millis = (value: number): Millis => value as Millis;

/** Before every instant: what has not happened yet, and what may happen at once. */
export const longAgo = Number.NEGATIVE_INFINITY as Millis;

/** `instant + durationMs`, still an instant. */
export const after = (instant: Millis, durationMs: number): Millis => (instant + durationMs) as Millis;

/** The first of those that are set; undefined: none is. */
export function earliest(...instants: readonly (Millis | undefined)[]): Millis | undefined {
  return instants.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined);
}

/** Reads PostgreSQL's text form `16/B374D848`. Returns `undefined` for anything else. */
export function parseLsn(text: string): Lsn | undefined {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) return undefined;
  return lsn((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`));
}

/** PostgreSQL's text form of a position, `16/B374D848`. */
export function formatLsn(position: Lsn): string {
  return `${(position >> 32n).toString(16).toUpperCase()}/${(position & 0xffffffffn).toString(16).toUpperCase()}`;
}

/** How far `behind` is behind `ahead`, in bytes; never negative, since samples of two servers are not taken at one instant. */
export function lagBytes(ahead: Lsn, behind: Lsn): number {
  return ahead > behind ? Number(ahead - behind) : 0;
}
