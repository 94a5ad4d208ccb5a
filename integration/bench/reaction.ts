// How long from a put in etcd until HAProxy holds what follows from it: many switches of a leader key on a real three-member etcd and a real
// HAProxy, with the daemon as it is shipped. Servers that say their name stand in for PostgreSQL, which has no part in this.
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { freePort } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { nowMs, sleep } from './instant.ts';
import { daemonTimes } from './journal-times.ts';
import { watchMachine } from './others.ts';
import { reactionResult, type Switch } from './reaction-result.ts';
import type { Section } from './result.ts';
import { type Sampler, startSampler } from './sampler.ts';
import { type Sessions, startSessions } from './sessions-control.ts';

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

export const reaction: Section = async ({ quick, say, folder }) => {
  const stage = await setUp(folder);
  try {
    say('etcd (3 members), HAProxy, pgrouted are up');
    const plainRuns = quick ? 100 : 1000;
    const usedBy = watchMachine();
    const plain = await switches(stage, plainRuns, spaced, say);
    const times = daemonTimes(await stage.daemon.events());
    const machine = usedBy();
    say(
      `${plainRuns} switches done; CPU: ${Math.round(machine.ours * 100)} % ours, ${Math.round(machine.others * 100)} % of others`,
    );
    const heldRuns = quick ? 10 : 100;
    const sessions = quick ? 300 : 1000;
    const held = await switches(stage, heldRuns, underSessions(sessions), say);
    say(`${heldRuns} switches with client sessions done`);
    const connecting = stage.sessions.connect();
    const tight = await switches(stage, quick ? 20 : 200, spaced, say);
    const answers = await connecting.stop();
    const [report] = await stage.sampler.report();
    return reactionResult({
      plain,
      held,
      tight,
      answers,
      counts: report?.backends[backend],
      period: report?.period,
      times,
      sessions,
      machine,
    });
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
