// How long from a put in etcd until HAProxy holds what follows from it: many switches of a leader key on a real three-member etcd and a real
// HAProxy, with the daemon as it is shipped. Servers that say their name stand in for PostgreSQL, which has no part in this.
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { freePort } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { type Summary, showMs, summary, table } from './figures.ts';
import { nowMs, sleep } from './instant.ts';
import { daemonTimes } from './journal-times.ts';
import type { Section, SectionResult } from './result.ts';
import { type Sampler, type SamplerReport, startSampler } from './sampler.ts';
import { type Answer, type Sessions, startSessions } from './sessions-control.ts';

const backend = 'be_rw';
const target = 'haproxy';

interface Stage {
  readonly etcd: EtcdLab;
  readonly haproxy: Haproxy;
  readonly records: Records;
  readonly daemon: Daemon;
  readonly sampler: Sampler;
  readonly sessions: Sessions;
  readonly members: readonly [RecordedMember, RecordedMember, RecordedMember];
}

/** The instants of one switch, of `nowMs`. */
interface Switch {
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

export const reaction: Section = async ({ quick, say, folder }) => {
  const stage = await setUp(folder);
  try {
    say('etcd (3 members), HAProxy, pgrouted are up');
    const plainRuns = quick ? 100 : 1000;
    const plain = await switches(stage, plainRuns, spaced, say);
    say(`${plainRuns} switches done`);
    const heldRuns = quick ? 10 : 100;
    const held = await switches(stage, heldRuns, underSessions(quick ? 300 : 1000), say);
    say(`${heldRuns} switches with client sessions done`);
    const connecting = stage.sessions.connect();
    const tight = await switches(stage, quick ? 20 : 200, spaced, say);
    const answers = await connecting.stop();
    const [report] = await stage.sampler.report();
    const times = daemonTimes(await stage.daemon.events());
    return resultOf({ plain, held, tight, answers, report, times, quick });
  } finally {
    await tearDown(stage);
  }
};

async function setUp(folder: string): Promise<Stage> {
  const etcd = await startEtcd({ folder, members: 3 });
  const [a, b, c] = [await freePort(), await freePort(), await freePort()];
  const members = [
    { name: 'n1', port: a },
    { name: 'n2', port: b },
    { name: 'n3', port: c },
  ] as const;
  const [writePort, readPort] = [await freePort(), await freePort()];
  const sessions = await startSessions(writePort, members);
  const haproxy = await startHaproxy({
    folder,
    config: haproxyConfig({ writePort, readPort, servers: members, globalOptions: ['stats maxconn 20'] }),
  });
  const records = patroniRecords(etcd.endpoints, 'bench');
  await records.bootstrap(members);
  const daemon = await startDaemon({
    folder,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name: 'bench',
        patroni: { scope: 'bench' },
        services: {
          primary: { backend, role: 'primary' },
          replica: { backend: 'be_ro', role: 'replica', fallback: 'primary' },
        },
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: target }],
    more: { journal: { memory_entries: 100_000 }, log: { level: 'warn' } },
  });
  await daemon.ready();
  const sampler = await startSampler([
    { name: target, socket: haproxy.adminSocket, backends: [backend], everyMs: 0.3 },
  ]);
  return { etcd, haproxy, records, daemon, sampler, sessions, members };
}

async function tearDown({ daemon, sampler, sessions, records, haproxy, etcd }: Stage): Promise<void> {
  sampler.stop();
  await daemon.stop();
  records.close();
  sessions.stop();
  await haproxy.stop();
  await etcd.stop();
}

type Way = (stage: Stage, from: RecordedMember, to: RecordedMember, timeline: number) => Promise<Switch>;

let timeline = 1;

