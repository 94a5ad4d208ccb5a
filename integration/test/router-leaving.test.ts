// How servers leave, on a real etcd and a real HAProxy: whose sessions end and whose stay. The keys are written as Patroni writes them and servers that say
// their name stand in for PostgreSQL, since here only sessions matter.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { acceptingIn, type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { type ClientSession, type IdentityServer, openSession, startIdentityServer } from '../lab/sessions.ts';
import { setOverride } from '../lab/set-override.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
let haproxy: Haproxy;
let servers: IdentityServer[];
let n1: RecordedMember;
let n2: RecordedMember;
let n3: RecordedMember;
let ports: Readonly<Record<'writes' | 'reads' | 'strict', number>>;
let records: Records;
let daemon: Daemon;
let watch: OverlapWatch;

const services = {
  primary: { backend: 'be_rw', role: 'primary', drain_timeout: '1s' },
  replica: { backend: 'be_ro', role: 'replica', fallback: 'primary', drain_timeout: '1s' },
  strict: { backend: 'be_strict', role: 'replica', leave: { excluded: 'kill', role_lost: 'drain' } },
};

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  servers = await Promise.all(['n1', 'n2', 'n3'].map(async (name) => startIdentityServer(name, await freePort())));
  const [a, b, c] = servers;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three servers were started');
  [n1, n2, n3] = [a, b, c];
  ports = { writes: await freePort(), reads: await freePort(), strict: await freePort() };
  const strict = [
    'listen be_strict',
    `    bind 127.0.0.1:${ports.strict}`,
    ...servers.map(({ name, port }) => `    server ${name} 127.0.0.1:${port} disabled`),
  ];
  haproxy = await startHaproxy({
    folder: folder.path,
    config: haproxyConfig({ writePort: ports.writes, readPort: ports.reads, servers, extra: strict.join('\n') }),
  });
  records = patroniRecords(etcd.endpoints, 'orders');
  await records.bootstrap([n1, n2, n3]);
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [{ name: 'orders', patroni: { scope: 'orders' }, services }],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
  });
  await daemon.ready();
  watch = watchOverlap(haproxy.adminSocket, 'be_rw', 2);
});

afterAll(async () => {
  await daemon?.stop();
  await watch?.stop();
  records?.close();
  await haproxy?.stop();
  await Promise.all(servers?.map((server) => server.stop()) ?? []);
  await etcd?.stop();
  folder.remove();
  expect(watch.overlaps()).toEqual([]);
});

const opened: ClientSession[] = [];

afterEach(() => {
  for (const session of opened.splice(0)) session.close();
});

/** A session that this server serves. */
const sessionOn = (name: string, port: number): Promise<ClientSession> =>
  eventually(`a session on ${name}`, async () => {
    const session = await openSession(port);
    opened.push(session);
    return session.server === name ? session : undefined;
  });

const holds = (backend: string, ...names: readonly string[]) =>
  eventually(
    `${backend} to lead to ${names.join() || 'nobody'}`,
    async () => acceptingIn(await haproxy.ask(`show servers state ${backend}`))?.join() === names.join() || undefined,
  );

const lives = async (session: ClientSession): Promise<boolean> => session.echo('still here');
const lift = async (id: string) => {
  const answer = await fetch(`${daemon.url}/v2/overrides/orders/${id}?by=test`, { method: 'DELETE' });
  expect(answer.ok).toBe(true);
};

