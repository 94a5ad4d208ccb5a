// HAProxy is reloaded, and a moment later the writer changes: what the worker from before the reload holds must not outlive the switch. Real HAProxy and
// etcd, the daemon as it is shipped; servers that say their name stand in for PostgreSQL, so that each connection tells who serves it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import {
  type ClientSession,
  type IdentityServer,
  openSession,
  openSessions,
  startIdentityServer,
} from '../lab/sessions.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
let records: Records;
let servers: readonly IdentityServer[];
let haproxy: Haproxy;
let daemon: Daemon;
let watch: OverlapWatch;
let writePort: number;
/** Who takes writes, and who will after the next switch. */
let writer: RecordedMember;
let next: RecordedMember;

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  servers = await Promise.all(['n1', 'n2'].map(async (name) => startIdentityServer(name, await freePort())));
  const [a, b] = servers;
  if (a === undefined || b === undefined) throw new Error('two servers were started');
  [writer, next] = [a, b];
  records = patroniRecords(etcd.endpoints, 'orders');
  await records.bootstrap([writer, next]);
  writePort = await freePort();
  haproxy = await startHaproxy({
    folder: folder.path,
    config: haproxyConfig({ writePort, readPort: await freePort(), servers }),
  });
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      { name: 'orders', patroni: { scope: 'orders' }, services: { primary: { backend: 'be_rw', role: 'primary' } } },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
  });
  await daemon.ready();
  watch = watchOverlap(haproxy.adminSocket, 'be_rw');
});

afterAll(async () => {
  await watch?.stop();
  await daemon?.stop();
  await haproxy?.stop();
  await Promise.all(servers?.map((server) => server.stop()) ?? []);
  records?.close();
  await etcd?.stop();
  folder.remove();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Connects again and again, from several sides at once; tells who served, in the order in which the connections began. */
function sampleConnections(): { readonly seen: () => readonly string[]; readonly stop: () => Promise<void> } {
  const served: { readonly beganAt: number; readonly server: string }[] = [];
  let on = true;
  const side = async () => {
    while (on) {
      const beganAt = performance.now();
      const session = await openSession(writePort);
      session.close();
      if (session.server !== undefined) served.push({ beganAt, server: session.server });
      await sleep(2);
    }
  };
  const sides = Promise.all(Array.from({ length: 4 }, side));
  return {
    seen: () => served.toSorted((a, b) => a.beganAt - b.beganAt).map(({ server }) => server),
    stop: async () => {
      on = false;
      await sides;
    },
  };
}

/** Long sessions on the writer. A worker that is young takes none before it has been told who that is. */
const sessionsOn = (name: string, count: number) =>
  eventually(`${count} sessions on ${name}`, async () => {
    const sessions = await openSessions(writePort, count);
    if (sessions.every(({ server }) => server === name)) return sessions;
    for (const session of sessions) session.close();
    return undefined;
  });

/** Opens long sessions, does what is to be done with HAProxy, moves the writer, and looks at who serves whom then. */
async function switchAfter(reload: () => Promise<void>): Promise<void> {
  const [from, to] = [writer, next];
  const sessions = await sessionsOn(from.name, 40);
  const samples = sampleConnections();
  await reload();
  await records.switchTo(to, from);
  [writer, next] = [to, from];
  await eventually('the new writer to serve', () => samples.seen().includes(to.name) || undefined);
  // The new writer serves: from here on nobody may reach the old one, over whatever worker.
  const alive = await Promise.all(sessions.map((session) => session.echo('who serves me?')));
  expect(alive.filter(Boolean)).toEqual([]);
  await daemon.ready();
  await samples.stop();
  const seen = samples.seen();
  expect(seen.slice(seen.indexOf(to.name)).filter((name) => name === from.name)).toEqual([]);
  const old = servers.find(({ name }) => name === from.name);
  await eventually('the old writer to be left by everybody', () => old?.sessions() === 0 || undefined);
}

describe('a switch right after a reload', () => {
  it.each([10, 50, 100, 200, 500])('%d ms later leaves nobody on the old writer', async (delayMs) => {
    await switchAfter(async () => {
      haproxy.program.signal('SIGUSR2');
      await sleep(delayMs);
    });
  });

  it('leaves nobody there after several reloads in a row, each with sessions of its own', async () => {
    const from = writer.name;
    const more: ClientSession[] = [];
    await switchAfter(async () => {
      for (let i = 0; i < 3; i += 1) {
        await haproxy.reload();
        more.push(...(await sessionsOn(from, 10)));
      }
      haproxy.program.signal('SIGUSR2');
      await sleep(30);
    });
    expect(more).toHaveLength(30);
    expect((await Promise.all(more.map((session) => session.echo('still here?')))).filter(Boolean)).toEqual([]);
  });

  it('never makes two writers', async () => {
    await watch.stop();
    expect(watch.samples()).toBeGreaterThan(0);
    expect(watch.overlaps()).toEqual([]);
  });
});
