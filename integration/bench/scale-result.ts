// What the measurement of many clusters comes to: its figures, its tables and its goals.
import { round, showMs, summary, table } from './figures.ts';
import type { SectionResult } from './result.ts';

interface Memory {
  readonly rssMiB: number;
  readonly peakMiB: number;
}

interface Cpu {
  readonly seconds: number;
  readonly percent: number;
}

export interface ScaleFigures {
  readonly clusters: number;
  readonly beatsPerSecond: number;
  readonly startMs: number;
  readonly atStart: Memory;
  readonly afterAll: Memory;
  readonly rest: Cpu;
  readonly beating: Cpu;
  /** `own`: for each cluster from when etcd had taken its own change. */
  readonly rounds: readonly {
    readonly fromLastPutMs: number;
    readonly putsMs: number;
    /** Of the router, from the first put until all was seen. */
    readonly cpuMs: number;
    readonly own: readonly number[];
  }[];
  readonly answers: readonly { readonly path: string; readonly ms: number; readonly bytes: number }[];
}

export function scaleResult(measured: ScaleFigures): SectionResult {
  const { clusters, beatsPerSecond, startMs, atStart, afterAll, rest, beating, rounds, answers } = measured;
  const last = summary(rounds.map(({ fromLastPutMs }) => fromLastPutMs));
  const puts = summary(rounds.map(({ putsMs }) => putsMs));
  const cpu = summary(rounds.map(({ cpuMs }) => cpuMs));
  const own = summary(rounds.flatMap((one) => one.own));
  const most = Math.max(atStart.rssMiB, afterAll.rssMiB);
  return {
    figures: {
      clusters,
      startMs,
      memory: { atStart, afterAll },
      rest,
      beating,
      fromLastPutMs: last,
      putsMs: puts,
      cpuMs: cpu,
      own,
      answers,
    },
    definitions: [
      `all primaries move at once: two transactions for each of ${clusters} clusters (the leader key; all three records), 32 on their way at a time, one etcd. From the instant at which the last one was answered until both HAProxies were seen (by "show servers state", every 75 ms or more) with the new writer alone in every write service and the others in every read service. Errs upwards.`,
      'each cluster by itself: the same, from the instant at which its own second transaction was answered.',
      `at rest: user and system time of the router while nothing is written. With Patroni's writing: while ${beatsPerSecond} records a second are written, as the members of ${clusters} clusters do with a loop_wait of 10 s.`,
      'memory: resident set of the router (VmRSS), 5 s after the start and at the end; its greatest value (VmHWM) beside it.',
      'programs share the machine: etcd, two HAProxies, the router, and the benchmark that writes and looks.',
    ],
    tables: [
      table([
        ['milliseconds', 'n', 'p50', 'p99', 'max'],
        ['all, from the last put', String(last.n), showMs(last.p50), showMs(last.p99), showMs(last.max)],
        ['each, from its own put', String(own.n), showMs(own.p50), showMs(own.p99), showMs(own.max)],
        ['processor time of the router', String(cpu.n), showMs(cpu.p50), showMs(cpu.p99), showMs(cpu.max)],
        ['the puts themselves', String(puts.n), showMs(puts.p50), showMs(puts.p99), showMs(puts.max)],
      ]),
      table([
        ['', 'at start', 'at the end', 'greatest'],
        ['MiB', String(atStart.rssMiB), String(afterAll.rssMiB), String(afterAll.peakMiB)],
      ]),
      `CPU at rest: ${rest.percent} % of a core over ${rest.seconds} s; with Patroni's writing: ${beating.percent} %`,
      table([
        ['answer', 'ms', 'kB'],
        ...answers.map(({ path, ms, bytes }) => [path, showMs(ms), String(round(bytes / 1_000, 0))]),
      ]),
    ],
    goals: [
      {
        what: 'converged after the last put',
        wanted: '<= 1000 ms',
        measured: `${showMs(last.max)} ms at most`,
        met: last.max <= 1_000,
      },
      { what: 'CPU at rest', wanted: '<= 2 % of a core', measured: `${rest.percent} %`, met: rest.percent <= 2 },
      { what: 'memory', wanted: '<= 200 MiB', measured: `${most} MiB`, met: most <= 200 },
    ],
  };
}
