// The health checks against the programs that they imitate and serve: each answer beside that of the node's own Patroni, and a real HAProxy that follows
// a switchover by them alone, configured as docs/checks.md shows it.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Comparison, compareChecks, type Method, statusOf, type Words, wordsOf } from '../lab/checked-by.ts';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { configHead, type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { inPlace, pageOf } from '../lab/page.ts';
import { type PatroniCluster, startPatroniCluster } from '../lab/patroni.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { childrenOf, processesWhere, trySignal } from '../lab/process-table.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
let cluster: PatroniCluster;
let daemon: Daemon;
let haproxy: Haproxy;

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  cluster = await startPatroniCluster({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    ttl: 8,
    // n2 is the only one that can become synchronous.
    tags: { n2: { zone: 'eu', rank: 3 }, n3: { noloadbalance: true, nosync: true, nofailover: true } },
  });
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name: 'demo',
        patroni: { scope: cluster.scope },
        probe: { user: cluster.probe.user, password: cluster.probe.password },
      },
    ],
    haproxy: [],
  });
  haproxy = await startHaproxy({ folder: folder.path, config: await documented() });
});

afterAll(async () => {
  await haproxy?.stop();
  await daemon?.stop();
  await cluster?.stop();
  await etcd?.stop();
  folder.remove();
});

/** The listeners of docs/checks.md on this machine's ports; asked five times as often, so that nobody waits for them. */
async function documented(): Promise<(paths: { readonly adminSocket: string }) => string> {
  const page = pageOf('checks.md');
  const places: (readonly [string, string])[] = [
    ['port 8080', `port ${daemon.port}`],
    ['inter 1s', 'inter 200ms'],
  ];
  for (const port of [5000, 5001, 5002, 5003]) places.push([`10.0.0.1:${port}`, `127.0.0.1:${await freePort()}`]);
  for (const { name, pgPort } of cluster.nodes)
    places.push([`${name} 10.0.0.1${name.slice(1)}:5432`, `${name} 127.0.0.1:${pgPort}`]);
  const listeners = ['listen postgres_write', 'listen pgsql_write'].map((line) => inPlace(page.block(line), places));
  return ({ adminSocket }) =>
    [...configHead({ adminSocket, level: 'admin', globalOptions: [], checkTimeout: '2s' }), ...listeners].join('\n');
}

const kinds = [
  ...['', 'primary', 'master', 'read-write', 'leader', 'standby-leader', 'standby_leader', 'replica', 'read-only'],
  ...['sync', 'synchronous', 'async', 'asynchronous', 'read-only-sync', 'read-only-synchronous', 'quorum'],
  ...['health', 'liveness', 'readiness', 'replica/x', 'x/leader', 'healthy', 'sync/', 'nonsense'],
];
const withParameters = [
  ...['replica?lag=0', 'replica?lag=1MB', 'async?lag=1MB', 'read-only?lag=1MB', 'replica?lag=1TB', 'replica?lag=much'],
  ...['replica?lag=', 'replica?lag=1TB&lag=0', 'primary?lag=0', 'replica?tag_zone=eu', 'replica?tag_zone=us'],
  ...['read-only?tag_zone=eu', 'health?tag_rank=3', 'async?tag_none=1', 'primary?tag_zone=eu', 'replica?tag_zone='],
  ...['health?tag_noloadbalance=true', 'health?tag_nofailover=false', 'leader?tag_zone=us', 'sync?tag_zone=eu'],
];
/** What the Patroni of this lab (3.0) knows otherwise, and why pgrouted does not follow it. */
const laterThanThisPatroni = {
  'read-only-quorum': 'Patroni 4.0 has made it a kind of its own; before, it was read-only',
};

/** What is said in another way than by the Patroni of this lab: 4.0 has renamed the role `master`, and tells its name. */
const notOfThisPatroni = /^(role|patroni\.name|pgrouted\..*)$/;

/** Waits until all answers are alike, and these (`OPTIONS /sync n2: 200`) are among them: Patroni's are up to a loop old. */
async function agreement(
  methods: readonly Method[],
  paths: readonly string[],
  among: readonly string[],
): Promise<void> {
  let seen: Comparison = { agreed: [], differing: [] };
  await eventually('Patroni and pgrouted to agree', async () => {
    seen = await compareChecks(daemon.url, cluster.nodes, methods, paths);
    return seen.differing.length === 0 && among.every((one) => seen.agreed.includes(one)) ? true : undefined;
  }).catch(() => undefined);
  expect(seen.differing).toEqual([]);
  expect(seen.agreed).toEqual(expect.arrayContaining([...among]));
}

/** The children of the PostgreSQL whose data lie in that folder. */
const processesOf = (home: string): readonly number[] =>
  processesWhere((words) => words[1] === '-D' && words[2]?.startsWith(`${home}/`) === true).flatMap(childrenOf);

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');

const inRotation = async (proxy: string): Promise<readonly string[]> => {
  const rows = (await haproxy.ask('show stat')).split('\n').map((line) => line.split(','));
  const status = rows[0]?.indexOf('status') ?? -1;
  return rows
    .filter(([name, server]) => name === proxy && server !== 'FRONTEND' && server !== 'BACKEND')
    .flatMap((row) => (row[status]?.startsWith('UP') ? [row[1] ?? ''] : []));
};

const rotations = async () => ({
  postgres_write: await inRotation('postgres_write'),
  postgres_read: await inRotation('postgres_read'),
  pgsql_write: await inRotation('pgsql_write'),
  pgsql_read: await inRotation('pgsql_read'),
});

