// HAProxy asks the daemon for each server line (GET /haproxy/<backend>/<server>): a daemon that is dead or stands still closes the service, one that lives
// pushes as fast as ever. Real HAProxy and etcd; servers that say their name stand in for PostgreSQL.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { failClosedLines, type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { type IdentityServer, openSession, startIdentityServer } from '../lab/sessions.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
let records: Records;
let servers: readonly IdentityServer[];
let n1: RecordedMember;
let n2: RecordedMember;
let haproxy: Haproxy;
let daemon: Daemon;
let writePort: number;
let readPort: number;

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  servers = await Promise.all(['n1', 'n2'].map(async (name) => startIdentityServer(name, await freePort())));
  const [a, b] = servers;
  if (a === undefined || b === undefined) throw new Error('two servers were started');
  [n1, n2] = [a, b];
  records = patroniRecords(etcd.endpoints, 'orders');
  await records.bootstrap([n1, n2]);
  [writePort, readPort] = [await freePort(), await freePort()];
  // Where a HAProxy will be; it needs to know where the daemon is.
  const socket = `${folder.path}/admin.sock`;
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name: 'orders',
        patroni: { scope: 'orders' },
        grace: '60s',
        services: {
          primary: { backend: 'be_rw', role: 'primary' },
          replica: { backend: 'be_ro', role: 'replica' },
          offline: {
            backend: 'be_fb',
            role: 'replica',
            backup: "[?role == 'primary']",
            servers: { name: 'pg-{member}', backup: 'pg-{member}-fb', spares: 'spare' },
          },
        },
      },
    ],
    haproxy: [{ socket, master_socket: `${folder.path}/master.sock`, name: 'edge' }],
  });
  const checks = failClosedLines(daemon.port);
  const lines = ['n1', 'n2'].flatMap((name, i) => [
    `server pg-${name} 127.0.0.1:${servers[i]?.port} check disabled`,
    `server pg-${name}-fb 127.0.0.1:${servers[i]?.port} check backup disabled`,
  ]);
  haproxy = await startHaproxy({
    folder: folder.path,
    config: haproxyConfig({
      writePort,
      readPort,
      servers,
      serverOptions: 'check disabled',
      backendOptions: checks,
      extra: [
        'backend be_fb',
        'option allbackups',
        ...checks,
        ...lines,
        'server-template spare 1-1 127.0.0.9:1 check disabled',
      ].join('\n    '),
    }),
  });
  await daemon.ready();
});

afterAll(async () => {
  daemon?.program().signal('SIGCONT');
  await daemon?.stop();
  await haproxy?.stop();
  await Promise.all(servers?.map((server) => server.stop()) ?? []);
  records?.close();
  await etcd?.stop();
  folder.remove();
});

const whoWrites = async () => (await openSession(writePort)).server;
const opensOn = (name: string) =>
  eventually(`${name} to take writes`, async () => (await whoWrites()) === name || undefined);
const isClosed = (port: number) =>
  eventually('the service to close', async () => (await openSession(port)).server === undefined || undefined);
/** HAProxy's own word for each line of a backend that it checks: the status, and how the last check ended. */
const checked = async (backend: string) => {
  const rows = (await haproxy.ask('show stat')).split('\n').map((row) => row.split(','));
  const header = rows[0] ?? [];
  const field = (row: readonly string[], name: string) => row[header.indexOf(name)] ?? '';
  return rows
    .filter(([name, server]) => name === backend && server !== 'BACKEND')
    .map((row) => `${row[1]} ${field(row, 'status')} ${field(row, 'check_code')}`.trimEnd());
};

describe('a service that HAProxy checks with the daemon', () => {
  it('has a 200 for what is in, and a 503 with the reason for everything else', async () => {
    const answers = await Promise.all(
      [
        'be_rw/n1',
        'be_rw/n2',
        'be_ro/n2',
        'be_fb/pg-n1',
        'be_fb/pg-n1-fb',
        'be_fb/pg-n2',
        'be_fb/spare1',
        'nope/n1',
      ].map(async (line) => {
        const { status, body } = await daemon.get(`/haproxy/${line}`);
        return `${line} ${status} ${body}`;
      }),
    );
    expect(answers).toEqual([
      'be_rw/n1 200 ready leader_proven_by_record\n',
      'be_rw/n2 503 maint not_leader\n',
      'be_ro/n2 200 ready replica_ok\n',
      expect.stringMatching(/^be_fb\/pg-n1 503 maint /),
      expect.stringMatching(/^be_fb\/pg-n1-fb 200 ready /),
      expect.stringMatching(/^be_fb\/pg-n2 200 ready /),
      'be_fb/spare1 503 unknown no_such_line\n',
      'nope/n1 503 unknown no_such_backend\n',
    ]);
    await eventually('HAProxy to have asked for each line that is in', async () =>
      [...(await checked('be_rw')), ...(await checked('be_ro')), ...(await checked('be_fb'))]
        .filter((line) => line.includes(' UP '))
        .join(', ') === 'n1 UP 200, n2 UP 200, pg-n1-fb UP 200, pg-n2 UP 200'
        ? true
        : undefined,
    );
  });

  it('closes when the daemon is killed, keeps its sessions, and opens when the daemon is back', async () => {
    const session = await openSession(writePort);
    const reader = await openSession(readPort);
    await daemon.kill();
    await Promise.all([isClosed(writePort), isClosed(readPort)]);
    await daemon.start();
    await opensOn('n1');
    expect([await session.echo('never cut'), await reader.echo('neither')]).toEqual([true, true]);
    session.close();
    reader.close();
  });

  it('follows a switch by push, at once', async () => {
    await records.switchTo(n2, n1);
    await opensOn('n2');
    expect((await daemon.get('/haproxy/be_rw/n1')).status).toBe(503);
    const moved = (await daemon.events()).findLast(({ kind }) => kind === 'switch');
    expect(moved).toMatchObject({ from: 'n1', to: 'n2', service: 'primary' });
  });

  it('closes while the daemon stands still, and never lets in whom it held before', async () => {
    await daemon.ready();
    daemon.program().signal('SIGSTOP');
    await isClosed(writePort);
    await records.switchTo(n1, n2);
    daemon.program().signal('SIGCONT');
    const served = new Set<string | undefined>();
    await eventually('n1 to take writes', async () => {
      const server = await whoWrites();
      served.add(server);
      return server === 'n1' || undefined;
    });
    expect([...served].filter((server) => server !== undefined)).toEqual(['n1']);
  });
});
