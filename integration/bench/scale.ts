// Many clusters on one router and two HAProxies: how long until all HAProxies hold what follows when all primaries move at once, and what the router costs while
// nothing happens. Real etcd, real HAProxy; no PostgreSQL: the clusters are records in etcd, found there by the router itself.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from '../lab/daemon.ts';
import { startEtcd } from '../lab/etcd.ts';
import { askSocket, type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import {
  type ManyClusters,
  type MemberName,
  manyBackends,
  manyClusters,
  memberNames,
  scopeOf,
  takers,
} from '../lab/many-clusters.ts';
import { eventually } from '../lab/process.ts';
import { round, showMs } from './figures.ts';
import { nowMs, sleep } from './instant.ts';
import { cpuSecondsOf, memoryOf } from './processor.ts';
import type { Section } from './result.ts';
import { scaleResult } from './scale-result.ts';

const clusters = Number(process.env['SCALE_CLUSTERS'] ?? 1_000);
/** Patroni writes a member's record, and the leader its status, once in a loop_wait of 10 s. */
const beatsPerSecond = (clusters * (memberNames.length + 1)) / 10;
/** So many transactions are on their way to etcd at once. */
const writersAtOnce = 32;

export const scale: Section = async ({ quick, say, folder }) => {
  const indexes = Array.from({ length: clusters }, (_, index) => index);
  const etcd = await startEtcd({ folder, members: 1 });
  const records = manyClusters(etcd.endpoints);
  const haproxies = await Promise.all(
    ['h1', 'h2'].map((name) => {
      const own = join(folder, name);
      mkdirSync(own);
      return startHaproxy({ folder: own, config: manyBackends(indexes) });
    }),
  );
  await records.bootstrap(indexes);
  const startedAt = nowMs();
  const daemon = await startDaemon({
    folder,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        discover: true,
        patroni: { namespace: '/service' },
        services: {
          primary: { backend: '{cluster}-primary', role: 'primary' },
          replica: { backend: '{cluster}-replica', role: 'replica', fallback: 'primary' },
        },
      },
    ],
    haproxy: haproxies.map(({ adminSocket, masterSocket }) => ({ socket: adminSocket, master_socket: masterSocket })),
    more: { fleet: { enabled: false } },
  });
  const pid = daemon.program().pid;
  try {
    const led = (by: MemberName) => untilLed(haproxies, indexes, by);
    await led('n1');
    const startMs = round(nowMs() - startedAt, 0);
    await sleep(5_000);
    const atStart = memoryOf(pid);
    say(`${clusters} clusters are led ${showMs(startMs)} ms after the start; ${atStart.rssMiB} MiB`);

    const rest = await cpuOver(pid, quick ? 10 : 60);
    say(`at rest ${rest.percent} % of a core`);
    const beating = await whileBeating(records, quick ? 5 : 20, () => cpuOver(pid, quick ? 5 : 20));
    say(`with ${beatsPerSecond} puts a second ${beating.percent} % of a core`);
    await sleep(2_000);

    const rounds: {
      readonly fromLastPutMs: number;
      readonly putsMs: number;
      readonly cpuMs: number;
      readonly own: readonly number[];
    }[] = [];
    let leader: MemberName = 'n1';
    for (let number = 0; number < (quick ? 2 : 6); number += 1) {
      const to: MemberName = leader === 'n1' ? 'n2' : 'n1';
      const held = led(to);
      const beganAt = nowMs();
      const cpuFrom = cpuSecondsOf(pid);
      const putAt = await moveAll(records, indexes, to);
      const seenAt = await held;
      const lastPut = Math.max(...putAt.values());
      const own = indexes.map((index) => (seenAt.get(index) ?? Number.NaN) - (putAt.get(index) ?? Number.NaN));
      const fromLastPutMs = round(Math.max(...seenAt.values()) - lastPut, 1);
      const cpuMs = round((cpuSecondsOf(pid) - cpuFrom) * 1_000, 0);
      rounds.push({ fromLastPutMs, putsMs: round(lastPut - beganAt, 1), cpuMs, own });
      say(
        `${to} leads everywhere ${showMs(fromLastPutMs)} ms after the last put (puts took ${showMs(lastPut - beganAt)} ms, router ${showMs(cpuMs)} ms of CPU)`,
      );
      leader = to;
      await sleep(4_000);
    }
    const answers = await answerTimes(daemon.get);
    const afterAll = memoryOf(pid);
    say(`${afterAll.rssMiB} MiB, at most ${afterAll.peakMiB}`);
    return scaleResult({ clusters, beatsPerSecond, startMs, atStart, afterAll, rest, beating, rounds, answers });
  } finally {
    await daemon.stop();
    records.close();
    await Promise.all(haproxies.map((haproxy) => haproxy.stop()));
    await etcd.stop();
  }
};

