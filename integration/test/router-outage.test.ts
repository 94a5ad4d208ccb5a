// What each service does while etcd hangs: close, hold for a while, hold, and the manager's own lease, for writes and reads side by side. A real etcd that is
// frozen, a real HAProxy, a real primary and standby; their keys are written as Patroni writes them, with a short lease.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { configHead, type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { acceptingIn } from '../lab/overlap.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type Records } from '../lab/records.ts';

/** In the order in which they close. `auto` is 4 s here: `ttl` less `loop_wait` less a second. */
const policies = { close: 'close', brief: { hold: '2s' }, auto: 'auto', hold: 'hold' } as const;
const kinds = ['close', 'brief', 'auto', 'hold'] as const;
const lease = { ttl: 7, loop_wait: 2, retry_timeout: 3 };

const folder = temporaryFolder();
let etcd: EtcdLab;
let haproxy: Haproxy;
let n1: Postgres;
let n2: Postgres;
let records: Records;
let daemon: Daemon;
const ports = new Map<string, number>();

beforeAll(async () => {
  [etcd, n1] = await Promise.all([
    startEtcd({ folder: folder.path, members: 1 }),
    startPostgres({ folder: folder.path, name: 'n1' }),
  ]);
  n2 = await startPostgres({ folder: folder.path, name: 'n2', standbyOf: n1 });
  const names = kinds.flatMap((kind) => [`w_${kind}`, `r_${kind}`]);
  for (const name of names) ports.set(name, await freePort());
  haproxy = await startHaproxy({
    folder: folder.path,
    config: ({ adminSocket }) =>
      [
        ...configHead({ adminSocket, level: 'admin', globalOptions: [], checkTimeout: '400ms' }),
        ...names.flatMap((name) => [
          `listen ${name}`,
          `    bind 127.0.0.1:${ports.get(name)}`,
          ...[n1, n2].map((server) => `    server ${server.name} 127.0.0.1:${server.port} disabled`),
        ]),
        '',
      ].join('\n'),
  });
  records = patroniRecords(etcd.endpoints, 'orders');
  await records.bootstrap([n1, n2], lease);
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name: 'orders',
        patroni: { scope: 'orders' },
        probe: { user: 'postgres', sslmode: 'disable', interval: '200ms' },
        services: Object.fromEntries(
          kinds.flatMap((kind) => [
            [`w_${kind}`, { backend: `w_${kind}`, role: 'primary', outage: policies[kind] }],
            [`r_${kind}`, { backend: `r_${kind}`, role: 'replica', outage: policies[kind] }],
          ]),
        ),
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
  });
  await daemon.ready();
});

afterAll(async () => {
  etcd?.members[0]?.thaw();
  n1?.thaw();
  await daemon?.stop();
  records?.close();
  await haproxy?.stop();
  await n2?.stop('immediate');
  await n1?.stop('immediate');
  await etcd?.stop();
  folder.remove();
});

interface Session {
  readonly alive: () => Promise<boolean>;
  /** Settles when it has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly close: () => Promise<void>;
}

const opened: Session[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((session) => session.close()));
});

/** A session through HAProxy; undefined: the service has nobody who takes it. */
async function connect(service: string): Promise<Session | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: ports.get(service) ?? 0,
    user: 'postgres',
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  const ended = new Promise<void>((resolve) => client.on('end', resolve));
  client.on('error', () => {});
  try {
    await client.connect();
  } catch {
    return undefined;
  }
  const session: Session = {
    ended,
    alive: () =>
      client.query('select 1').then(
        () => true,
        () => false,
      ),
    close: async () => {
      await client.end().catch(() => {});
    },
  };
  opened.push(session);
  return session;
}

async function sessionIn(service: string): Promise<Session> {
  const session = await connect(service);
  if (session === undefined) throw new Error(`${service} takes no connection`);
  return session;
}

/** Whether each of them has a server that accepts, by HAProxy's own word. */
const isOpen = async (service: string): Promise<boolean> =>
  (acceptingIn(await haproxy.ask(`show servers state ${service}`)) ?? []).length > 0;
