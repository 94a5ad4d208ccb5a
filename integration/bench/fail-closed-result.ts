// The figures, tables and goals of the fail-closed section. Pure.
import { round, type Summary, showMs, summary, table } from './figures.ts';
import type { Loaded } from './http-load.ts';
import type { SectionResult } from './result.ts';

/** One switch, as each HAProxy showed it. */
export interface Switched {
  readonly plainMs: number;
  readonly guardedMs: number;
}

/** One time that the daemon was gone. */
export interface Outage {
  readonly how: 'kill -9' | 'SIGSTOP';
  readonly closedMs: number;
  readonly openedMs: number;
}

export interface FailClosedFigures {
  readonly switches: readonly Switched[];
  readonly checks: Loaded;
  readonly outages: readonly Outage[];
}

/** The slower HAProxy may be so much slower: it is told in parallel, and either may be first. */
const NOISE_MS = 2;

export function failClosedResult({ switches, checks, outages }: FailClosedFigures): SectionResult {
  const plain = summary(switches.map(({ plainMs }) => plainMs));
  const guarded = summary(switches.map(({ guardedMs }) => guardedMs));
  const ways = (['kill -9', 'SIGSTOP'] as const).map((how) => {
    const some = outages.filter((outage) => outage.how === how);
    return {
      how,
      closed: summary(some.map(({ closedMs }) => closedMs)),
      opened: summary(some.map(({ openedMs }) => openedMs)),
    };
  });
  const row = (name: string, { n, p50, p99, max }: Summary) => [name, showMs(p50), showMs(p99), showMs(max), String(n)];
  const slowest = Math.max(...ways.map(({ closed }) => closed.max));
  return {
    figures: { switches: { plain, guarded }, checks, outages: ways },
    definitions: [
      'one daemon drives two HAProxies with the same three servers; the one also checks each line with the daemon: inter 500ms fastinter 250ms fall 2 rise 1, timeout check 400ms (two backends, six lines).',
      "switch: from the put of the new leader's record, which makes opening possible, until an independent observer (asks every 1 ms) reads that HAProxy holds it in rotation; both HAProxies in the same switches.",
      'closed: from the signal until the observer reads that no server of the write service is in rotation. open again: from the instant at which the new daemon answers (SIGSTOP: from SIGCONT).',
      'checks: as many as one core answers on eight kept connections; HAProxy makes a connection for each check.',
    ],
    tables: [
      table([
        ['ms', 'median', 'p99', 'max', 'n'],
        row('switch, push alone', plain),
        row('switch, push and check', guarded),
        ...ways.flatMap(({ how, closed, opened }) => [
          row(`${how}: closed`, closed),
          row(`${how}: open again`, opened),
        ]),
      ]),
      table([
        ['checks', 'a second', 'p99 ms', 'us of CPU each'],
        [
          'GET /haproxy/...',
          String(checks.requestsPerSecond),
          showMs(checks.latencyMs.p99),
          String(checks.serverUsPerRequest),
        ],
      ]),
    ],
    goals: [
      {
        what: 'a switch is not slowed by the checks (median)',
        wanted: `<= ${NOISE_MS} ms more`,
        measured: `${showMs(round(guarded.p50 - plain.p50))} ms`,
        met: guarded.p50 - plain.p50 <= NOISE_MS,
      },
      {
        what: 'closed after the daemon is gone',
        wanted: '<= 2 s, each time',
        measured: `max ${showMs(slowest)} ms`,
        met: slowest <= 2_000,
      },
    ],
  };
}
