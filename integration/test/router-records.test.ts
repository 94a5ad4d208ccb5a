// The daemon on a real three-member etcd and a real HAProxy. The keys are written as Patroni writes them and servers that say their name
// stand in for PostgreSQL, since here only authority, sessions and faults matter; router-patroni.test.ts has the real ones.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { type IdentityServer, openSession, openSessions, servedBy, startIdentityServer } from '../lab/sessions.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
let haproxy: Haproxy;
let servers: IdentityServer[];
let n1: RecordedMember;
let n2: RecordedMember;
let n3: RecordedMember;
let writePort: number;
let readPort: number;

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 3 });
  [writePort, readPort] = [await freePort(), await freePort()];
  servers = await Promise.all(['n1', 'n2', 'n3'].map(async (name) => startIdentityServer(name, await freePort())));
  const [a, b, c] = servers;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three servers were started');
  [n1, n2, n3] = [a, b, c];
  haproxy = await startHaproxy({
    folder: folder.path,
    config: haproxyConfig({ writePort, readPort, servers }),
  });
});

afterAll(async () => {
  await haproxy?.stop();
  await Promise.all(servers?.map((server) => server.stop()) ?? []);
  await etcd?.stop();
  folder.remove();
});

const services = {
  primary: { backend: 'be_rw', role: 'primary' },
  replica: { backend: 'be_ro', role: 'replica', fallback: 'primary' },
};

let records: Records;
let daemon: Daemon;
let watch: OverlapWatch;
let scopes = 0;

beforeEach(async () => {
  scopes += 1;
  records = patroniRecords(etcd.endpoints, `orders${scopes}`);
  await records.bootstrap([n1, n2, n3]);
  daemon = await startDaemon({
    folder: folder.path,
    name: `router${scopes}`,
    etcdEndpoints: etcd.endpoints,
    clusters: [{ name: 'orders', patroni: { scope: `orders${scopes}` }, grace: '3s', services }],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
  });
  await daemon.ready();
  watch = watchOverlap(haproxy.adminSocket, 'be_rw');
});

afterEach(async () => {
  await daemon.stop();
  await watch.stop();
  records.close();
  expect(watch.overlaps()).toEqual([]);
  expect(watch.samples()).toBeGreaterThan(0);
});

const whoWrites = async (): Promise<string | undefined> => (await openSession(writePort)).server;
const opensOn = (name: string) =>
  eventually(`${name} to take writes`, async () => (await whoWrites()) === name || undefined);
const isClosed = () =>
  eventually('the write service to close', async () => (await whoWrites()) === undefined || undefined);

