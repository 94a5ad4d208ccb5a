// The probe against a real PostgreSQL: what it reads when a server starts, serves, is promoted, stops, dies, freezes or turns it away.
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, type PostgresOptions, startPostgres } from '../lab/postgres.ts';
import { anyReading, isA, type ObservedProber, observeProber } from '../lab/probing.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const servers: Postgres[] = [];
const probers: ObservedProber[] = [];
let primary: Postgres;
let standby: Postgres;

const server = async (name: string, options: Partial<PostgresOptions> = {}): Promise<Postgres> => {
  const started = await startPostgres({ folder: folder.path, name, ...options });
  servers.push(started);
  return started;
};
const at = ({ port }: { readonly port: number }, host = '127.0.0.1') => ({ name: 'a', address: { host, port } });
const observe = (...options: Parameters<typeof observeProber>): ObservedProber => {
  const [spec, more] = options;
  const observed = observeProber({ user: 'probe', password: 'sesame', ...spec }, more);
  probers.push(observed);
  return observed;
};
const ourSessions = async (of: Postgres): Promise<readonly unknown[]> =>
  (await of.sql("select pid from pg_stat_activity where application_name = 'pgrouted'")).map(({ pid }) => pid);
const client = async ({ socketFolder, port }: Postgres): Promise<pg.Client> => {
  const connected = new pg.Client({ host: socketFolder, port, user: 'postgres', database: 'postgres' });
  connected.on('error', () => {});
  await connected.connect();
  return connected;
};
/** Only an event can bring a reading while this lasts. */
const atRest = { intervalMs: 600_000 };

beforeAll(async () => {
  const hba = [
    'host all probe 127.0.0.1/32 scram-sha-256',
    'host all old 127.0.0.1/32 md5',
    'host all postgres 127.0.0.1/32 trust',
  ];
  primary = await server('primary', { hba, settings: { max_connections: 12, superuser_reserved_connections: 4 } });
  await primary.sql(
    "create role probe login password 'sesame'; set password_encryption = 'md5'; create role old login password 'sesame'",
  );
  standby = await server('standby', { standbyOf: primary, hba });
});
afterEach(async () => {
  await Promise.all(probers.splice(0).map(({ prober }) => prober.close()));
});
afterAll(async () => {
  await Promise.all(servers.map((each) => each.stop('immediate')));
  folder.remove();
});

describe('a server that answers', () => {
  it('tells an unprivileged role what it is, by one session that says goodbye', async () => {
    const { prober, next } = observe({});
    prober.watch([at(primary), { ...at(standby), name: 'b' }]);
    const [a, b] = await Promise.all([next('a', isA('primary')), next('b', isA('standby'))]);
    expect(a.timeline).toBe(1);
    expect(a.position).toBeGreaterThan(0n);
    expect(b.timeline).toBeUndefined();
    expect(b.replayPosition).toBeGreaterThan(0n);
    expect(b.receivePosition).toBeGreaterThan(0n);
    // All that came is replayed, however long ago the last commit was.
    expect(b.replayDelayMs).toBe(0);
    await next('a', isA('primary'));
    expect(prober.readings().get('a')?.lastAnswer?.kind).toBe('primary');
    expect(await ourSessions(primary)).toHaveLength(1);
    await prober.close();
    expect(prober.readings().size).toBe(0);
    await eventually('the session to end', async () => (await ourSessions(primary)).length === 0);
    expect(primary.log()).not.toMatch(/unexpected EOF|could not receive data/);
  });

  it('tells a privileged role the timeline that a standby receives', async () => {
    const { prober, next } = observe({ user: 'postgres', password: undefined });
    prober.watch([at(standby)]);
    expect((await next('a', isA('standby'))).timeline).toBe(1);
  });

  it('takes an md5 password too', async () => {
    const { prober, next } = observe({ user: 'old' });
    prober.watch([at(primary)]);
    await next('a', isA('primary'));
  });

  it('is asked at once when somebody hurries, and again and again by the same session', async () => {
    const { prober, next, seen } = observe(atRest);
    prober.watch([at(primary)]);
    await next('a', isA('primary'));
    const before = await ourSessions(primary);
    prober.hurry(['a']);
    await next('a', isA('primary'));
    while (seen('a').length < 50) await next('a', anyReading);
    expect(seen('a').every(isA('primary'))).toBe(true);
    expect(await ourSessions(primary)).toEqual(before);
    const sent = seen('a').map((reading) => reading.at);
    expect(sent).toEqual([...sent].sort((x, y) => x - y));
  });

  it('is connected to anew when somebody ends our session, without a false alarm', async () => {
    const { prober, next, seen } = observe(atRest);
    prober.watch([at(primary)]);
    await next('a', isA('primary'));
    const again = next('a', anyReading);
    await primary.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgrouted'");
    expect((await again).kind).toBe('primary');
    expect(seen('a').map(({ kind }) => kind)).toEqual(['primary', 'primary']);
  });

  it('is left for another address, whose readings are its own', async () => {
    const { prober, next } = observe(atRest);
    prober.watch([at(primary)]);
    await next('a', isA('primary'));
    prober.watch([at(standby)]);
    expect(prober.readings().get('a')).toBeUndefined();
    expect((await next('a', anyReading)).kind).toBe('standby');
    await eventually('the old session to end', async () => (await ourSessions(primary)).length === 0);
  });

  it('gets a new session now and then, and keeps the old one where none can be had', async () => {
    const { prober, next, seen } = observe({ intervalMs: 20 }, { renewAfterMs: 60 });
    prober.watch([at(primary)]);
    await next('a', isA('primary'));
    const first = await ourSessions(primary);
    await eventually('another session', async () => String(await ourSessions(primary)) !== String(first));
    await primary.sql('alter role probe nologin');
    const known = seen('a').length;
    while (seen('a').length < known + 20) await next('a', anyReading);
    await primary.sql('alter role probe login');
    expect(seen('a').every(isA('primary'))).toBe(true);
    expect(primary.log()).toContain('role "probe" is not permitted to log in');
  });
});

