// What the http section says of its figures: definitions, tables, goals. Pure.
import { showMs, table } from './figures.ts';
import type { CheckCosts } from './http-checks.ts';
import type { Loaded } from './http-load.ts';
import type { Goal, SectionResult } from './result.ts';

/** Requests a second of the paced runs, and what is wanted of one core. */
export const paced = 10_000;
const wantedP99Ms = 1;
/** The number of connections that the goals are about. */
const goalConnections = 16;

interface Memory {
  readonly rssMiB: number;
  readonly peakMiB: number;
}

export interface HttpFigures {
  readonly cores: { readonly daemon: string; readonly others: string };
  /** The first second after rest, nothing compiled. */
  readonly cold: Loaded;
  readonly allUp: readonly Loaded[];
  readonly pacedUp: Loaded;
  readonly oneFrozen: readonly Loaded[];
  readonly pacedFrozen: Loaded;
  readonly memory: { readonly before: Memory; readonly underLoad: Memory; readonly restPercent: number };
  readonly checks: CheckCosts;
}

export function httpResult(figures: HttpFigures): SectionResult {
  const { cores, cold, allUp, pacedUp, oneFrozen, pacedFrozen, memory, checks } = figures;
  return {
    figures,
    definitions: [
      `pgrouted runs on ${cores.daemon}; the load, a process of its own, and three PostgreSQL are held to ${cores.others}. HTTP/1.1 without TLS over loopback, connections are kept.`,
      'closed: each connection asks again as soon as it has its answer, so the load is all that pgrouted can take, and an answer waits for those of the other connections.',
      `paced: ${paced} requests a second fall due at even distances; the time counts from when one was due, also where all connections were still waiting.`,
      'frozen: one standby with all of its processes under SIGSTOP: it takes connections and never answers.',
      'CPU: user and system time of the pgrouted process, by request; it hardly depends on what else the machine does. Requests a second and milliseconds do.',
      `after rest: the first second of load, before V8 has compiled anything: ${cold.requestsPerSecond} requests/s, p99 ${showMs(cold.latencyMs.p99)} ms.`,
      `memory: resident set of pgrouted (VmRSS): ${memory.before.rssMiB} MiB before the first request, ${memory.underLoad.rssMiB} MiB at the end of all load. At rest after it: ${memory.restPercent} % of a core.`,
      `checks: CPU seconds a minute, ${checks.seconds} s each. Asked: HAProxy starts a script for each of ${checks.serverLines} server lines every 2 s (bash, curl, and xargs or grep), and their time counts as HAProxy's. Told: pgrouted drives ${checks.serverLines} server lines by the Runtime API. pgrouted asks three PostgreSQL in both.`,
    ],
    tables: [
      table([
        ['', 'connections', 'requests/s', 'p50 ms', 'p99 ms', 'max ms', 'us CPU', 'cores: pgrouted', 'load'],
        ...allUp.map((loaded) => row('all up', loaded)),
        row('all up, paced', pacedUp),
        ...oneFrozen.map((loaded) => row('one frozen', loaded)),
        row('one frozen, paced', pacedFrozen),
      ]),
      table([
        ['CPU seconds a minute', 'HAProxy', 'pgrouted', 'together'],
        ...(['external', 'pushed'] as const).map((way) => {
          const { haproxy, pgrouted } = checks[way];
          const name = way === 'external' ? 'HAProxy asks (external-check)' : 'HAProxy is told';
          return [name, haproxy.toFixed(2), pgrouted.toFixed(2), (haproxy + pgrouted).toFixed(2)];
        }),
      ]),
    ],
    goals: goalsOf(figures),
  };
}

function goalsOf({ allUp, pacedUp, oneFrozen, pacedFrozen, checks }: HttpFigures): readonly Goal[] {
  const ofAll = (what: string, runs: readonly Loaded[], even: Loaded): readonly Goal[] => {
    const counted = runs.filter(({ connections }) => connections === goalConnections);
    const least = Math.min(...counted.map(({ requestsPerSecond }) => requestsPerSecond));
    const slowest = Math.max(...counted.map(({ latencyMs }) => latencyMs.p99));
    return [
      {
        what: `requests of one core, ${goalConnections} connections, ${what}`,
        wanted: `>= ${paced}/s`,
        measured: `${least}/s`,
        met: least >= paced,
      },
      {
        what: `p99 at all that it can take, ${what}`,
        wanted: `<= ${wantedP99Ms} ms`,
        measured: `${showMs(slowest)} ms`,
        met: slowest <= wantedP99Ms,
      },
      {
        what: `p99 at ${paced}/s, ${what}`,
        wanted: `<= ${wantedP99Ms} ms`,
        measured: `${showMs(even.latencyMs.p99)} ms`,
        met: even.latencyMs.p99 <= wantedP99Ms,
      },
    ];
  };
  const [asked, told] = [checks.external, checks.pushed].map(({ haproxy, pgrouted }) => haproxy + pgrouted);
  return [
    ...ofAll('all up', allUp, pacedUp),
    ...ofAll('one frozen', oneFrozen, pacedFrozen),
    {
      what: 'CPU to tell HAProxy, against its asking by scripts',
      wanted: 'less',
      measured: `${told?.toFixed(2)} against ${asked?.toFixed(2)} s a minute`,
      met: (told ?? Number.NaN) < (asked ?? Number.NaN),
    },
  ];
}

const row = (what: string, loaded: Loaded): readonly string[] => [
  `${what} ${loaded.path}`,
  String(loaded.connections),
  String(loaded.requestsPerSecond),
  showMs(loaded.latencyMs.p50),
  showMs(loaded.latencyMs.p99),
  showMs(loaded.latencyMs.max),
  loaded.serverUsPerRequest.toFixed(1),
  loaded.serverCpu.toFixed(2),
  loaded.loadCpu.toFixed(2),
];
