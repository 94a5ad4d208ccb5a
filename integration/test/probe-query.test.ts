// Questions of our own beside the probe's, to a real PostgreSQL: what they give, that they end, and that the probe never waits for them.
import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { isA, type ObservedProber, observeProber, probeSpec } from '../lab/probing.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const probers: ObservedProber[] = [];
let server: Postgres;

const observe = (...[spec, more]: Parameters<typeof observeProber>): ObservedProber => {
  const observed = observeProber({ user: 'postgres', ...spec }, more);
  probers.push(observed);
  return observed;
};
const at = (port = server.port) => ({ name: 'a', address: { host: '127.0.0.1', port } });
const sessions = async (): Promise<readonly unknown[]> =>
  (await server.sql("select pid from pg_stat_activity where application_name = 'pgrouted' order by 1")).map(
    ({ pid }) => pid,
  );

beforeAll(async () => {
  server = await startPostgres({ folder: folder.path, name: 'server' });
});
afterEach(async () => {
  await Promise.all(probers.splice(0).map(({ prober }) => prober.close()));
});
afterAll(async () => {
  await server.stop('immediate');
  folder.remove();
});

describe('a question of our own', () => {
  it('gives the rows of the last statement in PostgreSQL’s own words, on one session that is kept', async () => {
    const { prober, next } = observe({});
    prober.watch([at()]);
    await next('a', isA('primary'));
    const text =
      "create temp table if not exists t (a int); select 1; select true, null, 1.50, '{1,2}'::int[], e'a\\nb'";
    expect(await prober.query('a', text)).toEqual({ ok: true, rows: [['t', null, '1.50', '{1,2}', 'a\nb']] });
    // The same session knows the table.
    expect(await prober.query('a', 'insert into t values (7); select * from t')).toEqual({ ok: true, rows: [['7']] });
    expect(await prober.query('a', 'delete from t')).toEqual({ ok: true, rows: [] });
    expect(await sessions()).toHaveLength(2);
  });

  it('is refused in the words of the server, as a whole, and the next one is answered', async () => {
    const { prober } = observe({});
    prober.watch([at()]);
    const refused = await prober.query('a', 'create table half (a int); select 1 / 0');
    expect(refused).toEqual({ ok: false, error: 'ERROR: division by zero (SQLSTATE 22012)' });
    expect(await prober.query('a', "select to_regclass('half')")).toEqual({ ok: true, rows: [[null]] });
    expect(await prober.query('b', 'select 1')).toEqual({ ok: false, error: 'b is not watched by the probe' });
  });

  it('says why it could not be put, without a secret', async () => {
    const { prober } = observe({ dbname: 'nowhere', password: 'open-barley' });
    prober.watch([at()]);
    const answer = await prober.query('a', 'select 1');
    expect(answer).toMatchObject({ ok: false, error: expect.stringContaining('3D000') });
    expect(JSON.stringify(answer)).not.toContain('barley');
  });

  it('one after the other where several come at once, and no more than can be waited for', async () => {
    const { prober } = observe({});
    prober.watch([at()]);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, count) => prober.query('a', `select ${count}, pg_backend_pid()`)),
    );
    const given = answers.flatMap((answer) => (answer.ok ? answer.rows : []));
    expect(given.map(([count]) => Number(count))).toEqual(given.map((_, count) => count));
    expect(new Set(given.map(([, pid]) => pid)).size).toBe(1);
    const errors = answers.flatMap((answer) => (answer.ok ? [] : [answer.error]));
    expect(given.length + errors.length).toBe(60);
    expect(errors.length).toBeGreaterThan(0);
    expect(new Set(errors)).toEqual(new Set([expect.stringContaining('too many questions wait')]));
  });

  it('that waits for a lock ends in time, here and on the server, and the probe never notices', async () => {
    const { prober, next, seen } = observe({ connectTimeoutMs: 600, intervalMs: 20 });
    prober.watch([at()]);
    await server.sql('create table locked (a int)');
    const holder = observe({ connectTimeoutMs: 20_000 }).prober;
    holder.watch([at()]);
    const held = holder.query('a', 'lock table locked; select pg_sleep(15)');
    await eventually('the lock to be held', async () => {
      const [row] = await server.sql("select from pg_locks where relation = 'locked'::regclass and granted");
      return row !== undefined;
    });
    const waits = prober.query('a', 'select * from locked');
    const behind = prober.query('a', 'select 1');
    expect(await waits).toMatchObject({ ok: false, error: expect.stringMatching(/57014|no answer from 127.0.0.1/) });
    expect((await behind).ok).toBe(false);
    await eventually('the server to give up as well', async () => {
      const [row] = await server.sql("select from pg_locks where relation = 'locked'::regclass and not granted");
      return row === undefined;
    });
    expect(await prober.query('a', 'select 2')).toEqual({ ok: true, rows: [['2']] });
    await next('a', isA('primary'));
    expect(seen('a').every(isA('primary'))).toBe(true);
    await holder.close();
    expect(await held).toMatchObject({ ok: false });
    await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'set local%pg_sleep%'");
  });

  it('to a server that is frozen, or to nobody, ends in time; the next one reaches it when it is back', async () => {
    const { prober } = observe({ connectTimeoutMs: 400 });
    prober.watch([at()]);
    expect((await prober.query('a', 'select 1')).ok).toBe(true);
    server.freeze();
    const lost = await Promise.all([prober.query('a', 'select 1'), prober.query('a', 'select 2')]);
    server.thaw();
    expect(lost).toEqual([
      { ok: false, error: expect.stringContaining('no answer from') },
      { ok: false, error: expect.stringContaining('no answer from') },
    ]);
    await eventually('an answer', async () => (await prober.query('a', 'select 1')).ok);
  });

  it('is put on a new session when the old one has grown old, and none is kept that nobody uses', async () => {
    const { prober } = observe({ intervalMs: 600_000 }, { renewAfterMs: 50 });
    prober.watch([at()]);
    const pids = new Set<string>();
    await eventually('another session', async () => {
      const answer = await prober.query('a', 'select pg_backend_pid()');
      if (answer.ok) pids.add(String(answer.rows[0]?.[0]));
      return pids.size > 1;
    });
    await eventually('the probe alone to be connected', async () => (await sessions()).length === 1);
    expect((await sessions()).map(String).some((pid) => pids.has(pid))).toBe(false);
  });

  it('is put on a new session when the old one was ended, and gets no answer once the prober is closed', async () => {
    const { prober } = observe({ intervalMs: 600_000 });
    prober.watch([at()]);
    const pid = async (): Promise<string> => {
      const answer = await prober.query('a', 'select pg_backend_pid()');
      return answer.ok ? String(answer.rows[0]?.[0]) : answer.error;
    };
    const first = await pid();
    await server.sql(`select pg_terminate_backend(${first})`);
    await eventually('another session', async () => /^\d+$/.test(await pid()) && (await pid()) !== first);
    const pending = prober.query('a', 'select pg_sleep(1)');
    await prober.close();
    expect(await pending).toEqual({ ok: false, error: expect.stringContaining('asked nothing any more') });
    expect((await prober.query('a', 'select 1')).ok).toBe(false);
    await eventually('all sessions to end', async () => (await sessions()).length === 0);
  });
});

