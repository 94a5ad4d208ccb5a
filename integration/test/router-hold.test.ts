// Connections that wait in HAProxy while a write service has no server (haproxy/pgrouted-hold.lua): what the action does by itself, and what clients see of
// a planned switchover of a real Patroni cluster. Real HAProxy, real PostgreSQL.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Arrivals, startArrivals } from '../lab/arrivals.ts';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { configHead, type Haproxy, haproxyConfig, holdLua, startHaproxy } from '../lab/haproxy.ts';
import { type PatroniCluster, startPatroniCluster } from '../lab/patroni.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { type IdentityServer, openSession, openSessions, servedBy, startIdentityServer } from '../lab/sessions.ts';

const WAIT_MS = 700;
const MOST = 30;
const hold = (backend: string, ...numbers: readonly (number | string)[]) => [
  'tcp-request inspect-delay 30s',
  `tcp-request content lua.pgrouted_hold ${[backend, ...numbers].join(' ')}`,
];

describe('the hold action of HAProxy', () => {
  const folder = temporaryFolder();
  let haproxy: Haproxy;
  let server: IdentityServer;
  const ports: { write: number; listen: number; wrong: number } = { write: 0, listen: 0, wrong: 0 };

  beforeAll(async () => {
    server = await startIdentityServer('pg1', await freePort());
    for (const name of ['write', 'listen', 'wrong'] as const) ports[name] = await freePort();
    const listen = (name: string, port: number, lines: readonly string[]) => [
      `listen ${name}`,
      `    bind 127.0.0.1:${port}`,
      ...lines.map((line) => `    ${line}`),
      `    server pg1 127.0.0.1:${server.port} disabled`,
    ];
    haproxy = await startHaproxy({
      folder: folder.path,
      config: ({ adminSocket }) =>
        [
          ...configHead({
            adminSocket,
            level: 'admin',
            globalOptions: [`lua-load ${holdLua}`],
            checkTimeout: '1s',
          }),
          'frontend fe_rw',
          `    bind 127.0.0.1:${ports.write}`,
          ...hold('be_rw', WAIT_MS, MOST).map((line) => `    ${line}`),
          '    default_backend be_rw',
          'backend be_rw',
          `    server pg1 127.0.0.1:${server.port} disabled`,
          ...listen('one', ports.listen, hold('one', 10_000, 1_000)),
          ...listen('two', ports.wrong, hold('typo', 10_000, 1_000)),
          '',
        ].join('\n'),
    });
  });

  afterAll(async () => {
    await haproxy?.stop();
    await server?.stop();
    folder.remove();
  });

  const set = (backend: string, state: string) => haproxy.ask(`set server ${backend}/pg1 state ${state}`);
  /** What became of the connections to a backend. */
  const counts = async (backend = 'be_rw') => {
    const found = new RegExp(`^hold ${backend} (.*) \\d+ ms longest$`, 'm').exec(await haproxy.ask('pgrouted hold'));
    const words = found?.[1]?.split(' ') ?? [];
    return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 1 ? [[word, Number(words[i - 1])]] : [])));
  };
  const waiting = (count: number, backend?: string) =>
    eventually(`${count} to wait`, async () => (await counts(backend))['waiting'] === count || undefined);

  it('lets connections wait for a server, in a listen section too, and lets them go together', async () => {
    expect(await haproxy.ask('pgrouted hold')).toBe('version 1\n\n');
    const sessions = openSessions(ports.listen, 200, 200);
    await waiting(200, 'one');
    await set('one', 'ready');
    expect(servedBy(await sessions)).toEqual(new Map([['pg1', 200]]));
    expect(await counts('one')).toMatchObject({ waiting: 0, served: 200, late: 0, many: 0 });
    // A server that drains takes nobody new either.
    await set('one', 'drain');
    const next = openSession(ports.listen);
    await waiting(1, 'one');
    await set('one', 'ready');
    expect((await next).server).toBe('pg1');
    for (const session of await sessions) session.close();
  });

  it('refuses at once who comes when as many wait as may, and everybody when the time is over', async () => {
    const sessions = await openSessions(ports.write, MOST + 10, MOST + 10);
    expect(sessions.filter((session) => session.server !== undefined)).toEqual([]);
    expect(await counts()).toEqual({ waiting: 0, served: 0, late: MOST, many: 10, gone: 0 });
  });

  it('lets clients go that do not want to wait', async () => {
    const leavers = Array.from({ length: 4 }, () => connect(ports.write, '127.0.0.1'));
    for (const leaver of leavers) leaver.on('error', () => leaver.destroy());
    await waiting(4);
    for (const [i, leaver] of leavers.entries()) i % 2 === 0 ? leaver.end() : leaver.resetAndDestroy();
    await eventually('them to be forgotten', async () => (await counts())['gone'] === 4 || undefined);
    expect(await counts()).toMatchObject({ waiting: 0, late: MOST });
    expect(haproxy.program.log()).not.toContain('aborting Lua');
  });

  it('holds nobody by a line that names no backend, and says what is wrong with it', async () => {
    expect((await openSession(ports.wrong)).server).toBeUndefined();
    await set('two', 'ready');
    expect((await openSession(ports.wrong)).server).toBe('pg1');
    const fault = 'typo 10000 1000: HAProxy has no such backend';
    expect(await haproxy.ask('pgrouted hold')).toContain(`\nfault ${fault}\n`);
    expect(haproxy.program.log()).toContain(`pgrouted hold: lua.pgrouted_hold ${fault}; nobody waits there`);
  });
});