describe('a router beside HAProxy', () => {
  it('sends writers to the leader and readers to the replicas', async () => {
    expect(await whoWrites()).toBe('n1');
    const readers = await openSessions(readPort, 20);
    expect([...servedBy(readers).keys()].sort()).toEqual(['n2', 'n3']);
    await daemon.until('the sessions to be told', (status) => {
      const replica = status.clusters[0]?.services.find((service) => service.name === 'replica');
      const held = replica?.servers.flatMap((server) => server.held) ?? [];
      return held.reduce((sum, { sessions }) => sum + (sessions ?? 0), 0) === readers.length;
    });
    for (const reader of readers) reader.close();
    expect((await daemon.get('/v1/primary')).body).toBe('"n1"');
  });

  it('ends the sessions on the old leader, then opens the new one', async () => {
    const sessions = await openSessions(writePort, 50);
    await records.switchTo(n2, n1);
    await Promise.all(sessions.map((session) => session.ended));
    await opensOn('n2');
    const events = await daemon.events();
    const moved = events.find((entry) => entry.kind === 'switch' && entry.to === 'n2');
    expect(moved).toMatchObject({ from: 'n1', service: 'primary', target: 'edge' });
    const fenced = events.find((entry) => entry.kind === 'fenced' && entry.service === 'primary');
    const opened = events.findLast((entry) => entry.kind === 'opened' && entry.service === 'primary');
    expect(fenced?.seq).toBeLessThan(opened?.seq ?? 0);
  });

  it('closes the write service when the leader key goes and nobody takes it', async () => {
    await records.remove('leader');
    await isClosed();
    expect((await daemon.get('/health/is-ready')).status).toBe(500);
    expect(await openSession(readPort)).toMatchObject({ server: expect.stringMatching(/^n[23]$/) });
  });

  it('keeps open sessions when the leader key comes back to the same member at once', async () => {
    const session = await openSession(writePort);
    await records.remove('leader');
    await records.put('leader', 'n1');
    await records.member(n1, { role: 'master' });
    await opensOn('n1');
    expect(await session.echo('still here')).toBe(true);
    session.close();
  });

  it('does not open a leader whose promotion is not proven', async () => {
    await records.remove('leader');
    await records.put('leader', 'n2');
    await isClosed();
    await records.member(n2, { role: 'promoted' });
    await daemon.until(
      'the record to be read',
      (status) =>
        status.clusters[0]?.members.some((member) => member.name === 'n2' && member.role === 'promoting') === true,
    );
    expect(await whoWrites()).toBeUndefined();
    await records.member(n2, { role: 'master' });
    await opensOn('n2');
  });

  it('falls back to the primary for reads when no replica is left, and returns', async () => {
    await records.remove('members/n2');
    await records.remove('members/n3');
    await eventually('reads on the primary', async () => (await openSession(readPort)).server === 'n1' || undefined);
    await records.member(n3);
    await eventually('reads on the replica', async () => (await openSession(readPort)).server === 'n3' || undefined);
  });

  it('puts back what somebody typed into the socket', async () => {
    await haproxy.ask('set server be_rw/n1 state maint');
    await opensOn('n1');
    await haproxy.ask('set server be_ro/n2 state maint');
    await eventually(
      'the drift to be told',
      async () => (await daemon.events()).filter((entry) => entry.kind === 'drift').length >= 2 || undefined,
    );
  });

  it('tells a reloaded HAProxy at once, and sessions in the old worker end with the next switch', async () => {
    const session = await openSession(writePort);
    await haproxy.reload();
    await opensOn('n1');
    expect(await session.echo('in the old worker')).toBe(true);
    await records.switchTo(n3, n1);
    await session.ended;
    await opensOn('n3');
  });

  it('tells a restarted HAProxy', async () => {
    await haproxy.restart();
    await opensOn('n1');
  });

  it('alarms when HAProxy hangs and catches up when it is back', async () => {
    haproxy.freeze();
    try {
      await daemon.until('the alarm', (status) => status.targets[0]?.state === 'hung');
      expect((await daemon.get('/health/is-ready')).status).toBe(500);
      await records.switchTo(n2, n1);
    } finally {
      haproxy.thaw();
    }
    await opensOn('n2');
  });

  it('is killed and started again under traffic without touching a session', async () => {
    const [writer, reader] = [await openSession(writePort), await openSession(readPort)];
    await daemon.kill();
    expect(await whoWrites()).toBe('n1');
    await daemon.start();
    await daemon.ready();
    expect(await writer.echo('write')).toBe(true);
    expect(await reader.echo('read')).toBe(true);
    const acts = (await daemon.events()).filter((entry) => entry.kind === 'fenced' || entry.kind === 'opened');
    expect(acts).toEqual([]);
    writer.close();
    reader.close();
  });

  it('catches up with a switch that happened while it was dead', async () => {
    await daemon.kill();
    await records.switchTo(n2, n1);
    await daemon.start();
    await opensOn('n2');
  });

  it('lives beside a second router without a quarrel', async () => {
    const second = await startDaemon({
      folder: folder.path,
      name: `second${scopes}`,
      etcdEndpoints: etcd.endpoints,
      clusters: [{ name: 'orders', patroni: { scope: `orders${scopes}` }, grace: '3s', services }],
      haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
    });
    await second.ready();
    await records.switchTo(n2, n1);
    await opensOn('n2');
    await records.switchTo(n1, n2);
    await opensOn('n1');
    const alarms = (await second.status()).targets.flatMap((target) => target.problems);
    expect(alarms.filter((alarm) => alarm.code === 'second_router')).toEqual([]);
    await second.stop();
    expect(await whoWrites()).toBe('n1');
  });

  it('takes a new configuration at SIGHUP and keeps the old one if the new one is wrong', async () => {
    daemon.configure({ clusters: [{ name: 'orders', patroni: { scpe: 'typo' } }] });
    daemon.program().signal('SIGHUP');
    await eventually('the refusal to be logged', () => daemon.program().log().includes('scpe') || undefined);
    expect(await whoWrites()).toBe('n1');
    daemon.configure({
      clusters: [{ name: 'orders', patroni: { scope: `orders${scopes}` }, services: { primary: services.primary } }],
    });
    daemon.program().signal('SIGHUP');
    await daemon.until('one service', (status) => status.clusters[0]?.services.length === 1);
    await daemon.ready();
    expect(await whoWrites()).toBe('n1');
  });

  it('treats hostile and broken records as data', async () => {
    const evil = 'n9;set server be_rw/n2 state ready';
    await records.put(
      `members/${evil}`,
      JSON.stringify({ conn_url: `postgres://127.0.0.1:${n2.port}/`, role: 'master', state: 'running' }),
    );
    await records.put('members/n3', '{"conn_url": 7');
    await records.put(`members/${'x'.repeat(10_000)}`, 'garbage');
    await records.put('status', '\u0000not json');
    await daemon.until(
      'the problem to be told',
      (status) =>
        status.clusters[0]?.members.some((member) => member.name === 'n3' && member.problem !== null) === true,
    );
    expect(await whoWrites()).toBe('n1');
    await eventually('n3 to leave the readers', async () => {
      const readers = await openSessions(readPort, 6);
      for (const reader of readers) reader.close();
      return !servedBy(readers).has('n3') || undefined;
    });
    await records.put('leader', evil);
    await isClosed();
  });
});

describe('a router whose etcd fails', () => {
  it('does not notice the loss of one member, killed or frozen', async () => {
    const session = await openSession(writePort);
    const [first, second, third] = etcd.members;
    // The client of the tests knows the sound member alone: it has no answer to a frozen one.
    const sound = patroniRecords(third === undefined ? [] : [third.endpoint], `orders${scopes}`);
    await first?.kill();
    await sound.switchTo(n2, n1);
    await opensOn('n2');
    await first?.restart();
    await etcd.healthy();
    second?.freeze();
    try {
      const other = await openSession(writePort);
      await sound.switchTo(n1, n2);
      await opensOn('n1');
      await other.ended;
    } finally {
      second?.thaw();
      sound.close();
    }
    await session.ended;
    await etcd.healthy();
  });

  it('closes writes when the grace is over, keeps reads, and opens again when etcd is back', async () => {
    const [first, second] = etcd.members;
    const reader = await openSession(readPort);
    await first?.kill();
    await second?.kill();
    await isClosed();
    expect(await reader.echo('still reading')).toBe(true);
    expect((await openSession(readPort)).server).toMatch(/^n[23]$/);
    await Promise.all([first?.restart(), second?.restart()]);
    await etcd.healthy();
    await opensOn('n1');
    reader.close();
  });
});