/** When each cluster was first seen led by this member, and by nobody else, in the write service of both HAProxies, and read by the others. */
async function untilLed(
  haproxies: readonly Haproxy[],
  indexes: readonly number[],
  by: MemberName,
): Promise<ReadonlyMap<number, number>> {
  const others = memberNames.filter((member) => member !== by).join();
  const seenAt = haproxies.map(() => new Map<number, number>());
  await eventually(
    `${by} to lead everywhere`,
    async () => {
      for (const [number, { adminSocket }] of haproxies.entries()) {
        const seen = seenAt[number];
        if (seen === undefined || seen.size === indexes.length) continue;
        const held = takers(await askSocket(adminSocket, 'show servers state'));
        const at = nowMs();
        for (const index of indexes) {
          if (seen.has(index)) continue;
          const writer = held.get(`${scopeOf(index)}-primary`)?.join();
          const readers = held.get(`${scopeOf(index)}-replica`)?.join();
          if (writer === by && readers === others) seen.set(index, at);
        }
      }
      return seenAt.every(({ size }) => size === indexes.length) || undefined;
    },
    60_000,
    75,
  );
  return new Map(indexes.map((index) => [index, Math.max(...seenAt.map((seen) => seen.get(index) ?? Number.NaN))]));
}

/** Moves all clusters, as fast as etcd takes it; gives when each was taken. */
async function moveAll(
  records: ManyClusters,
  indexes: readonly number[],
  to: MemberName,
): Promise<ReadonlyMap<number, number>> {
  const putAt = new Map<number, number>();
  const left = [...indexes];
  const writer = async (): Promise<void> => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      await records.moveTo(index, to);
      putAt.set(index, nowMs());
    }
  };
  await Promise.all(Array.from({ length: writersAtOnce }, writer));
  return putAt;
}

interface Cpu {
  readonly seconds: number;
  readonly percent: number;
}

async function cpuOver(pid: number, seconds: number): Promise<Cpu> {
  const from = cpuSecondsOf(pid);
  const startedAt = nowMs();
  await sleep(seconds * 1_000);
  const took = (nowMs() - startedAt) / 1_000;
  return { seconds: round(took, 1), percent: round(((cpuSecondsOf(pid) - from) / took) * 100, 2) };
}

/** While all members write their records as Patroni's loops do. */
async function whileBeating<T>(records: ManyClusters, seconds: number, measure: () => Promise<T>): Promise<T> {
  const endsAt = nowMs() + (seconds + 1) * 1_000;
  const beat = async (): Promise<void> => {
    for (let number = 0; nowMs() < endsAt; number += 1) {
      const dueAt = endsAt - (seconds + 1) * 1_000 + (number / beatsPerSecond) * 1_000;
      if (dueAt > nowMs()) await sleep(dueAt - nowMs());
      const member = memberNames[number % memberNames.length] ?? 'n1';
      await records.beat(Math.floor(number / memberNames.length) % clusters, member, 'n1');
    }
  };
  const beating = beat();
  await sleep(500);
  const measured = await measure();
  await beating;
  return measured;
}

export interface AnswerTime {
  readonly path: string;
  readonly ms: number;
  readonly bytes: number;
}

async function answerTimes(
  get: (path: string) => Promise<{ readonly status: number; readonly body: string }>,
): Promise<readonly AnswerTime[]> {
  const times: AnswerTime[] = [];
  for (const path of [
    '/v2/status',
    '/metrics',
    '/v1/primary',
    '/v1/standbys',
    '/health/is-ready',
    '/v2/events?limit=1000',
  ]) {
    const from = nowMs();
    const { body } = await get(path);
    times.push({ path, ms: round(nowMs() - from, 1), bytes: body.length });
  }
  return times;
}
