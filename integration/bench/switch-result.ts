// The tables and goals of the switch section. Pure.
import type { SwitchPhases } from '@pgrouted/core/status/schema';
import { percentile, round, showMs, table } from './figures.ts';
import { connectTimeoutMs, writeEveryMs } from './methods.ts';
import type { Outcome, Switched } from './outcome.ts';
import type { SectionResult } from './result.ts';
import type { SamplerReport } from './sampler.ts';
import type { Way } from './way.ts';

export interface Round {
  readonly switched: Switched;
  readonly outcomes: readonly Outcome[];
  readonly way: Way | undefined;
  /** What pgrouted's own journal says about this switch. */
  readonly phases: SwitchPhases | undefined;
}

export interface SwitchFigures {
  readonly times: Readonly<Record<string, number>>;
  readonly rounds: readonly Round[];
  readonly methods: readonly { readonly name: string; readonly how: string }[];
  readonly observers: readonly SamplerReport[];
  readonly loopDelayP99Ms: number;
  readonly writes: readonly number[];
}

const ours = 'pgrouted';
const kinds = ['switchover', 'kill -9'] as const;

export function switchResult(figures: SwitchFigures): SectionResult {
  const { rounds, methods, observers } = figures;
  const mine = rounds.flatMap(({ outcomes }) => outcomes.filter(({ method }) => method === ours));
  const first = rounds.filter(isFirst).length;
  const slowest = Math.max(...mine.map(({ firstWriteMs }) => firstWriteMs ?? Number.POSITIVE_INFINITY));
  const overlapMs = mine.reduce((sum, { twoInRotationMs }) => sum + (twoInRotationMs ?? 0), 0);
  const push = observers.find(({ target }) => target === 'push')?.backends['be_rw'];
  const wrong = mine.reduce((sum, outcome) => sum + outcome.wrongWrites + outcome.readOnlyErrors, 0);
  return {
    figures: {
      patroni: figures.times,
      methods,
      writers: { everyMs: writeEveryMs, connectTimeoutMs, acknowledged: figures.writes },
      eventLoopDelayP99Ms: round(figures.loopDelayP99Ms),
      observers: observers.map(({ target, backends, period }) => ({ target, backends, period })),
      rounds: rounds.map(({ switched, outcomes, way, phases }) => ({
        kind: switched.kind,
        from: switched.from,
        to: switched.to,
        writableMs: round(switched.writableAt - switched.beganAt),
        outcomes: outcomes.map((outcome) => ({
          ...outcome,
          firstWriteMs: outcome.firstWriteMs === null ? null : round(outcome.firstWriteMs),
          outageMs: round(outcome.outageMs),
          twoInRotationMs: outcome.twoInRotationMs === null ? null : round(outcome.twoInRotationMs),
        })),
        way,
        phases,
      })),
      firstOnSwitches: { pgrouted: first, of: rounds.length },
    },
    definitions: [
      `Patroni: ttl ${figures.times['ttl']} s, loop_wait ${figures.times['loopWait']} s, retry_timeout ${figures.times['retryTimeout']} s; one etcd of three members; everything on one machine.`,
      ...methods.map(({ name, how }) => `${name}: ${how}.`),
      `every method has one writer: one kept connection, an INSERT every ${writeEveryMs} ms; after an error the next try begins at once, at least ${writeEveryMs} ms after the last began.`,
      'first write: from the instant at which an independent witness (a kept connection to each server, asked every 4 ms) had read that the new PostgreSQL is not in recovery, to the first write acknowledged by it. A value below zero means that the writer was faster than the witness.',
      'without writes: all times of 100 ms and more between two acknowledged writes, summed up over the switch.',
      'two in rotation: how long HAProxy held two or more servers of the listener in rotation, as an independent observer read it (pgrouted every 2 ms, others every 10 ms).',
      'wrong server: writes refused by a standby, plus writes acknowledged by a server while another one held the leader key.',
      'kill -9: Patroni and PostgreSQL of the primary node at one instant; the wait for the leader key to run out is part of the time without writes, not of the first write.',
    ],
    tables: [
      ...kinds.flatMap((kind) => {
        const some = rounds.filter(({ switched }) => switched.kind === kind);
        return some.length === 0 ? [] : [tableOf(kind, some, methods)];
      }),
      wayTable(rounds.flatMap(({ way }) => (way === undefined ? [] : [way]))),
    ],
    goals: [
      {
        what: 'first write after writable, every switch',
        wanted: '<= 60 ms',
        measured: `max ${showMs(slowest)} ms`,
        met: slowest <= 60,
      },
      {
        what: 'two servers in rotation',
        wanted: '0',
        measured: `${showMs(overlapMs)} ms, ${push?.withTwo ?? '?'} of ${push?.samples ?? 0} samples`,
        met: overlapMs === 0 && push?.withTwo === 0,
      },
      { what: 'wrong server', wanted: '0', measured: String(wrong), met: wrong === 0 },
      {
        what: 'first of all methods',
        wanted: `${rounds.length} of ${rounds.length}`,
        measured: `${first} of ${rounds.length}`,
        met: first === rounds.length,
      },
    ],
  };
}

