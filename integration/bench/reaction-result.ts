// The figures, table and goals of the reaction section. Pure.
import { type Summary, showMs, summary, table } from './figures.ts';
import type { DaemonTimes } from './journal-times.ts';
import type { MachineUse } from './others.ts';
import type { SectionResult } from './result.ts';
import type { BackendCounts } from './sampler.ts';
import type { Answer } from './sessions-control.ts';

/** The instants of one switch, of `nowMs`. */
export interface Switch {
  readonly to: string;
  readonly leaderPutAt: number;
  readonly leaderAckAt: number;
  /** The observer's first answer without the old server. */
  readonly outAt: number;
  readonly recordPutAt: number;
  /** The observer's first answer with the new server. */
  readonly inAt: number;
  readonly lastSessionEndAt: number | undefined;
}

export interface Measured {
  readonly plain: readonly Switch[];
  readonly held: readonly Switch[];
  readonly tight: readonly Switch[];
  readonly answers: readonly Answer[];
  /** Of the independent observer, over all switches. */
  readonly counts: BackendCounts | undefined;
  readonly period: Summary | undefined;
  readonly times: DaemonTimes;
  /** How many the clients held in each switch of `held`. */
  readonly sessions: number;
  /** During `plain`. */
  readonly machine: MachineUse;
}

/** Connections begun after HAProxy had shown the old server out and before the next switch, that another than the new server answered. */
function wrongAnswers(done: readonly Switch[], answers: readonly Answer[]): number {
  return answers.filter(({ server, beganAt }) => {
    const last = done.findLast(({ outAt }) => outAt <= beganAt);
    const next = done.find(({ leaderPutAt }) => leaderPutAt > beganAt);
    if (server === null || last === undefined) return false;
    return server !== last.to && (next === undefined || beganAt < next.leaderPutAt);
  }).length;
}

export function reactionResult({
  plain,
  held,
  tight,
  answers,
  counts,
  period,
  times,
  sessions,
  machine,
}: Measured): SectionResult {
  const of = (list: readonly Switch[], value: (one: Switch) => number): Summary => summary(list.map(value));
  const figures = {
    etcd: 'three members on this machine, data on disk with fsync',
    machine,
    switches: { plain: plain.length, withSessions: held.length, withConnectingClient: tight.length },
    putAcknowledged: of([...plain, ...tight], (one) => one.leaderAckAt - one.leaderPutAt),
    fence: of(plain, (one) => one.outAt - one.leaderPutAt),
    open: of(plain, (one) => one.inAt - one.recordPutAt),
    insideDaemon: times,
    sessions: {
      perSwitch: sessions,
      fence: of(held, (one) => one.outAt - one.leaderPutAt),
      lastSessionEnded: of(held, (one) => (one.lastSessionEndAt ?? Number.NaN) - one.leaderPutAt),
      open: of(held, (one) => one.inAt - one.leaderPutAt),
    },
    connectingClient: {
      answers: answers.length,
      wrong: wrongAnswers(tight, answers),
      firstAnswerByNew: summary(
        tight.flatMap((one) => {
          const first = answers.find(({ server, answeredAt }) => server === one.to && answeredAt >= one.recordPutAt);
          return first === undefined ? [] : [first.answeredAt - one.recordPutAt];
        }),
      ),
    },
    observer: { period, samples: counts?.samples ?? 0, samplesWithTwoServers: counts?.withTwo ?? 0 },
  };
  const row = (name: string, { n, p50, p99, max }: Summary) => [name, String(n), showMs(p50), showMs(p99), showMs(max)];
  return {
    figures,
    definitions: [
      'leader put -> old server out: from the instant before the put is handed to an independent etcd client until an independent observer has read from HAProxy an answer in which the old server is not in rotation. Errs upwards by up to one period of the observer.',
      'record put -> new server in: the same, from the put of the record that makes opening possible to the first answer with the new server in rotation.',
      'with sessions: both puts are made at once and everything is counted from the first; opening has to wait until the sessions on the old server have ended.',
      'put acknowledged: what the put alone takes on this etcd, as the same client sees it; it is part of the times above.',
      'inside pgrouted: from its own journal, from the event being decided on to HAProxy read back.',
      'a wrong answer: a connection begun after the observer had seen the old server out, answered by another server than the new one.',
    ],
    tables: [
      table([
        ['milliseconds', 'n', 'p50', 'p99', 'max'],
        row('leader put -> old server out', figures.fence),
        row('record put -> new server in', figures.open),
        row('  (put acknowledged by etcd)', figures.putAcknowledged),
        row('  (inside pgrouted: leader seen -> fenced)', times.fence),
        row('  (inside pgrouted: record seen -> opened)', times.open),
        row(`${figures.sessions.perSwitch} sessions: leader put -> old server out`, figures.sessions.fence),
        row(
          `${figures.sessions.perSwitch} sessions: leader put -> last session ended`,
          figures.sessions.lastSessionEnded,
        ),
        row(`${figures.sessions.perSwitch} sessions: leader put -> new server in`, figures.sessions.open),
        row('connecting client: record put -> answered by new', figures.connectingClient.firstAnswerByNew),
        row('(observer: period)', figures.observer.period ?? summary([])),
      ]),
      `CPU of the machine during the first three rows: ${Math.round(machine.ours * 100)} % ours (observer and etcd included), ${Math.round(machine.others * 100)} % of others\ntwo servers accepting: ${figures.observer.samplesWithTwoServers} of ${figures.observer.samples} samples; wrong answers: ${figures.connectingClient.wrong} of ${answers.length} connections`,
    ],
    goals: [
      goal('old server out, p50', figures.fence.p50, 3),
      goal('old server out, p99', figures.fence.p99, 15),
      goal('new server in, p50', figures.open.p50, 3),
      goal('new server in, p99', figures.open.p99, 15),
      goal('old server out under sessions, p99', figures.sessions.fence.p99, 100),
      goal('new server in under sessions, p99', figures.sessions.open.p99, 100),
      {
        what: 'samples with two servers accepting',
        wanted: '0',
        measured: `${figures.observer.samplesWithTwoServers} of ${figures.observer.samples}`,
        met: figures.observer.samplesWithTwoServers === 0 && figures.observer.samples > 0,
      },
      {
        what: 'wrong answers',
        wanted: '0',
        measured: `${figures.connectingClient.wrong} of ${answers.length}`,
        met: figures.connectingClient.wrong === 0,
      },
    ],
  };
}

const goal = (what: string, measured: number, atMost: number) => ({
  what,
  wanted: `<= ${atMost} ms`,
  measured: `${showMs(measured)} ms`,
  met: measured <= atMost,
});