async function switches(stage: Stage, count: number, way: Way, say: (text: string) => void): Promise<Switch[]> {
  const done: Switch[] = [];
  let saidAt = nowMs();
  for (let index = 0; index < count; index += 1) {
    const current = stage.sampler.ready(target, backend)?.[0];
    const from = stage.members.find(({ name }) => name === current) ?? stage.members[0];
    const to = stage.members[(stage.members.indexOf(from) + 1) % 3] ?? stage.members[0];
    timeline += 1;
    done.push(await way(stage, from, to, timeline));
    // The old one's record follows, as when it comes back as a replica; nothing hangs on it.
    await stage.records.member(from, { timeline });
    // No fixed rhythm that the observer's could fall in step with.
    await sleep(3 + Math.random() * 7);
    if (nowMs() - saidAt > 10_000) {
      saidAt = nowMs();
      say(`  ${index + 1} of ${count}`);
    }
  }
  return done;
}

/** First the leader key, then, when the old server is out, the record that makes opening possible. */
const spaced: Way = async ({ records, sampler }, _from, to, newTimeline) => {
  const leaderPutAt = nowMs();
  await records.put('leader', to.name);
  const leaderAckAt = nowMs();
  const out = await sampler.until(target, backend, leaderPutAt, (ready) => ready.length === 0);
  await sleep(2 + Math.random() * 5);
  const recordPutAt = nowMs();
  await records.member(to, { role: 'master', timeline: newTimeline });
  const opened = await sampler.until(target, backend, recordPutAt, (ready) => ready.includes(to.name));
  return {
    to: to.name,
    leaderPutAt,
    leaderAckAt,
    outAt: out.receivedAt,
    recordPutAt,
    inAt: opened.receivedAt,
    lastSessionEndAt: undefined,
  };
};

/** Both puts at once, so that opening waits for nothing but the end of the old server's sessions. */
const underSessions =
  (count: number): Way =>
  async ({ records, sampler, sessions }, from, to, newTimeline) => {
    const held = await sessions.hold(count);
    if (held.by[from.name] !== count)
      throw new Error(`${count} sessions were to be on ${from.name}; they are on ${JSON.stringify(held.by)}`);
    const leaderPutAt = nowMs();
    await records.put('leader', to.name);
    const leaderAckAt = nowMs();
    const recordPutAt = nowMs();
    await records.member(to, { role: 'master', timeline: newTimeline });
    const out = await sampler.until(target, backend, leaderPutAt, (ready) => !ready.includes(from.name));
    const opened = await sampler.until(target, backend, leaderPutAt, (ready) => ready.includes(to.name));
    const lastSessionEndAt = await held.ended;
    return {
      to: to.name,
      leaderPutAt,
      leaderAckAt,
      outAt: out.receivedAt,
      recordPutAt,
      inAt: opened.receivedAt,
      lastSessionEndAt,
    };
  };

interface Measured {
  readonly plain: readonly Switch[];
  readonly held: readonly Switch[];
  readonly tight: readonly Switch[];
  readonly answers: readonly Answer[];
  readonly report: SamplerReport | undefined;
  readonly times: ReturnType<typeof daemonTimes>;
  readonly quick: boolean;
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

function resultOf({ plain, held, tight, answers, report, times, quick }: Measured): SectionResult {
  const of = (list: readonly Switch[], value: (one: Switch) => number): Summary => summary(list.map(value));
  const counts = report?.backends[backend];
  const figures = {
    etcd: 'three members on this machine, data on disk with fsync',
    switches: { plain: plain.length, withSessions: held.length, withConnectingClient: tight.length },
    putAcknowledged: of([...plain, ...tight], (one) => one.leaderAckAt - one.leaderPutAt),
    fence: of(plain, (one) => one.outAt - one.leaderPutAt),
    open: of(plain, (one) => one.inAt - one.recordPutAt),
    insideDaemon: times,
    sessions: {
      perSwitch: quick ? 300 : 1000,
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
    observer: { period: report?.period, samples: counts?.samples ?? 0, samplesWithTwoServers: counts?.withTwo ?? 0 },
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
      `two servers accepting: ${figures.observer.samplesWithTwoServers} of ${figures.observer.samples} samples; wrong answers: ${figures.connectingClient.wrong} of ${answers.length} connections`,
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
