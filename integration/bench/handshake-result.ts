// The figures, tables and goals of the handshake section. Pure.
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { percentile, round, type Summary, showMs, summary, table } from './figures.ts';
import type { Acknowledgements, Handshake, Handshakes } from './handshake-acknowledge.ts';
import {
  type Failover,
  type Method,
  methods,
  stolonDefaults,
  witnessEveryMs,
  writeEveryMs,
} from './handshake-failover.ts';
import type { SectionResult } from './result.ts';

/** What the daemon's own journal says: from the pass that saw the clearing put on. */
export interface InsideDaemon {
  /** To the write service read back out, without sessions. */
  readonly fenced: Summary;
  /** To etcd's answer to the acknowledging put. */
  readonly acknowledged: Summary;
}

export function insideDaemon(entries: readonly JournalEntry[]): InsideDaemon {
  const fenced: number[] = [];
  const acknowledged: number[] = [];
  let seen: { readonly generation: string; readonly at: number; fenced: boolean } | undefined;
  for (const { kind, text, tMs, service } of entries) {
    const withdrawn =
      kind === 'proxy' ? /^generation (\d+) of the proxies seen: the master is withdrawn/.exec(text) : null;
    if (withdrawn !== null) seen = { generation: withdrawn[1] ?? '', at: tMs, fenced: false };
    if (seen === undefined) continue;
    if (kind === 'fenced' && service === 'primary' && !seen.fenced) {
      fenced.push(tMs - seen.at);
      seen.fenced = true;
    }
    if (kind === 'proxy' && text.startsWith(`generation ${seen.generation} acknowledged `)) {
      acknowledged.push(tMs - seen.at);
      seen = undefined;
    }
  }
  return { fenced: summary(fenced), acknowledged: summary(acknowledged) };
}

const handshakeFigures = ({ sessions, rounds, journal }: Handshakes) => {
  const of = (value: (one: Handshake) => number): Summary => summary(rounds.map(value));
  return {
    sessions,
    acknowledged: of((one) => one.acknowledgedAt - one.clearingAt),
    clearingPut: of((one) => one.clearedAt - one.clearingAt),
    lastSessionEnded: of((one) => one.lastSessionEndAt - one.clearingAt),
    emptyBefore: summary(
      rounds.flatMap(({ emptyAt, acknowledgedAt: at }) => (emptyAt === undefined ? [] : [at - emptyAt])),
    ),
    leastEmptyBeforeMs: round(Math.min(...rounds.map(({ emptyAt, acknowledgedAt: at }) => at - (emptyAt ?? at)))),
    insideDaemon: insideDaemon(journal),
    roundsWithSessionsLeft: rounds.filter(({ sessionsLeft }) => sessionsLeft > 0).length,
  };
};

interface Part {
  /** In the file. */
  readonly key: string;
  /** In the table. */
  readonly name: string;
  readonly of: (one: Failover) => number;
}

const parts: readonly Part[] = [
  { key: 'detectionMs', name: 'kill -> master taken away', of: (one) => one.clearingAt - one.killedAt },
  { key: 'acknowledgedMs', name: 'taken away -> acknowledged', of: (one) => one.acknowledgedAt - one.clearingAt },
  { key: 'namedMs', name: 'acknowledged -> new master named', of: (one) => one.namingAt - one.acknowledgedAt },
  { key: 'openedMs', name: 'named -> the way is open', of: (one) => one.openedAt - one.namingAt },
  { key: 'firstWriteMs', name: 'open -> first write', of: (one) => one.firstWriteAt - one.openedAt },
  { key: 'sinceTakenAwayMs', name: 'taken away -> first write', of: (one) => one.firstWriteAt - one.clearingAt },
  { key: 'totalMs', name: 'kill -> first write', of: (one) => one.firstWriteAt - one.killedAt },
  {
    key: 'writableMs',
    name: '(taken away -> new PostgreSQL takes writes)',
    of: (one) => one.writableAt - one.clearingAt,
  },
  {
    key: 'sinceNamedAndWritableMs',
    name: '(named and writable -> first write)',
    of: (one) => one.firstWriteAt - Math.max(one.namingAt, one.writableAt),
  },
];
const sinceClearing = (one: Failover): number => one.firstWriteAt - one.clearingAt;

const of = (failovers: readonly Failover[], method: Method): readonly Failover[] =>
  failovers.filter((one) => one.method === method);