/** n3 has the tag noloadbalance, which xinetd's check knows nothing of. */
async function follows(primary: string): Promise<void> {
  const wanted = {
    postgres_write: [primary],
    postgres_read: ['n1', 'n2'].filter((name) => name !== primary),
    pgsql_write: [primary],
    pgsql_read: ['n1', 'n2', 'n3'].filter((name) => name !== primary),
  };
  let seen: unknown;
  await eventually('HAProxy to follow', async () => {
    seen = await rotations();
    return JSON.stringify(seen) === JSON.stringify(wanted) ? true : undefined;
  }).catch(() => undefined);
  expect(seen).toEqual(wanted);
}

/** What an xinetd check is asked by: a bare line of HTTP/1.0. */
const bareRequest = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(daemon.port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (part) => (answer += part));
    socket.on('error', reject);
    socket.on('end', () => resolve(answer));
  });

describe("checks beside the nodes' own Patroni", () => {
  it('are answered alike in a calm cluster, by each method', async () => {
    const primary = (await cluster.primary()).name;
    await agreement(['GET', 'HEAD', 'OPTIONS'], kinds, [
      `OPTIONS /primary ${primary}: 200`,
      'HEAD /replica n3: 503',
      'GET /readiness n3: 200',
      'OPTIONS /readiness n3: 503',
    ]);
    await agreement(['OPTIONS'], withParameters, ['OPTIONS /health?tag_rank=3 n2: 200']);
  });

  it('speak of each node as its Patroni does', async () => {
    for (const { name, restPort } of cluster.nodes) {
      let theirs: Words = new Map();
      let ours: Words = new Map();
      await eventually(`the words about ${name} to be the same`, async () => {
        theirs = await wordsOf(`http://127.0.0.1:${restPort}/health`);
        ours = await wordsOf(`${daemon.url}/v1/${name}/check/health`);
        return [...ours].every(([word, value]) => notOfThisPatroni.test(word) || theirs.get(word) === value);
      }).catch(() => undefined);
      const comparable = [...ours].filter(([word]) => !notOfThisPatroni.test(word));
      expect(new Map(comparable)).toEqual(new Map(comparable.map(([word]) => [word, theirs.get(word)])));
      expect(comparable.map(([word]) => word)).toEqual(expect.arrayContaining(['state', 'timeline', 'patroni.scope']));
    }
  });

  it('differ where a later Patroni has changed its mind', async () => {
    for (const path of Object.keys(laterThanThisPatroni)) {
      const { differing } = await compareChecks(daemon.url, cluster.nodes, ['OPTIONS'], [path]);
      expect(differing).toEqual([`OPTIONS /${path} n2: 200 by Patroni, 503 by pgrouted`]);
    }
  });

  it('tell of a standby that does not replay', async () => {
    const primary = await cluster.primary();
    // Patroni would take back a pg_wal_replay_pause() in its next loop.
    const replaying = processesOf(cluster.node('n2').home).filter((pid) =>
      commandOf(pid).includes('startup recovering'),
    );
    expect(replaying).toHaveLength(1);
    for (const pid of replaying) trySignal(pid, 'SIGSTOP');
    await primary.sql("select pg_logical_emit_message(false, 'lab', repeat('x', 4000000)); select pg_switch_wal()");
    await agreement(['OPTIONS'], withParameters, [
      'OPTIONS /replica?lag=1MB n2: 503',
      'OPTIONS /replica?lag=1TB n2: 200',
    ]);
    for (const pid of replaying) trySignal(pid, 'SIGCONT');
    await agreement(['OPTIONS'], withParameters, ['OPTIONS /replica?lag=1MB n2: 200']);
  });

  it('are answered alike in pause', async () => {
    await cluster.pause();
    await agreement(['OPTIONS', 'GET'], kinds, ['GET /liveness n2: 200', 'OPTIONS /replica n2: 200']);
    await cluster.resume();
  });

  it('know the synchronous standby', async () => {
    await cluster.configure({ synchronous_mode: true });
    await agreement(['OPTIONS'], kinds, [
      ...['sync', 'synchronous', 'read-only-sync'].map((kind) => `OPTIONS /${kind} n2: 200`),
      'OPTIONS /async n2: 503',
    ]);
    await cluster.configure({ synchronous_mode: null });
    await agreement(['OPTIONS'], kinds, ['OPTIONS /async n2: 200', 'OPTIONS /sync n2: 503']);
  });
});

describe('an HAProxy that asks pgrouted', () => {
  it('follows a switchover, by the words of Patroni and of xinetd', async () => {
    await follows('n1');
    expect(await cluster.switchover('n2')).toBe('n2');
    await follows('n2');
    expect(await bareRequest('/v1/n2/pgsqlchk')).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nn2 is primary\n$/s);
    expect(await bareRequest('/v1/n1/pgsqlchk')).toMatch(/^HTTP\/1\.1 206 .*\r\n\r\nn1 is standby\n$/s);
    expect(await bareRequest('/v1/n9/pgsqlchk')).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('is not sent to a primary whose PostgreSQL has crashed, as Patroni would', async () => {
    const primary = await cluster.primary();
    await primary.killPostgres();
    const both = await eventually(
      'pgrouted to see it',
      async () => {
        const [theirs, ours] = await Promise.all([
          statusOf('OPTIONS', `http://127.0.0.1:${primary.restPort}/primary`),
          statusOf('OPTIONS', `${daemon.url}/v1/${primary.name}/check/primary`),
        ]);
        return ours === 503 ? { theirs, ours } : undefined;
      },
      10_000,
      1,
    );
    expect(both).toEqual({ theirs: 200, ours: 503 });
    await eventually('HAProxy to take it out', async () => (await inRotation('postgres_write')).length === 0);
    await follows(primary.name);
  });
});