const openOf = async (letter: 'w' | 'r'): Promise<readonly string[]> => {
  const open = await Promise.all(kinds.map(async (kind) => ((await isOpen(`${letter}_${kind}`)) ? [kind] : [])));
  return open.flat();
};
const opensOnly = (...wanted: readonly string[]) =>
  eventually(`only ${wanted.join()} to be open`, async () => {
    const open = [await openOf('w'), await openOf('r')];
    return open.every((one) => one.join() === wanted.join()) || undefined;
  });

/** Which services had a server that was taken out, in this order. */
async function closedInOrder(): Promise<Readonly<Record<'w' | 'r', readonly string[]>>> {
  const taken = (await daemon.events()).filter(({ kind, from }) => kind === 'decision' && from === 'ready');
  const of = (letter: string) =>
    taken.flatMap(({ service = '' }) => (service.startsWith(`${letter}_`) ? [service.slice(2)] : []));
  return { w: of('w'), r: of('r') };
}

const freeze = () => etcd.members[0]?.freeze();
const thaw = () => etcd.members[0]?.thaw();
const reasonOf = async (service: string, member: string) =>
  (await daemon.status()).clusters[0]?.services
    .find(({ name }) => name === service)
    ?.servers.find((server) => server.member === member)?.reason.code;

describe('services while etcd hangs', () => {
  it('close one after another as their policies say, and open again together', async () => {
    expect([await openOf('w'), await openOf('r')]).toEqual([kinds, kinds]);
    const [closing, holding] = [await sessionIn('w_close'), await sessionIn('w_hold')];
    const [reading, heldReading] = [await sessionIn('r_close'), await sessionIn('r_hold')];
    freeze();
    try {
      await closing.ended;
      await opensOnly('hold');
      expect(await closedInOrder()).toEqual({ w: ['close', 'brief', 'auto'], r: ['close', 'brief', 'auto'] });
      expect(await connect('w_close')).toBeUndefined();
      expect(await connect('r_close')).toBeUndefined();
      // An old view says nothing against a standby: who is on it stays.
      expect(await reading.alive()).toBe(true);
      expect([await reasonOf('w_close', 'n1'), await reasonOf('r_close', 'n2')]).toEqual([
        'view_unconfirmed',
        'view_lost',
      ]);
      expect([await holding.alive(), await heldReading.alive()]).toEqual([true, true]);
      expect(await reasonOf('w_hold', 'n1')).toBe('leader_held');
      await sessionIn('w_hold');
      await sessionIn('r_hold');
    } finally {
      thaw();
    }
    await opensOnly(...kinds);
    expect(await holding.alive()).toBe(true);
  });

  it('hold a write service only for as long as its primary proves itself', async () => {
    const session = await sessionIn('w_hold');
    freeze();
    n1.freeze();
    try {
      await session.ended;
      expect(await openOf('w')).not.toContain('hold');
      expect(await reasonOf('w_hold', 'n1')).toBe('proof_too_old');
      expect(await openOf('r')).toContain('hold');
    } finally {
      n1.thaw();
      thaw();
    }
    await opensOnly(...kinds);
  });

  it('are closed by a router that could not read anything since its start, each when its policy is at its end', async () => {
    const [writer, reader] = [await sessionIn('w_hold'), await sessionIn('r_brief')];
    await daemon.kill();
    freeze();
    try {
      await daemon.start();
      expect([await openOf('w'), await openOf('r')]).toEqual([kinds, kinds]);
      await opensOnly('auto', 'hold');
      const told = (await daemon.events()).flatMap(({ text }) => /services are closed: (.*)/.exec(text)?.[1] ?? []);
      expect(told).toEqual(['w_close, r_close', 'w_close, r_close, w_brief, r_brief']);
      expect([await writer.alive(), await reader.alive()]).toEqual([true, true]);
    } finally {
      thaw();
    }
    await opensOnly(...kinds);
    expect(await writer.alive()).toBe(true);
  });
});
