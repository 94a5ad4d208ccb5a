// The shipped pgroutectl against the shipped daemon, on a real etcd and a real HAProxy: what it prints is what is so, and the exit code says it.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JournalEntry, journalEntrySchema, type StatusDocument, statusSchema } from '@pgrouted/core/status/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundles, type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { eventually, freePort, startProgram, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
let haproxy: Haproxy;
let records: Records;
let daemon: Daemon;
let n1: RecordedMember;
let n2: RecordedMember;

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  [n1, n2] = [
    { name: 'n1', port: await freePort() },
    { name: 'n2', port: await freePort() },
  ];
  haproxy = await startHaproxy({
    folder: folder.path,
    config: haproxyConfig({ writePort: await freePort(), readPort: await freePort(), servers: [n1, n2] }),
  });
  records = patroniRecords(etcd.endpoints, 'orders');
  await records.bootstrap([n1, n2]);
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name: 'orders',
        patroni: { scope: 'orders' },
        services: { primary: { backend: 'be_rw', role: 'primary' }, replica: { backend: 'be_ro', role: 'replica' } },
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
  });
  await daemon.ready();
});

afterAll(async () => {
  records?.close();
  await daemon?.stop();
  await haproxy?.stop();
  await etcd?.stop();
  folder.remove();
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function pgroutectl(...args: readonly string[]): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], PGROUTED_URL: daemon.url };
  return new Promise((resolve) => {
    execFile(process.execPath, [bundles.pgroutectl, ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

const statusOf = ({ out }: Outcome): StatusDocument => statusSchema.parse(JSON.parse(out));
const entriesIn = (text: string): readonly JournalEntry[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => journalEntrySchema.parse(JSON.parse(line)));

describe('pgroutectl beside a running daemon', () => {
  it('shows and explains a cluster that is well, with exit code 0', async () => {
    const status = await pgroutectl('status');
    expect([status.code, status.err]).toEqual([0, '']);
    expect(status.out).toContain('READY: every write service routes');
    expect(status.out).toMatch(/^ {2}primary {2}OPEN on n1 \(backend be_rw\)$/m);
    expect(status.out).toMatch(/^ {4}n1 +ready +ready +0 /m);
    expect(status.out).toMatch(/^ {4}edge +as decided /m);
    expect(statusOf(await pgroutectl('status', '-o', 'json')).ready).toBe(true);

    const explain = await pgroutectl('explain', 'n2', '--service', 'primary');
    expect(explain.code).toBe(0);
    expect(explain.out).toContain('n2 is OUT (maint: no new connections, open sessions are ended)');
    expect(explain.out).toContain('[not_leader]');
    expect(explain.out).toContain('held: edge holds n2 in maint, 0 sessions; as decided');
  });

  it('follows a switch and a restart of the daemon, and says so', async () => {
    const follow = startProgram({
      name: 'pgroutectl',
      command: process.execPath,
      args: [bundles.pgroutectl, '--url', daemon.url, 'events', '-f', '-n', '1', '-o', 'json'],
      logFile: join(folder.path, 'follow.log'),
    });
    const entries = () => entriesIn(readFileSync(join(folder.path, 'follow.log'), 'utf8'));
    await eventually('the first entry', () => entries().length > 0 || undefined);

    await records.switchTo(n2, n1);
    const moved = await eventually('the switch', () =>
      entries().find((entry) => entry.kind === 'switch' && entry.to === 'n2'),
    );
    expect([moved.from, moved.phases?.openedMs]).toEqual(['n1', expect.any(Number)]);

    await daemon.kill();
    await daemon.start();
    await eventually('the entry of the new process', () => entries().find((entry) => entry.kind === 'started'));
    follow.signal('SIGINT');
    expect(await follow.exited).toBe(0);
    expect(follow.log()).toMatch(/^pgroutectl: the router was restarted: its journal begins anew/m);

    await daemon.ready();
    const events = await pgroutectl('events', '--kind', 'decision,opened', '-n', '1');
    expect(events.code).toBe(0);
    expect(events.out).toMatch(/^--- \d{4}-\d\d-\d\d \(UTC\)\n\d\d:\d\d:\d\d\.\d{3} {2}/);
  });

  it('ends with 3 and says why when nobody holds the leader key', async () => {
    await records.remove('leader');
    await daemon.until('the write service to be closed', (status) => !status.ready);
    const status = await pgroutectl('status');
    expect(status.code).toBe(3);
    expect(status.out).toContain('NOT READY: orders/primary is ');
    expect(status.out).toContain('NO LEADER');
    await records.put('leader', 'n2');
  });

  it('ends with 1 and one line when the daemon is not there', async () => {
    await daemon.stop();
    const { code, out, err } = await pgroutectl('status');
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^pgroutectl: .* refused the connection: is pgrouted running there .*\n$/);
  });
});
