// Pigsty's services as docs/services.md has them, haproxy.cfg and pgrouted.yaml both taken from the page: real etcd, real HAProxy, the keys as Patroni
// writes them. Servers that say their name stand in for PostgreSQL and for the pooler beside it, since here only the ways count.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DaemonProcess, startProcess } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { configHead, type Haproxy, holdLua, startHaproxy } from '../lab/haproxy.ts';
import { type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { inPlace, pageOf } from '../lab/page.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type Records } from '../lab/records.ts';
import { type ClientSession, type IdentityServer, openSession, startIdentityServer } from '../lab/sessions.ts';

const services = ['primary', 'replica', 'default', 'offline', 'standby', 'delayed'] as const;
const pigstyPorts = { primary: 5433, replica: 5434, standby: 5435, default: 5436, offline: 5438, delayed: 5439 };
type Service = keyof typeof pigstyPorts;
const names = ['pg-test-1', 'pg-test-2', 'pg-test-3'] as const;
type Name = (typeof names)[number];
const hostOf = (name: Name): string => `127.0.0.1${name.slice(-1)}`;

const folder = temporaryFolder();
const ports = new Map<Service, number>();
const stand = new Map<string, IdentityServer>();
let etcd: EtcdLab;
let haproxy: Haproxy;
let daemon: DaemonProcess;
let records: Records;
let watch: OverlapWatch;
let postgresPort: number;
let poolerPort: number;

const block = (language: string, text: string): string => {
  const [found, ...more] = pageOf('services.md')
    .blocks(language)
    .filter((one) => one.includes(text));
  if (found === undefined || more.length > 0) throw new Error(`docs/services.md has no one block with ${text}`);
  return found;
};

/** The page's file, with a line for a third instance beside each of the second. */
function haproxyCfg(): string {
  const third = block('haproxy', 'listen pg-test-standby').replaceAll(
    /^( +server )pg-test-2(\S* +)10\.0\.0\.12:(.*)$/gm,
    '$&\n$1pg-test-3$210.0.0.13:$3',
  );
  return inPlace(third, [
    ...names.map((name, i): [string, string] => [`10.0.0.1${i + 1}:`, `${hostOf(name)}:`]),
    [':6432', `:${poolerPort}`],
    [':5432', `:${postgresPort}`],
    ...services.map((service): [string, string] => [
      `bind *:${pigstyPorts[service]}`,
      `bind 127.0.0.1:${portOf(service)}`,
    ]),
    ['/usr/share/pgrouted/pgrouted-hold.lua', holdLua],
  ]);
}

const portOf = (service: Service): number => ports.get(service) ?? 0;
const leadsTo = async (service: Service): Promise<string | undefined> => (await openSession(portOf(service))).server;

/** Whom each of these services leads to, once all of them lead where they should. */
const settled = (expected: Readonly<Partial<Record<Service, string>>>) =>
  eventually(
    JSON.stringify(expected),
    async () => {
      for (const service of services) {
        const server = expected[service];
        if (server !== undefined && (await leadsTo(service)) !== server) return undefined;
      }
      return true;
    },
    15_000,
  );

/** As Patroni writes it. */
const member = (name: Name, change: Readonly<Record<string, unknown>> = {}): Promise<void> =>
  records.member(
    { name, port: postgresPort },
    { conn_url: `postgres://${hostOf(name)}:${postgresPort}/postgres`, ...change },
  );

const synchronous = (leader: Name, standby: Name): Promise<void> =>
  records.put('sync', JSON.stringify({ leader, sync_standby: standby }));

async function switchover(from: Name, to: Name, timeline: number, tags: Readonly<Record<Name, object>>): Promise<void> {
  await records.remove('leader');
  await records.put('leader', to);
  await member(to, { role: 'master', timeline, tags: tags[to] });
  await member(from, { timeline, tags: tags[from] });
  await synchronous(to, from);
}

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  for (const service of services) ports.set(service, await freePort());
  poolerPort = await freePort();
  postgresPort = await freePort();
  for (const name of names) {
    for (const [what, port] of Object.entries({ postgres: postgresPort, pooler: poolerPort })) {
      stand.set(`${name} ${what}`, await startIdentityServer(`${name} ${what}`, port, hostOf(name)));
    }
  }
  haproxy = await startHaproxy({
    folder: folder.path,
    config: ({ adminSocket }) =>
      [...configHead({ adminSocket, level: 'admin', globalOptions: [], checkTimeout: '400ms' }), haproxyCfg()].join(
        '\n',
      ),
  });
  records = patroniRecords(etcd.endpoints, 'pg-test', '/pg');
  await records.put('initialize', '7710219912996130783');
  await records.put('config', JSON.stringify({ ttl: 30, loop_wait: 10, retry_timeout: 10, synchronous_mode: true }));
  await records.put('leader', 'pg-test-1');
  await member('pg-test-2', { tags: twoNodes['pg-test-2'] });
  await member('pg-test-1', { role: 'master' });
  await synchronous('pg-test-1', 'pg-test-2');

  const apiPort = await freePort();
  const file = join(folder.path, 'pgrouted.yaml');
  // Servers that say their name can't be asked by SQL: here records are the proof.
  const yaml = block('yaml', 'preset: delayed').replace(/^ +probe:.*\n/m, '');
  writeFileSync(
    file,
    inPlace(yaml, [
      ['http://10.0.0.10:2379', etcd.endpoints[0] ?? ''],
      ['    services:', `    pooler_port: ${poolerPort}\n    services:`],
    ]).concat(
      `haproxy: [{ socket: ${haproxy.adminSocket}, master_socket: ${haproxy.masterSocket} }]\n`,
      `http: { listen: "127.0.0.1:${apiPort}" }\n`,
    ),
  );
  daemon = await startProcess({
    folder: folder.path,
    name: 'pgrouted',
    args: ['--config', file],
    url: `http://127.0.0.1:${apiPort}`,
  });
  await daemon.ready();
  watch = watchOverlap(haproxy.adminSocket, 'pg-test-primary', 5);
});

