// What must be so under every Node: the built daemon on a real etcd (TLS), two real PostgreSQL and a real HAProxy; first state, a switch, a reload, the
// command line, the end. Runs under the Node that it proves: this file, and through the lab the programs that it starts.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StatusDocument } from '@pgrouted/core/status/schema';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, makeAuthority } from '../lab/certificates.ts';
import { bundles, type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, type EtcdTls, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { acceptingIn } from '../lab/overlap.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type Records } from '../lab/records.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
let authority: Authority;
let tls: EtcdTls;
let etcd: EtcdLab;
let n1: Postgres;
let n2: Postgres;
let haproxy: Haproxy;
let records: Records;
let daemon: Daemon;
let writePort: number;

const clusters = [
  {
    name: 'orders',
    patroni: { scope: 'orders' },
    probe: { user: 'postgres', sslmode: 'disable' },
    services: {
      primary: { backend: 'be_rw', role: 'primary' },
      replica: { backend: 'be_ro', role: 'replica', selector: "[? name != 'nobody']", fallback: 'primary' },
    },
  },
];

const etcdAccess = () => ({ etcd: { endpoints: etcd.endpoints, ca: tls.ca, ...tls.client } });

beforeAll(async () => {
  authority = makeAuthority(join(folder.path, 'tls'));
  const server = authority.issue('server');
  const client = authority.issue('client');
  tls = { ca: authority.ca, server, client };
  etcd = await startEtcd({ folder: folder.path, members: 1, tls });
  n1 = await startPostgres({ folder: folder.path, name: 'n1' });
  n2 = await startPostgres({ folder: folder.path, name: 'n2', standbyOf: n1 });
  writePort = await freePort();
  haproxy = await startHaproxy({
    folder: folder.path,
    config: haproxyConfig({ writePort, readPort: await freePort(), servers: [n1, n2] }),
  });
  records = patroniRecords(etcd.endpoints, 'orders', '/service', undefined, tls);
  await records.bootstrap([n1, n2]);
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters,
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
    more: etcdAccess(),
  });
});

afterAll(async () => {
  records?.close();
  await daemon?.stop();
  await haproxy?.stop();
  await Promise.all([n1, n2].map((server) => server?.stop('immediate')));
  await etcd?.stop();
  folder.remove();
});

const letIn = async (backend: string) => acceptingIn(await haproxy.ask(`show servers state ${backend}`));

const servers = (cluster: StatusDocument['clusters'][number] | undefined) =>
  (cluster?.services ?? []).flatMap((service) =>
    service.servers.map((server) => ({ service: service.name, ...server })),
  );

/** Through HAProxy: whether a server that takes writes answers. */
async function takesWrites(): Promise<boolean> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: writePort,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
    return rows[0]?.standby === false;
  } finally {
    await client.end();
  }
}

const pgroutectl = async (...args: readonly string[]) =>
  (await run(process.execPath, [bundles.pgroutectl, '--url', daemon.url, ...args])).stdout;

describe(`pgrouted under Node ${process.versions.node}`, () => {
  it('brings HAProxy into the right state, by what PostgreSQL itself says', async () => {
    await daemon.ready();
    await daemon.until('HAProxy to hold all of it', ({ clusters: [cluster] }) =>
      servers(cluster).every(({ held }) => held.length > 0 && held.every((line) => line.state === line.wanted)),
    );
    expect([await letIn('be_rw'), await letIn('be_ro')]).toEqual([['n1'], ['n2']]);
    expect(await takesWrites()).toBe(true);
    expect(await pgroutectl('explain', 'n1', '--service', 'primary')).toContain('[leader_proven]');
  });

  it('follows a switch', async () => {
    await n1.stop('fast');
    await n2.promote();
    await records.switchTo(n2, n1);
    await daemon.until('n2 to be open', ({ ready, clusters: [cluster] }) =>
      servers(cluster).some(
        ({ service, member, state }) => ready && service === 'primary' && member === 'n2' && state === 'ready',
      ),
    );
    expect(await letIn('be_rw')).toEqual(['n2']);
    expect(await takesWrites()).toBe(true);
    expect(await pgroutectl('status')).toMatch(/^ {2}primary {2}OPEN on n2 \(backend be_rw\)$/m);
    expect(await pgroutectl('events', '--kind', 'switch', '-n', '1')).toContain('n2');
  });

  it('takes another configuration on HUP, and its API to another port and TLS', async () => {
    const port = await freePort();
    daemon.configure({
      clusters: clusters.map((cluster) => ({ ...cluster, name: 'renamed' })),
      more: { ...etcdAccess(), http: { listen: `127.0.0.1:${port}`, tls: authority.issue('api') } },
    });
    daemon.program().signal('SIGHUP');
    const url = `https://127.0.0.1:${port}`;
    const ready = () => run('curl', ['-s', '--max-time', '5', '--cacert', authority.ca, `${url}/health/is-ready`]);
    await eventually('the cluster by its new name to be ready', async () => (await ready()).stdout.trim() === 'true');
    const env = { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: authority.ca };
    const { stdout } = await run(process.execPath, [bundles.pgroutectl, '--url', url, 'status'], { env });
    expect(stdout).toContain('renamed');
    expect(await letIn('be_rw')).toEqual(['n2']);
  });

  it('says nothing but what a log of its own has, and ends well', async () => {
    await daemon.stop();
    expect(await daemon.program().exited).toBe(0);
    const lines = daemon.program().log().trim().split('\n');
    expect(lines.filter((line) => !line.startsWith('{"level":'))).toEqual([]);
    expect(await letIn('be_rw')).toEqual(['n2']);
  });
});
