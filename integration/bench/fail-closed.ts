// What HAProxy's own check with the router costs and gives: switches by push on a HAProxy without and one with the check, side by side, driven by the same
// daemon; then how long after the daemon is killed or stopped the service is closed. Real etcd and HAProxy; the records are Patroni's, written here.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { startEtcd } from '../lab/etcd.ts';
import { type ConfigOptions, failClosedLines, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { freePort } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { startIdentityServer } from '../lab/sessions.ts';
import { failClosedResult, type Outage, type Switched } from './fail-closed-result.ts';
import { type Loaded, putLoad } from './http-load.ts';
import { nowMs, sleep } from './instant.ts';
import type { Section } from './result.ts';
import { type Sampler, startSampler } from './sampler.ts';

const backend = 'be_rw';

interface Stage {
  readonly daemon: Daemon;
  readonly records: Records;
  readonly sampler: Sampler;
  readonly members: readonly RecordedMember[];
}

export const failClosed: Section = async ({ quick, say, folder }) => {
  const etcd = await startEtcd({ folder, members: 3 });
  const servers = await Promise.all(
    ['n1', 'n2', 'n3'].map(async (name) => startIdentityServer(name, await freePort())),
  );
  const records = patroniRecords(etcd.endpoints, 'bench');
  await records.bootstrap(servers);
  const places = ['plain', 'guarded'].map((name) => ({ name, socket: join(folder, name, 'admin.sock') }));
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
    haproxy: places,
    more: { journal: { memory_entries: 100_000 }, log: { level: 'warn' } },
  });
  const start = async (name: string, more: Partial<ConfigOptions>) => {
    mkdirSync(join(folder, name));
    const ports = { writePort: await freePort(), readPort: await freePort() };
    const config = haproxyConfig({ ...ports, servers, globalOptions: ['stats maxconn 20'], ...more });
    return startHaproxy({ folder: join(folder, name), config });
  };
  const haproxies = [
    await start('plain', {}),
    await start('guarded', { serverOptions: 'check disabled', backendOptions: failClosedLines(daemon.port) }),
  ];
  await daemon.ready();
  const sampler = await startSampler(places.map((place) => ({ ...place, backends: [backend], everyMs: 1 })));
  const stage: Stage = { daemon, records, sampler, members: servers };
  try {
    const switches = await switchesOf(stage, quick ? 40 : 400, say);
    const checks = await checkLoad(stage, quick ? 2_000 : 5_000);
    say('now the daemon is killed and stopped');
    const each = quick ? 3 : 20;
    const outages = [
      ...(await outagesBy(stage, 'kill -9', each, say)),
      ...(await outagesBy(stage, 'SIGSTOP', each, say)),
    ];
    return failClosedResult({ switches, checks, outages });
  } finally {
    sampler.stop();
    daemon.program().signal('SIGCONT');
    await daemon.stop();
    records.close();
    for (const haproxy of haproxies) await haproxy.stop();
    for (const server of servers) await server.stop();
    await etcd.stop();
  }
};

const writerOf = ({ sampler, members }: Stage): RecordedMember => {
  const current = sampler.ready('plain', backend)?.[0];
  const found = members.find(({ name }) => name === current) ?? members[0];
  if (found === undefined) throw new Error('there are members');
  return found;
};

/** Graceful switches, round and round: from the put that makes opening possible until each HAProxy shows the new server. */
async function switchesOf(stage: Stage, count: number, say: (text: string) => void): Promise<readonly Switched[]> {
  const { records, sampler, members } = stage;
  const done: Switched[] = [];
  for (let index = 0; index < count; index += 1) {
    const from = writerOf(stage);
    const to = members[(members.indexOf(from) + 1) % members.length] ?? from;
    const begunAt = nowMs();
    await records.remove('leader');
    await records.put('leader', to.name);
    const putAt = nowMs();
    await records.member(to, { role: 'master', timeline: index + 2 });
    const seen = (target: string) => sampler.until(target, backend, begunAt, (ready) => ready.join() === to.name);
    const [plain, guarded] = await Promise.all([seen('plain'), seen('guarded')]);
    await records.member(from, { timeline: index + 2 });
    done.push({ plainMs: plain.receivedAt - putAt, guardedMs: guarded.receivedAt - putAt });
    // Checks of the HAProxy and these switches must not go in step.
    await sleep(20 + Math.random() * 120);
  }
  say(`${count} switches done`);
  return done;
}

/** As many checks as one core answers; HAProxy makes a connection for each, this keeps eight. */
async function checkLoad(stage: Stage, forMs: number): Promise<Loaded> {
  const path = `/haproxy/${backend}/${writerOf(stage).name}`;
  const { port, program } = stage.daemon;
  return putLoad({ port, path, status: 200, connections: 8, warmUpMs: 500, forMs }, program().pid);
}

async function outagesBy(
  { daemon, sampler }: Stage,
  how: Outage['how'],
  count: number,
  say: (text: string) => void,
): Promise<readonly Outage[]> {
  const done: Outage[] = [];
  const shows = (since: number, open: boolean) =>
    sampler.until('guarded', backend, since, (ready) => ready.length > 0 === open, 30_000);
  for (let index = 0; index < count; index += 1) {
    await daemon.ready();
    // It has to have been checked since it was let in, and the outage must not go in step with the checks.
    await sleep(1_500 + Math.random() * 500);
    const gone = nowMs();
    if (how === 'kill -9') await daemon.kill();
    else daemon.program().signal('SIGSTOP');
    const closed = await shows(gone, false);
    if (how === 'kill -9') await daemon.start();
    else daemon.program().signal('SIGCONT');
    const back = nowMs();
    const opened = await shows(closed.receivedAt, true);
    done.push({ how, closedMs: closed.receivedAt - gone, openedMs: opened.receivedAt - back });
    const plain = sampler.ready('plain', backend)?.length ?? 0;
    if (plain !== 1) throw new Error('the HAProxy that does not ask keeps its server');
  }
  say(`${count} times ${how} done`);
  return done;
}