afterAll(async () => {
  await watch?.stop();
  records?.close();
  await daemon?.kill();
  await haproxy?.stop();
  for (const server of stand.values()) await server.stop();
  await etcd?.stop();
  folder.remove();
});

const twoNodes = { 'pg-test-1': {}, 'pg-test-2': { pg_offline_query: true }, 'pg-test-3': {} };

describe("Pigsty's services on two nodes", () => {
  let writer: ClientSession;
  let reader: ClientSession;
  let analyst: ClientSession;

  it('lead where Pigsty wants them: through the pooler or past it', async () => {
    await settled({
      primary: 'pg-test-1 pooler',
      default: 'pg-test-1 postgres',
      replica: 'pg-test-2 pooler',
      standby: 'pg-test-2 pooler',
      offline: 'pg-test-2 postgres',
    });
    expect(await leadsTo('delayed')).toBeUndefined();
    const { targets } = await daemon.status();
    expect(targets.flatMap(({ problems }) => problems.map(({ code, text }) => `${code}: ${text}`))).toEqual([]);
    [writer, reader, analyst] = [
      await openSession(portOf('primary')),
      await openSession(portOf('replica')),
      await openSession(portOf('offline')),
    ];
  });

  it('follow a switchover: the offline service has no hole, nothing was reloaded', async () => {
    const worker = await haproxy.workerPid();
    await switchover('pg-test-1', 'pg-test-2', 2, twoNodes);
    await settled({
      primary: 'pg-test-2 pooler',
      default: 'pg-test-2 postgres',
      replica: 'pg-test-1 pooler',
      standby: 'pg-test-1 pooler',
      offline: 'pg-test-1 postgres',
    });
    expect(await haproxy.workerPid()).toBe(worker);
    const cluster = (await daemon.status()).clusters[0];
    const offline = cluster?.services.find(({ name }) => name === 'offline');
    expect(offline?.reason.code).toBe('read_on_backup');
  });

  it('end sessions on the old primary, and on a standby that was promoted under them', async () => {
    await Promise.all([writer.ended, reader.ended, analyst.ended]);
    expect([writer, reader, analyst].map(({ server }) => server)).toEqual([
      'pg-test-1 pooler',
      'pg-test-2 pooler',
      'pg-test-2 postgres',
    ]);
    // The readers' own line is left for good; new ones come by the backup line.
    const replica = (await daemon.status()).clusters[0]?.services.find(({ name }) => name === 'replica');
    expect(replica?.servers.find(({ member: name }) => name === 'pg-test-2')).toMatchObject({
      sessions: 'end',
      lines: { own: 'maint', backup: 'ready' },
    });
  });

  it('fall back by themselves while pgrouted is dead: HAProxy holds both tiers', async () => {
    await daemon.kill();
    await stand.get('pg-test-1 pooler')?.stop();
    await settled({ replica: 'pg-test-2 pooler', standby: 'pg-test-2 pooler', primary: 'pg-test-2 pooler' });
    stand.set('pg-test-1 pooler', await startIdentityServer('pg-test-1 pooler', poolerPort, hostOf('pg-test-1')));
    await settled({ replica: 'pg-test-1 pooler', standby: 'pg-test-1 pooler' });
    await daemon.start();
    await daemon.ready();
    await settled({ replica: 'pg-test-1 pooler', primary: 'pg-test-2 pooler' });
  });
});

describe("Pigsty's services on three nodes", () => {
  it('take a dedicated node in, and let those who are on its stand-in finish', async () => {
    const analyst = await openSession(portOf('offline'));
    expect(analyst.server).toBe('pg-test-1 postgres');
    await member('pg-test-3', { timeline: 2, tags: { pg_role: 'offline' } });
    await settled({ offline: 'pg-test-3 postgres', replica: 'pg-test-1 pooler' });
    expect(await analyst.echo('still here')).toBe(true);
    analyst.close();
  });

  it('move a node from one service to another by its tags', async () => {
    await member('pg-test-3', { timeline: 2, tags: { pg_role: 'delayed' } });
    await settled({ delayed: 'pg-test-3 postgres', offline: 'pg-test-1 postgres', replica: 'pg-test-1 pooler' });
  });

  it('follow the next switchover', async () => {
    const analyst = await openSession(portOf('offline'));
    expect(analyst.server).toBe('pg-test-1 postgres');
    await switchover('pg-test-2', 'pg-test-1', 3, twoNodes);
    await member('pg-test-3', { timeline: 3, tags: { pg_role: 'delayed' } });
    await settled({
      primary: 'pg-test-1 pooler',
      default: 'pg-test-1 postgres',
      replica: 'pg-test-2 pooler',
      standby: 'pg-test-2 pooler',
      offline: 'pg-test-2 postgres',
      delayed: 'pg-test-3 postgres',
    });
    await analyst.ended;
  });

  it('never had two writers', () => {
    expect(watch.overlaps()).toEqual([]);
    expect(watch.samples()).toBeGreaterThan(0);
  });
});