const firstWriteOf = (outcome: Outcome | undefined): number => outcome?.firstWriteMs ?? Number.POSITIVE_INFINITY;

function isFirst({ outcomes }: Round): boolean {
  const own = firstWriteOf(outcomes.find(({ method }) => method === ours));
  // Its other row, with checks, is not another method.
  return outcomes.every((outcome) => outcome.method.startsWith(ours) || firstWriteOf(outcome) > own);
}

function tableOf(kind: string, rounds: readonly Round[], methods: SwitchFigures['methods']): string {
  const rows = methods.map(({ name }) => {
    const own = rounds.flatMap(({ outcomes }) => outcomes.filter(({ method }) => method === name));
    const pair = (values: readonly number[]) => [showMs(percentile(values, 0.5)), showMs(percentile(values, 1))];
    const rotation = own.flatMap(({ twoInRotationMs }) => (twoInRotationMs === null ? [] : [twoInRotationMs]));
    const wrong = own.reduce((sum, outcome) => sum + outcome.wrongWrites + outcome.readOnlyErrors, 0);
    const ahead = rounds.filter(
      ({ outcomes }) =>
        firstWriteOf(outcomes.find(({ method }) => method === ours)) <
        firstWriteOf(outcomes.find(({ method }) => method === name)),
    ).length;
    return [
      name,
      ...pair(own.map(({ firstWriteMs }) => firstWriteMs ?? Number.POSITIVE_INFINITY)),
      ...pair(own.map(({ outageMs }) => outageMs)),
      String(
        percentile(
          own.map(({ errors }) => errors),
          0.5,
        ),
      ),
      ...pair(rotation),
      String(wrong),
      name === ours ? '' : `${ahead}/${rounds.length}`,
    ];
  });
  const heads = [
    ['', 'first write', '', 'without writes', '', 'errors', 'two in rotation', '', 'wrong', 'pgrouted'],
    [
      `${kind}, ${rounds.length} times (ms)`,
      'median',
      'max',
      'median',
      'max',
      'median',
      'median',
      'max',
      'server',
      'ahead',
    ],
  ];
  return table([...heads, ...rows]);
}

const stations: readonly (readonly [keyof Way, string])[] = [
  ['provenMs', 'its probe says so'],
  ['openedMs', 'it has read back that HAProxy lets it in'],
  ['inRotationMs', 'the observer reads the same'],
  ['tryBeganMs', 'the writer begins the try that succeeds'],
  ['firstWriteMs', 'its write is acknowledged'],
];

function wayTable(ways: readonly Way[]): string {
  const rows = stations.map(([station, words]) => {
    const values = ways.flatMap(({ [station]: value }) => (value === null ? [] : [value]));
    return [words, showMs(percentile(values, 0.5)), showMs(percentile(values, 1))];
  });
  return table([
    [`pgrouted, ${ways.length} switches: ms after the new PostgreSQL proved writable`, 'median', 'max'],
    ...rows,
  ]);
}
