// Standbys that fall behind, for real: PostgreSQL that stops replaying what it receives (which etcd does not show before Patroni 4.1), a probe, a real HAProxy.
// Who leaves, whose sessions live on, who is kept, who stands in with no controller at all, and who comes back.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { acceptingIn } from '../lab/overlap.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type Records } from '../lab/records.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
let haproxy: Haproxy;
let n1: Postgres;
let n2: Postgres;
let n3: Postgres;
let records: Records;
let daemon: Daemon;
let ports: Readonly<Record<'write' | 'delay' | 'keep' | 'tiers', number>>;

const services = {
  primary: { backend: 'be_rw', role: 'primary' },
  delay: { backend: 'be_delay', role: 'replica', max_lag: { time: '1500ms', dwell: '500ms' } },
  keep: { backend: 'be_keep', role: 'replica', max_lag: { bytes: '1MB', dwell: '0s' }, keep_at_least: 1 },
  tiers: {
    backend: 'be_tiers',
    role: 'replica',
    max_lag: { bytes: '1MB', dwell: '0s' },
    backup: '[? role == `primary` ]',
    servers: { backup: '{member}-fb' },
  },
};

const haproxyText = (socket: string, servers: readonly Postgres[]): string => {
  const lines = (suffix: string, more: string) =>
    servers.map(({ name, port }) => `  server ${name}${suffix} 127.0.0.1:${port} ${more}disabled`);
  const listen = (name: string, port: number, ...more: readonly string[]) => [
    `listen ${name}`,
    `  bind 127.0.0.1:${port}`,
    ...more,
    ...lines('', ''),
  ];
  return [
    'global',
    `  stats socket ${socket} mode 600 level admin expose-fd listeners`,
    'defaults',
    '  mode tcp',
    '  retries 0',
    '  timeout connect 1s',
    '  timeout client 1m',
    '  timeout server 1m',
    ...listen('be_rw', ports.write),
    ...listen('be_delay', ports.delay),
    ...listen('be_keep', ports.keep),
    ...listen('be_tiers', ports.tiers, '  option allbackups'),
    ...lines('-fb', 'backup '),
    '',
  ].join('\n');
};

beforeAll(async () => {
  [etcd, n1] = await Promise.all([
    startEtcd({ folder: folder.path, members: 1 }),
    startPostgres({ folder: folder.path, name: 'n1' }),
  ]);
  [n2, n3] = await Promise.all([
    startPostgres({ folder: folder.path, name: 'n2', standbyOf: n1 }),
    startPostgres({ folder: folder.path, name: 'n3', standbyOf: n1 }),
  ]);
  await n1.sql('create table ballast (filling text); alter table ballast alter filling set storage external');
  ports = { write: await freePort(), delay: await freePort(), keep: await freePort(), tiers: await freePort() };
  haproxy = await startHaproxy({
    folder: folder.path,
    config: ({ adminSocket }) => haproxyText(adminSocket, [n1, n2, n3]),
  });
  records = patroniRecords(etcd.endpoints, 'orders');
  await records.bootstrap([n1, n2, n3]);
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      { name: 'orders', patroni: { scope: 'orders' }, probe: { user: 'postgres', interval: '200ms' }, services },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
  });
  await daemon.ready();
});

afterAll(async () => {
  await daemon?.stop();
  records?.close();
  await haproxy?.stop();
  await Promise.all([n1, n2, n3].map((server) => server?.stop('immediate')));
  await etcd?.stop();
  folder.remove();
});

const clients: pg.Client[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

/** Which server a session has reached, by its own word. */
const reached = async (client: pg.Client): Promise<string | undefined> => {
  const { rows } = await client.query<{ port: number }>('select inet_server_port() as port');
  return [n1, n2, n3].find(({ port }) => port === rows[0]?.port)?.name;
};

const session = async (port: number): Promise<pg.Client> => {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', ssl: false });
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
};

const sessionOn = (name: string, port: number): Promise<pg.Client> =>
  eventually(`a session on ${name}`, async () => {
    const client = await session(port);
    return (await reached(client)) === name ? client : undefined;
  });

/** By HAProxy's own word: the lines in rotation. */
const holds = (backend: string, ...names: readonly string[]) =>
  eventually(
    `${backend} to lead to ${names.join() || 'nobody'}`,
    async () => acceptingIn(await haproxy.ask(`show servers state ${backend}`))?.join() === names.join() || undefined,
    20_000,
  );

const reasonOf = async (service: string, member: string): Promise<string | undefined> => {
  const { clusters } = await daemon.status();
  const servers = clusters[0]?.services.find(({ name }) => name === service)?.servers;
  return servers?.find((server) => server.member === member)?.reason.code;
};

const pause = (server: Postgres) => server.sql('select pg_wal_replay_pause()');
const resume = (server: Postgres) => server.sql('select pg_wal_replay_resume()');
/** Two megabytes that standbys receive at once; whether they replay them is another question. */
const write = () => n1.sql("insert into ballast select repeat('x', 1000000) from generate_series(1, 2)");

describe('a standby that replays nothing', () => {
  it('leaves by its lag, keeps the sessions that it has, and comes back', async () => {
    for (const backend of ['be_delay', 'be_keep', 'be_tiers']) {
      await holds(backend, 'n2', 'n3', ...(backend === 'be_tiers' ? ['n1-fb'] : []));
    }
    const kept = await sessionOn('n2', ports.delay);
    await pause(n2);
    await write();
    await holds('be_keep', 'n3');
    await holds('be_delay', 'n3');
    expect(await reasonOf('delay', 'n2')).toBe('replica_lagging');
    expect(await reached(await session(ports.delay))).toBe('n3');
    expect(await reached(kept)).toBe('n2');
    await resume(n2);
    await holds('be_delay', 'n2', 'n3');
    await holds('be_keep', 'n2', 'n3');
    expect(await reached(kept)).toBe('n2');
  });

  it('is kept where it would be the last one, and else the backup tier takes over, with or without pgrouted', async () => {
    await Promise.all([pause(n2), pause(n3)]);
    await write();
    await holds('be_delay');
    await eventually('one of them to be kept', async () => {
      const reasons = await Promise.all([reasonOf('keep', 'n2'), reasonOf('keep', 'n3')]);
      return reasons.sort().join() === 'replica_kept,replica_lagging' || undefined;
    });
    expect(['n2', 'n3']).toContain(await reached(await session(ports.keep)));
    // The backup line of the primary was in all the time; HAProxy turns to it by itself.
    await holds('be_tiers', 'n1-fb');
    expect(await reached(await session(ports.tiers))).toBe('n1');
    await Promise.all([resume(n2), resume(n3)]);
    await holds('be_tiers', 'n2', 'n3', 'n1-fb');
    expect(['n2', 'n3']).toContain(await reached(await session(ports.tiers)));

    await daemon.kill();
    await haproxy.ask('set server be_tiers/n2 state maint');
    await haproxy.ask('set server be_tiers/n3 state maint');
    expect(await reached(await session(ports.tiers))).toBe('n1');
  });
});
