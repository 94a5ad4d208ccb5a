// A Prober under observation: every reading is kept, and a test waits for the one that it is about.
import type { Clock } from '@pgrouted/core/model/clock';
import { silentLog } from '@pgrouted/core/model/log';
import type { ProbeReading } from '@pgrouted/core/model/probe';
import type { ProbeSpec } from '@pgrouted/core/model/spec';
import { millis } from '@pgrouted/core/model/units';
import { Prober, type ProberOptions } from '@pgrouted/core/postgres/probe';
import { type Surroundings, systemSurroundings } from '@pgrouted/core/postgres/surroundings';

export const realClock: Clock = {
  now: () => millis(performance.now()),
  wall: () => new Date(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export const probeSpec = (more: Partial<ProbeSpec> = {}): ProbeSpec => ({
  user: undefined,
  password: undefined,
  passfile: undefined,
  dbname: undefined,
  sslmode: undefined,
  sslrootcert: undefined,
  sslcert: undefined,
  sslkey: undefined,
  connectTimeoutMs: 2_000,
  intervalMs: 200,
  burstMs: 10,
  ...more,
});

/** The machine's own environment and home folder must not decide a test. */
export const bareSurroundings = (home?: string): Surroundings => ({ ...systemSurroundings(), env: {}, home });

export interface ObservedProber {
  readonly prober: Prober;
  /** All readings of a member so far, oldest first. */
  readonly seen: (member: string) => readonly ProbeReading[];
  /** The next reading (not one of the past) that satisfies `matches`. */
  readonly next: <R extends ProbeReading>(
    member: string,
    matches: (reading: ProbeReading) => reading is R,
  ) => Promise<R>;
}

export function observeProber(
  spec: Partial<ProbeSpec>,
  more: Partial<Pick<ProberOptions, 'surroundings' | 'renewAfterMs' | 'log'>> = {},
): ObservedProber {
  const readings = new Map<string, ProbeReading[]>();
  const waiting = new Set<(member: string, reading: ProbeReading) => void>();
  const prober = new Prober({
    spec: probeSpec(spec),
    clock: realClock,
    log: silentLog,
    surroundings: bareSurroundings(),
    ...more,
    onReading: (member, { latest }) => {
      readings.set(member, [...(readings.get(member) ?? []), latest]);
      for (const tell of waiting) tell(member, latest);
    },
  });
  return {
    prober,
    seen: (member) => readings.get(member) ?? [],
    next: (member, matches) =>
      new Promise((resolve) => {
        const tell = (about: string, reading: ProbeReading): void => {
          if (about !== member || !matches(reading)) return;
          waiting.delete(tell);
          resolve(reading);
        };
        waiting.add(tell);
      }),
  };
}

type OfKind<K extends ProbeReading['kind']> = Extract<ProbeReading, { readonly kind: K }>;

/** For `next`: a reading of that kind. */
export const isA =
  <K extends ProbeReading['kind']>(kind: K) =>
  (reading: ProbeReading): reading is OfKind<K> =>
    reading.kind === kind;

/** For `next`: whatever comes. */
export const anyReading = (reading: ProbeReading): reading is ProbeReading => reading !== undefined;