describe('a server that leaves', () => {
  it('for a tag is drained, or loses its sessions where the service wants that', async () => {
    const [drained, killed] = [await sessionOn('n3', ports.reads), await sessionOn('n3', ports.strict)];
    await records.member(n3, { tags: { noloadbalance: true } });
    await killed.ended;
    await holds('be_ro', 'n2');
    await holds('be_strict', 'n2');
    expect(await lives(drained)).toBe(true);
    await records.member(n3);
    await holds('be_ro', 'n2', 'n3');
    await holds('be_strict', 'n2', 'n3');
    expect(await lives(drained)).toBe(true);
  });

  it('because its record is gone is drained: its PostgreSQL may well run on', async () => {
    const session = await sessionOn('n3', ports.reads);
    await records.remove('members/n3');
    await holds('be_ro', 'n2');
    expect(await lives(session)).toBe(true);
    await records.member(n3);
    await holds('be_ro', 'n2', 'n3');
  });

  it('for maintenance is drained, and loses its sessions when the time for that is over', async () => {
    const session = await sessionOn('n2', ports.reads);
    const { override } = await setOverride(daemon.url, { member: 'n2', service: 'replica', action: 'maint' });
    await holds('be_ro', 'n3');
    expect(await lives(session)).toBe(true);
    await session.ended;
    const verdict = (await daemon.status()).clusters[0]?.services
      .find(({ name }) => name === 'replica')
      ?.servers.find(({ member }) => member === 'n2');
    expect(verdict).toMatchObject({ state: 'maint', sessions: 'end', override: override.id });
    await lift(override.id);
    await holds('be_ro', 'n2', 'n3');
  });

  it('in a write service is drained too before its sessions end, and nobody takes its place', async () => {
    const session = await sessionOn('n1', ports.writes);
    const { override } = await setOverride(daemon.url, { member: 'n1', service: 'primary', action: 'maint' });
    await holds('be_rw');
    expect(await lives(session)).toBe(true);
    await session.ended;
    expect((await openSession(ports.writes)).server).toBeUndefined();
    await lift(override.id);
    await holds('be_rw', 'n1');
  });

  it('by an override of kind drain keeps its sessions, in a write service too, until it loses its role', async () => {
    const [writer, reader] = [await sessionOn('n1', ports.writes), await sessionOn('n2', ports.reads)];
    const drains = [
      await setOverride(daemon.url, { member: 'n1', action: 'drain' }),
      await setOverride(daemon.url, { member: 'n2', action: 'drain' }),
    ];
    await holds('be_rw');
    await holds('be_ro', 'n3');
    expect([await lives(writer), await lives(reader)]).toEqual([true, true]);
    await records.switchTo(n3, n1);
    await writer.ended;
    await holds('be_rw', 'n3');
    for (const { override } of drains) await lift(override.id);
    await records.switchTo(n1, n3);
    await holds('be_rw', 'n1');
    await holds('be_ro', 'n2', 'n3');
  });

  it('because it is promoted loses its readers, or keeps them where the service wants that', async () => {
    const [killed, drained] = [await sessionOn('n2', ports.reads), await sessionOn('n2', ports.strict)];
    const other = await sessionOn('n3', ports.reads);
    await records.switchTo(n2, n1);
    await killed.ended;
    await holds('be_strict', 'n1', 'n3');
    expect([await lives(drained), await lives(other)]).toEqual([true, true]);
    await records.switchTo(n1, n2);
    await holds('be_ro', 'n2', 'n3');
  });

  it('because those are back for which it stood in is drained', async () => {
    await records.remove('members/n2');
    await records.remove('members/n3');
    await holds('be_ro', 'n1');
    const session = await sessionOn('n1', ports.reads);
    await records.member(n2);
    await holds('be_ro', 'n2');
    expect(await lives(session)).toBe(true);
    await records.member(n3);
    await holds('be_ro', 'n2', 'n3');
  });

  it('while the router is away is found out by the next one, which leaves its sessions alone', async () => {
    const session = await sessionOn('n3', ports.strict);
    await daemon.kill();
    await records.member(n3, { tags: { noloadbalance: true } });
    await daemon.start();
    await daemon.ready();
    await holds('be_strict', 'n2');
    expect(await lives(session)).toBe(true);
    await records.member(n3);
    await holds('be_strict', 'n2', 'n3');
  });
});