describe('new connections during a planned switchover', () => {
  const folder = temporaryFolder();
  let etcd: EtcdLab;
  let cluster: PatroniCluster;
  let haproxy: Haproxy;
  let daemon: Daemon;
  let arrivals: Arrivals | undefined;

  beforeAll(async () => {
    etcd = await startEtcd({ folder: folder.path, members: 1 });
    cluster = await startPatroniCluster({
      folder: folder.path,
      etcdEndpoints: etcd.endpoints,
      nodes: 2,
      hba: ['host all app 127.0.0.1/32 trust'],
    });
  });

  afterAll(async () => {
    await arrivals?.stop();
    await daemon?.stop();
    await haproxy?.stop();
    await cluster?.stop();
    await etcd?.stop();
    folder.remove();
  });

  it('wait, and none of 200 in a second fails', async () => {
    const writePort = await freePort();
    const config = haproxyConfig({
      writePort,
      readPort: await freePort(),
      // Those that have waited come all at once: HAProxy lets in as many as PostgreSQL has room for.
      serverOptions: 'disabled maxconn 20',
      backendOptions: ['timeout queue 30s'],
      servers: cluster.nodes.map(({ name, pgPort }) => ({ name, port: pgPort })),
    });
    haproxy = await startHaproxy({ folder: folder.path, config });
    daemon = await startDaemon({
      folder: folder.path,
      etcdEndpoints: etcd.endpoints,
      clusters: [
        {
          name: 'demo',
          patroni: { scope: cluster.scope },
          probe: { user: cluster.probe.user, password: cluster.probe.password },
          services: { primary: { backend: 'be_rw', role: 'primary', hold: '15s' } },
        },
      ],
      haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
    });
    await daemon.ready();
    const missed = await daemon.until('the Lua to be missed', ({ targets }) =>
      targets.some(({ problems }) => problems.some(({ code }) => code === 'hold_absent')),
    );
    expect(missed.targets[0]?.hold?.state).toBe('absent');

    haproxy.configure((paths) =>
      config(paths)
        .replace('global\n', `global\n    lua-load ${holdLua}\n`)
        .replace(
          'frontend fe_rw\n',
          `frontend fe_rw\n${hold('be_rw', 15_000, 5_000)
            .map((line) => `    ${line}\n`)
            .join('')}`,
        ),
    );
    await haproxy.reload();
    await daemon.until(
      'the Lua to be found',
      ({ ready, targets }) =>
        ready && targets.every(({ hold: found, problems }) => found?.state === 'loaded' && problems.length === 0),
    );

    const from = (await cluster.primary()).name;
    const clients = startArrivals({ port: writePort, user: cluster.app.user, names: cluster.names });
    arrivals = clients;
    await eventually('clients to be served', () => clients.all().length > 100 || undefined);
    const to = await cluster.switchover();
    const moved = performance.now();
    await eventually(
      'clients to be served by the new primary',
      () =>
        clients
          .all()
          .some(({ beganAt, outcome }) => beganAt > moved && outcome.kind === 'served' && outcome.server === to) ||
        undefined,
    );
    await clients.stop();
    expect(clients.failures()).toEqual({});
    expect(clients.servers()).toEqual([from, to]);
    const status = await daemon.until('those who waited to be counted', ({ targets }) =>
      targets.some((target) => (target.hold?.backends[0]?.served ?? 0) > 0),
    );
    expect(status.targets[0]?.hold?.backends[0]).toMatchObject({ backend: 'be_rw', waiting: 0, late: 0, many: 0 });
  });
});