describe('many servers', () => {
  it('black holes delay nobody: each server has its own deadline', async () => {
    // Fakes: listeners that accept and say nothing, as a host behind a broken firewall does.
    const open = new Set<Socket>();
    const holes = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const hole = createServer((socket) => open.add(socket.on('error', () => {}).resume()));
        await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
        return hole;
      }),
    );
    const names = holes.map((_, count) => `hole${count}`);
    const { prober, next, seen } = observe({ connectTimeoutMs: 2_500, intervalMs: 20 });
    const ports = holes.map((hole) => {
      const address = hole.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    });
    prober.watch([...names.map((name, count) => ({ ...at(ports[count]), name })), at()]);
    const silences = Promise.all(names.map((name) => next(name, isA('silent'))));
    while (seen('a').length < 10) await next('a', isA('primary'));
    expect(names.flatMap(seen)).toEqual([]);
    expect((await prober.query('a', 'select 1')).ok).toBe(true);
    await silences;
    expect(seen('a').every(isA('primary'))).toBe(true);
    await prober.close();
    for (const socket of open) socket.destroy();
    for (const hole of holes) hole.close();
  });

  it('each is reached by its own connection, and a changed one by a new session', async () => {
    await server.sql('create role reader login; create role writer login');
    const { prober, next } = observe({ intervalMs: 50 });
    const connection = (user: string, applicationName: string) =>
      ({ ...probeSpec(), user, applicationName, options: '-c work_mem=3MB' }) as const;
    const whoami = "select current_user, current_setting('application_name'), current_setting('work_mem')";
    prober.watch([
      { ...at(), connection: connection('reader', 'one') },
      { ...at(), name: 'b' },
    ]);
    expect(await prober.query('a', whoami)).toEqual({ ok: true, rows: [['reader', 'one', '3MB']] });
    expect(await prober.query('b', whoami)).toEqual({ ok: true, rows: [['postgres', 'pgrouted', '4MB']] });
    await next('a', isA('primary'));
    const sameAsBefore = { ...at(), connection: connection('reader', 'one') };
    prober.watch([sameAsBefore]);
    expect(prober.readings().get('a')).toBeDefined();
    prober.watch([{ ...at(), connection: connection('writer', 'two') }]);
    expect(prober.readings().get('a')).toBeUndefined();
    expect(await prober.query('a', whoami)).toEqual({ ok: true, rows: [['writer', 'two', '3MB']] });
    await eventually('the old sessions to end', async () => {
      const [row] = await server.sql("select count(*)::int as n from pg_stat_activity where usename = 'reader'");
      return row?.['n'] === 0;
    });
  });
});
