// The daemon on servers that nobody manages: a real primary and two standbys, real HAProxy, no etcd, and a fourth server that takes connections and never
// says a word. A client writes through HAProxy all the time, and HAProxy itself is asked, as fast as it answers, whom it lets in.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundles, type Daemon, startDaemon } from '../lab/daemon.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { inOrder } from '../lab/in-order.ts';
import { acceptingIn, type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { startTcpProxy, type TcpProxy } from '../lab/tcp-proxy.ts';
import { createWriterTable, startWriter, type Writer } from '../lab/writer.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
const login = { user: 'postgres', password: '' };
let pg1: Postgres;
let pg2: Postgres;
let pg3: Postgres;
let hole: TcpProxy;
let haproxy: Haproxy;
let daemon: Daemon;
let writer: Writer;
let watch: OverlapWatch;
let writePort: number;

beforeAll(async () => {
  pg1 = await startPostgres({ folder: folder.path, name: 'pg1' });
  await pg1.sql(createWriterTable());
  [pg2, pg3] = await Promise.all(
    ['pg2', 'pg3'].map((name) => startPostgres({ folder: folder.path, name, standbyOf: pg1 })),
  ).then(([second, third]) => {
    if (second === undefined || third === undefined) throw new Error('two standbys were started');
    return [second, third] as const;
  });
  hole = await startTcpProxy(pg1.port);
  hole.blackHole(true);
  const servers = [...[pg1, pg2, pg3].map(({ name, port }) => ({ name, port })), { name: 'hole', port: hole.port }];
  const readPort = await freePort();
  writePort = await freePort();
  haproxy = await startHaproxy({ folder: folder.path, config: haproxyConfig({ writePort, readPort, servers }) });
  daemon = await startDaemon({
    folder: folder.path,
    clusters: [
      {
        name: 'orders',
        postgres: {
          hosts: Object.fromEntries(servers.map(({ name, port }) => [name, { host: '127.0.0.1', port }])),
        },
        probe: { user: 'postgres', sslmode: 'disable' },
        services: { primary: { backend: 'be_rw', role: 'primary' }, replica: { backend: 'be_ro', role: 'replica' } },
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
  });
  await daemon.ready();
  watch = watchOverlap(haproxy.adminSocket, 'be_rw', 1);
  const names = new Map(servers.map(({ name, port }) => [port, name]));
  writer = startWriter({ port: writePort, login, names });
});

afterAll(async () => {
  await writer?.stop();
  await watch?.stop();
  await daemon?.stop();
  await haproxy?.stop();
  await hole?.close();
  await Promise.all([pg1, pg2, pg3].map((server) => server?.stop('immediate')));
  folder.remove();
});

const writesGoTo = (name: string, since = performance.now()) =>
  eventually(`writes to go to ${name}`, () => writer.firstCommitAfter(since)?.outcome.server === name || undefined);
const readers = async () => acceptingIn(await haproxy.ask('show servers state be_ro'));
const lastSeq = async () => (await daemon.events()).at(-1)?.seq ?? 0;
const eventsSince = async (seq: number) => (await daemon.events()).filter((entry) => entry.seq > seq);
const alarms = async () => (await daemon.status()).clusters[0]?.alarms.map(({ code }) => code);

const pgroutectl = async (words: readonly string[]) =>
  (await run(process.execPath, [bundles.pgroutectl, ...words, '--url', daemon.url])).stdout;

/** A session through HAProxy's write port. */
async function openClient() {
  const client = new pg.Client({ host: '127.0.0.1', port: writePort, ...login, database: 'postgres', ssl: false });
  client.on('error', () => {});
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  await client.connect();
  const backend = async (): Promise<unknown> => (await client.query('select pg_backend_pid() as pid')).rows[0];
  return { client, ended, backend };
}

describe('a router of servers that nobody manages', () => {
  it('lets writers in to the one that alone says primary, and readers to those that say standby', async () => {
    await writesGoTo('pg1');
    expect(await readers()).toEqual(['pg2', 'pg3']);
    expect(await daemon.get('/v1/primary')).toEqual({ status: 200, body: '"pg1"' });
    expect(JSON.parse((await daemon.get('/v1/standbys')).body)).toEqual(['pg2', 'pg3']);
    expect((await daemon.get('/v1/hole/status')).status).toBe(422);
    const status = await daemon.status();
    expect(status.etcd.members).toEqual([]);
    expect(status.clusters[0]?.source).toEqual({ kind: 'postgres', prefix: null });
    expect(status.clusters[0]?.view?.leadership).toMatchObject({ kind: 'held', member: 'pg1' });
  });

  it('is killed and started again under traffic without touching a session', async () => {
    const { client, backend } = await openClient();
    const before = await backend();
    const failed = writer.errors().length;
    await daemon.kill();
    await daemon.start();
    await daemon.ready();
    await daemon.until('every server to have been asked', ({ clusters }) =>
      (clusters[0]?.members ?? []).every(({ probe }) => probe !== null),
    );
    expect(await backend()).toEqual(before);
    expect(writer.errors()).toHaveLength(failed);
    await client.end();
  });

  it('takes a new configuration at SIGHUP without touching a session or leaving HAProxy', async () => {
    const { client, backend } = await openClient();
    const before = await backend();
    const failed = writer.errors().length;
    const mark = await lastSeq();
    daemon.configure({ more: { http: { listen: `127.0.0.1:${daemon.port}`, max_age: '20s' } } });
    daemon.program().signal('SIGHUP');
    await eventually('the configuration to be taken', async () =>
      (await eventsSince(mark)).some(({ kind }) => kind === 'config'),
    );
    await daemon.ready();
    expect(await backend()).toEqual(before);
    expect(writer.errors()).toHaveLength(failed);
    expect((await eventsSince(mark)).filter(({ kind }) => kind === 'target' || kind === 'fenced')).toEqual([]);
    await client.end();
  });

  it('stands still for longer than any word counts, and wakes up without touching a session', async () => {
    const { client, backend } = await openClient();
    const before = await backend();
    const failed = writer.errors().length;
    const mark = await lastSeq();
    daemon.program().signal('SIGSTOP');
    const enough = writer.committed().length + 200;
    await eventually('200 writes, one each 20 ms', () => writer.committed().length >= enough || undefined);
    const wokeAt = performance.now();
    daemon.program().signal('SIGCONT');
    await eventually('the standstill to be noticed', async () =>
      (await eventsSince(mark)).some(({ text }) => text.startsWith('pgrouted itself stood still')),
    );
    // Judgement waits for half a second at most.
    await daemon.until('whoever answers to have been asked again and judged', ({ clusters }) => {
      const answering = clusters[0]?.members.filter(({ running }) => running) ?? [];
      return answering.every(({ probe }) => probe !== null && probe.ageMs < performance.now() - wokeAt - 600);
    });
    expect(await backend()).toEqual(before);
    expect(writer.errors()).toHaveLength(failed);
    expect((await eventsSince(mark)).filter(({ kind }) => kind === 'fenced' || kind === 'decision')).toEqual([]);
    await client.end();
  });

  it('follows when the primary stops and somebody promotes a standby', async () => {
    const mark = await lastSeq();
    const { ended } = await openClient();
    await pg1.stop();
    await ended;
    const promotedAt = performance.now();
    await pg2.promote();
    await writesGoTo('pg2', promotedAt);
    const steps = [
      /^leader no PostgreSQL alone says that it is primary; pg1 did so last/,
      /^fenced be_rw: pg1 read back out/,
      /^leader PostgreSQL of pg2 alone says that it is primary/,
      /^opened be_rw: pg2 read back ready/,
      /^switch primary has moved from pg1 to pg2/,
    ];
    const events = await eventually('the switch to be told', async () => {
      const told = await eventsSince(mark);
      return told.some(({ kind }) => kind === 'switch') ? told : undefined;
    });
    expect(inOrder(events, steps)).toEqual(steps);
  });

  it('lets nobody in while two take writes, ends what both have, and is back when one of them is gone', async () => {
    const mark = await lastSeq();
    const { ended } = await openClient();
    await pg1.start();
    await ended;
    await daemon.until('the conflict to be told and held', ({ clusters }) => {
      const [cluster] = clusters;
      const writes = cluster?.services.find(({ role }) => role === 'primary');
      const isOut = writes?.servers.every(({ state, held }) => state === 'maint' && held[0]?.state === 'maint');
      return isOut === true && cluster?.alarms.some(({ code }) => code === 'conflicting_primaries') === true;
    });
    expect((await daemon.get('/v1/primary')).status).toBe(409);
    expect(JSON.parse((await daemon.get('/v1/primaries')).body)).toEqual(['pg1', 'pg2']);
    expect(await pg1.sql("select from pg_stat_activity where application_name = 'writer'")).toEqual([]);
    expect(await pg2.sql("select from pg_stat_activity where application_name = 'writer'")).toEqual([]);

    await pg1.stop();
    await writesGoTo('pg2');
    expect(await alarms()).not.toContain('conflicting_primaries');
    const told = (await eventsSince(mark)).filter(({ kind }) => kind === 'leader').map(({ text }) => text);
    expect(told[0]).toMatch(/^PostgreSQL of pg1 and of pg2 say that they are primary/);
    expect(told.at(-1)).toBe('PostgreSQL of pg2 alone says that it is primary');
  });

  it('keeps a primary that is silent for a moment, and takes it out when its word is too old', async () => {
    pg2.freeze();
    await daemon.until('it to be silent and in', ({ clusters }) =>
      stands(clusters, 'pg2', 'ready', 'leader_proven_silent'),
    );
    await daemon.until('it to be out', ({ clusters }) => stands(clusters, 'pg2', 'maint', 'proof_too_old'));
    const thawedAt = performance.now();
    pg2.thaw();
    await writesGoTo('pg2', thawedAt);
  });

  it('never let two servers take writes, and spoke of no key and no etcd', async () => {
    await watch.stop();
    expect(watch.overlaps()).toEqual([]);
    expect(watch.samples()).toBeGreaterThan(100);
    expect(writer.servers()).toEqual(['pg1', 'pg2']);
    const pages = await Promise.all([['status'], ['explain'], ['events', '-n', '1000']].map(pgroutectl));
    expect(pages[1]).toContain('PostgreSQL of pg2 alone has said for');
    const lines = pages.flatMap((page) => page.split('\n'));
    expect(lines.filter((line) => /etcd|leader key|\brecords?\b|Patroni|Stolon/i.test(line))).toEqual([]);
  });
});

type Clusters = Awaited<ReturnType<Daemon['status']>>['clusters'];

/** What is decided for a server in the write service, and why. */
function stands([cluster]: Clusters, name: string, state: 'ready' | 'maint', code: string): boolean {
  const writes = cluster?.services.find(({ role }) => role === 'primary');
  const server = writes?.servers.find(({ member }) => member === name);
  return server?.state === state && server.reason.code === code;
}