export function handshakeResult(
  { few, many, period }: Acknowledgements,
  failovers: readonly Failover[],
): SectionResult {
  const figures = {
    etcd: 'three members on this machine, data on disk with fsync',
    acknowledgement: { few: handshakeFigures(few), many: handshakeFigures(many), observer: period },
    failovers: {
      spec: stolonDefaults,
      rounds: failovers.map((one) => ({
        method: one.method,
        ...Object.fromEntries(parts.map(({ key, of: value }) => [key, round(value(one))])),
      })),
    },
  };
  const { few: little, many: much } = figures.acknowledgement;
  const left = little.roundsWithSessionsLeft + much.roundsWithSessionsLeft;
  const all = few.rounds.length + many.rounds.length;
  const median = (method: Method): number => percentile(of(failovers, method).map(sinceClearing), 0.5);
  const [ours, theirs] = [median('pgrouted'), median('stolon-proxy')];
  return {
    figures,
    definitions: [
      'cleared -> acknowledged: from the instant before the sentinel sends the put that takes the master away until an independent watch of etcd (the etcd3 package, a process of its own) has read our record with that generation. Errs upwards.',
      'sessions are held by clients through the write port, all on the master; its HAProxy is asked about every millisecond for the sessions of the write service.',
      'HAProxy empty before: how long before that instant HAProxy itself had been read without a session of the write service, and without one ever since. Below zero: it had not answered in between, only right after.',
      'inside pgrouted: from its own journal, from the pass that saw the generation on.',
      'sentinel and keepers are the models in integration/lab/stolon (Stolon v0.17.0); in the first table the sentinel looks when it is told to, and a master fails by `stolonctl failkeeper`.',
      `failovers: the master's keeper and PostgreSQL are killed at one instant; sentinel and keepers run by themselves with Stolon's own intervals (sleepInterval ${stolonDefaults.sleepInterval}, failInterval ${stolonDefaults.failInterval}, proxyCheckInterval ${stolonDefaults.proxyCheckInterval}); before each the sentinel is started anew at a random instant, so that nobody is in step with it. Between failovers sleepInterval is shorter, so that the killed keeper is soon back.`,
      'pgrouted and the model of stolon-proxy serve two clusters alike, on the same machine at the same time: in one cluster the sentinel waits for both. Detection is none of their doing and differs by up to one sleepInterval from failover to failover.',
      `the client: one kept connection, an INSERT every ${writeEveryMs} ms; after an error the next try begins at once, at least ${writeEveryMs} ms after the last began. Writable: a kept connection to each PostgreSQL, asked every ${witnessEveryMs} ms.`,
    ],
    tables: [
      acknowledgementTable([little, much], period),
      `sessions left when acknowledged: in ${left} of ${all} failovers`,
      failoverTable(failovers),
    ],
    goals: [
      {
        what: `cleared -> acknowledged with ${much.sessions} sessions, p99`,
        wanted: '<= 100 ms',
        measured: `${showMs(much.acknowledged.p99)} ms`,
        met: much.acknowledged.p99 <= 100,
      },
      {
        what: 'failovers with a session left when acknowledged',
        wanted: '0',
        measured: `${left} of ${all}`,
        met: left === 0 && all > 0,
      },
      {
        what: 'taken away -> first write, median',
        wanted: 'less than with stolon-proxy',
        measured: `${showMs(ours)} ms, stolon-proxy ${showMs(theirs)} ms`,
        met: ours < theirs,
      },
    ],
  };
}

function acknowledgementTable(all: readonly ReturnType<typeof handshakeFigures>[], period: Summary): string {
  const row = (name: string, { n, p50, p99, max }: Summary) => [name, String(n), showMs(p50), showMs(p99), showMs(max)];
  return table([
    ['milliseconds', 'n', 'p50', 'p99', 'max'],
    ...all.flatMap((one) => [
      row(`${one.sessions} sessions: cleared -> acknowledged`, one.acknowledged),
      row(`  (cleared -> put acknowledged by etcd)`, one.clearingPut),
      row(`  (cleared -> last client saw its session end)`, one.lastSessionEnded),
      row(`  (inside pgrouted: seen -> fenced)`, one.insideDaemon.fenced),
      row(`  (inside pgrouted: seen -> acknowledged)`, one.insideDaemon.acknowledged),
      row(`  (HAProxy empty before; least ${showMs(one.leastEmptyBeforeMs)})`, one.emptyBefore),
    ]),
    row('(observer: period)', period),
  ]);
}

function failoverTable(failovers: readonly Failover[]): string {
  const rows = parts.map(({ name, of: value }) => [
    name,
    ...methods.flatMap((method) => {
      const values = of(failovers, method).map(value);
      return [showMs(percentile(values, 0.5)), showMs(percentile(values, 1))];
    }),
  ]);
  const each = of(failovers, methods[0]).length;
  return table([
    ['', ...methods.flatMap((method) => [method, ''])],
    [`${each} failovers each (ms)`, ...methods.flatMap(() => ['median', 'max'])],
    ...rows,
  ]);
}