describe('a server that turns us away', () => {
  it('a wrong password is denied, and no password is told', async () => {
    const { prober, next } = observe({ password: 'open-barley' });
    prober.watch([at(primary)]);
    const { error } = await next('a', isA('denied'));
    expect(error).toContain('SQLSTATE 28P01');
    expect(error).not.toContain('barley');
  });

  it('a missing password says what to set', async () => {
    const { prober, next } = observe({ password: undefined });
    prober.watch([at(primary)]);
    expect((await next('a', isA('denied'))).error).toContain('set password or passfile');
  });

  it('a role without an entry in pg_hba.conf and a database that does not exist are denied', async () => {
    const stranger = observe({ user: 'stranger' });
    stranger.prober.watch([at(primary)]);
    expect((await stranger.next('a', isA('denied'))).error).toMatch(/no pg_hba.conf entry.*check pg_hba.conf/);
    const lost = observe({ dbname: 'nowhere' });
    lost.prober.watch([at(primary)]);
    expect((await lost.next('a', isA('denied'))).error).toContain('3D000');
  });

  it('too many connections are denied until there is room', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => client(primary)));
    const { prober, next } = observe({});
    prober.watch([at(primary)]);
    expect((await next('a', isA('denied'))).error).toMatch(/53300.*too many connections: raise max_connections/);
    await Promise.all(clients.map((each) => each.end()));
    await next('a', isA('primary'));
  });

  it('something that is no PostgreSQL is no server for us', async () => {
    // A fake: no PostgreSQL speaks HTTP.
    const web = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as AddressInfo;
    const { prober, next } = observe({});
    prober.watch([at({ port })]);
    expect(['denied', 'down', 'silent']).toContain((await next('a', anyReading)).kind);
    await prober.close();
    web.close();
  });
});

describe('a server that starts and stops', () => {
  it('is starting until it has recovered', async () => {
    const gate = join(folder.path, 'gate');
    const late = await server('late', {
      standbyOf: primary,
      settings: { restore_command: `while [ ! -e ${gate} ]; do sleep 0.05; done; false` },
      start: false,
    });
    const { prober, next } = observe({});
    prober.watch([at(late)]);
    await next('a', isA('down'));
    await late.start({ wait: false });
    expect((await next('a', isA('starting'))).error).toContain('57P03');
    writeFileSync(gate, '');
    await next('a', isA('standby'));
    await late.stop();
  });

  it('stopping and down are told by the end of our session, and its return is found at leisure', async () => {
    const own = await server('stopper');
    const { prober, next, seen } = observe({ user: 'postgres', ...atRest });
    prober.watch([at(own)]);
    await next('a', isA('primary'));
    const down = next('a', isA('down'));
    await own.stop('fast');
    expect((await down).error).toMatch(/ECONNREFUSED|ECONNRESET/);
    expect(seen('a').map(({ kind }) => kind)).not.toContain('silent');
    const back = next('a', isA('primary'));
    await own.start();
    await back;
  });

  it('a smart shutdown is stopping, and does not wait for us', async () => {
    const own = await server('smart');
    const { prober, next } = observe({ user: 'postgres', intervalMs: 50 }, { renewAfterMs: 100 });
    prober.watch([at(own)]);
    await next('a', isA('primary'));
    const last = await client(own);
    const stopped = own.stop('smart');
    expect((await next('a', isA('stopping'))).error).toContain('shutting down');
    const down = next('a', isA('down'));
    await last.end();
    await stopped;
    await down;
  });

  it('kill -9 is down at once, by the end of our session', async () => {
    const own = await server('killed');
    const { prober, next } = observe({ user: 'postgres', ...atRest });
    prober.watch([at(own)]);
    await next('a', isA('primary'));
    const after = next('a', anyReading);
    await own.kill9();
    expect((await after).kind).toBe('down');
    // The last answer is kept beside the fault.
    expect(prober.readings().get('a')).toMatchObject({ latest: { kind: 'down' }, lastAnswer: { kind: 'primary' } });
  });

  it('the crash of a backend is recovery, then the same server again', async () => {
    const { prober, next, seen } = observe({ burstMs: 5 });
    prober.watch([at(primary)]);
    prober.hurry(['a']);
    await next('a', isA('primary'));
    const victim = await client(primary);
    const [row] = (await victim.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
    const away = next('a', (reading): reading is typeof reading => reading.kind !== 'primary');
    process.kill(row?.pid ?? 0, 'SIGKILL');
    expect(['starting', 'stopping', 'down']).toContain((await away).kind);
    await next('a', isA('primary'));
    expect(seen('a').map(({ kind }) => kind)).not.toContain('denied');
  });
});

describe('a server that is frozen', () => {
  it('is silent in a burst and at leisure, and answers when it thaws', async () => {
    const [hurried, calm] = [observe({}), observe({ connectTimeoutMs: 300 })];
    hurried.prober.watch([at(primary)]);
    calm.prober.watch([at(primary)]);
    await Promise.all([hurried.next('a', isA('primary')), calm.next('a', isA('primary'))]);
    hurried.prober.hurry(['a']);
    primary.freeze();
    const [silence] = await Promise.all([hurried.next('a', isA('silent')), calm.next('a', isA('silent'))]);
    expect(silence.error).toContain(`no answer from 127.0.0.1:${primary.port}`);
    await hurried.next('a', isA('silent'));
    primary.thaw();
    await Promise.all([hurried.next('a', isA('primary')), calm.next('a', isA('primary'))]);
    await eventually('one session each', async () => (await ourSessions(primary)).length === 2);
  });

  it('is not confused with us being frozen', async () => {
    const { prober, next, seen } = observe(atRest);
    prober.watch([at(primary)]);
    await next('a', isA('primary'));
    const answer = next('a', anyReading);
    prober.hurry(['a']);
    // The question has been sent; its deadline passes while nothing here can read the answer.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    await answer;
    expect(seen('a').map(({ kind }) => kind)).not.toContain('silent');
  });

  it('is never waited for twice at a time', async () => {
    // A fake: a frozen PostgreSQL can't tell how many connections lie before its door.
    const open = new Set<Socket>();
    let accepted = 0;
    const mute = createServer((socket) => {
      open.add(socket.on('error', () => {}).on('close', () => open.delete(socket)));
      accepted += 1;
      socket.resume();
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const { prober, next } = observe({ connectTimeoutMs: 700 });
    prober.watch([at({ port })]);
    prober.hurry(['a']);
    for (let count = 0; count < 4; count += 1) await next('a', isA('silent'));
    expect(accepted).toBeLessThanOrEqual(4);
    await eventually('all but one to be given up', () => open.size === 1);
    await prober.close();
    for (const socket of open) socket.destroy();
    mute.close();
  });
});

describe('promotion', () => {
  it('is seen by the session that watched the standby, with the new timeline, without a gap', async () => {
    const { prober, next, seen } = observe({});
    prober.watch([at(standby)]);
    prober.hurry(['a']);
    await next('a', isA('standby'));
    const before = await ourSessions(standby);
    const first = next('a', isA('primary'));
    await standby.promote();
    expect((await first).timeline).toBe(2);
    expect(await ourSessions(standby)).toEqual(before);
    expect(new Set(seen('a').map(({ kind }) => kind))).toEqual(new Set(['standby', 'primary']));
  });
});
