// Availability on a real primary with a standby: the age of the row that the primary's clock wrote, as PgRoute66 (0.8) means it.
import { Availability } from '@pgrouted/core/controller/availability';
import type { KnownCluster } from '@pgrouted/core/controller/known-cluster';
import { type LogFields, silentLog } from '@pgrouted/core/model/log';
import type { ClusterSpec, PostgresSpec } from '@pgrouted/core/model/spec';
import { postgresView } from '@pgrouted/core/postgres/view';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { isA, type ObservedProber, observeProber, probeSpec, realClock } from '../lab/probing.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const probers: ObservedProber[] = [];
let pg1: Postgres;
let pg2: Postgres;

/** One router's eyes on both servers: its prober, and the picture that it makes of what they say. */
interface Onlooker {
  readonly of: (member: string, limitS?: number) => ReturnType<Availability['of']>;
  readonly observed: ObservedProber;
  readonly warnings: readonly LogFields[];
}

async function onlooker(user = 'postgres', connectTimeoutMs = 2_000): Promise<Onlooker> {
  const connection = probeSpec({ user, connectTimeoutMs });
  const source: PostgresSpec = {
    kind: 'postgres',
    hosts: [pg1, pg2].map(({ name, port }) => ({ name, address: { host: '127.0.0.1', port }, connection })),
  };
  const spec: ClusterSpec = { name: 'orders', source, probe: connection, grace: 'auto', services: [] };
  const observed = observeProber({ user, connectTimeoutMs });
  const { prober, next } = observed;
  probers.push(observed);
  const first = Promise.all([next('pg1', isA('primary')), next('pg2', isA('standby'))]);
  prober.watch(source.hosts);
  await first;
  const warnings: LogFields[] = [];
  const availability = new Availability({
    clock: realClock,
    log: { ...silentLog, warn: (fields) => warnings.push(fields) },
    ask: (_, member, text) => prober.query(member, text),
  });
  const known = (): readonly KnownCluster[] => [
    { spec, view: postgresView({ name: spec.name, source }, undefined, prober.readings(), 60_000, realClock.now()) },
  ];
  return { of: (member, limitS = 10) => availability.of(member, limitS, known()), observed, warnings };
}

const rows = async (server = pg1): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  server.sql('select extract(epoch from now() - pgr66_avc)::float8 as age, pgr66_avc::text as at from pgr66_avc');
/** The row is a while old, without anybody having to wait. */
const age = (seconds: number) => pg1.sql(`update pgr66_avc set pgr66_avc = now() - interval '${seconds} seconds'`);
const replayed = async (): Promise<void> => {
  await eventually('the standby to have replayed', async () => {
    const [row] = await pg1.sql('select pg_current_wal_lsn()::text as at');
    const [there] = await pg2.sql(`select pg_last_wal_replay_lsn() >= '${row?.['at']}' as done`);
    return there?.['done'] === true;
  });
};
const notThere = { kind: 'failed', text: 'table "public"."pgr66_avc" does not exist' };

beforeAll(async () => {
  pg1 = await startPostgres({ folder: folder.path, name: 'pg1', settings: { timezone: 'Asia/Kolkata' } });
  await pg1.sql('create role reader login');
  pg2 = await startPostgres({
    folder: folder.path,
    name: 'pg2',
    standbyOf: pg1,
    settings: { timezone: 'Asia/Kolkata' },
  });
});
beforeEach(async () => {
  await pg1.sql('drop table if exists pgr66_avc');
  await replayed();
});
afterEach(async () => {
  await Promise.all(probers.splice(0).map(({ prober }) => prober.close()));
});
afterAll(async () => {
  await pg2.stop('immediate');
  await pg1.stop('immediate');
  folder.remove();
});

describe('availability', () => {
  it('makes the table with its one row, as PgRoute66 does, and is ok', async () => {
    const { of } = await onlooker();
    expect(await of('pg1')).toEqual({ kind: 'ok' });
    expect(await rows()).toHaveLength(1);
    const [column] = await pg1.sql(
      "select column_name, data_type from information_schema.columns where table_schema = 'public' and table_name = 'pgr66_avc'",
    );
    expect(column).toEqual({ column_name: 'pgr66_avc', data_type: 'timestamp without time zone' });
    await replayed();
    expect(await of('pg2')).toEqual({ kind: 'ok' });
  });

  it('is exceeded with the age of the row on that server, which the next request finds set to now', async () => {
    const { of } = await onlooker();
    await of('pg1');
    await of('pg1');
    await eventually('the row to be set', async () => Number((await rows())[0]?.['age']) < 5);
    await age(600);
    await replayed();
    const [first, second] = [await of('pg2'), await of('pg1')];
    expect(first).toMatchObject({ kind: 'exceeded', limit: 10 });
    if (first.kind === 'exceeded') expect(Math.round(first.age / 60)).toBe(10);
    expect(second).toEqual({ kind: 'ok' });
    expect((await of('pg1', -1)).kind).toBe('exceeded');
    expect((await of('pg9')).kind).toBe('failed');
  });

  it('grows on a standby that does not replay, and is ok again when it does', async () => {
    const { of } = await onlooker();
    await of('pg1');
    await age(100);
    await replayed();
    await pg2.sql('select pg_wal_replay_pause()');
    await eventually('the pause', async () => {
      const [row] = await pg2.sql('select pg_get_wal_replay_pause_state() as state');
      return row?.['state'] === 'paused';
    });
    // Each request sets the primary's row, none of it arrives.
    for (const _ of [1, 2]) expect(await of('pg2')).toMatchObject({ kind: 'exceeded', limit: 10 });
    expect(await of('pg1')).toEqual({ kind: 'ok' });
    await pg2.sql('select pg_wal_replay_resume()');
    await replayed();
    expect(await of('pg2')).toEqual({ kind: 'ok' });
  });

  it('says that the table does not exist where a standby has not replayed it, or a role may not make it', async () => {
    await pg2.sql('select pg_wal_replay_pause()');
    const { of } = await onlooker();
    expect(await of('pg2')).toEqual(notThere);
    await pg2.sql('select pg_wal_replay_resume()');
    await replayed();
    await pg1.sql('drop table pgr66_avc');
    const reader = await onlooker('reader');
    for (const _ of [1, 2]) expect(await reader.of('pg1')).toEqual(notThere);
    expect(reader.warnings).toEqual([
      { cluster: 'orders', member: 'pg1', err: expect.stringContaining('permission denied for schema public') },
    ]);
    await of('pg1');
    expect(await reader.of('pg1')).toEqual({
      kind: 'failed',
      text: 'ERROR: permission denied for table pgr66_avc (SQLSTATE 42501)',
    });
  });

  it('makes one table with one row when several routers ask at the same instant', async () => {
    const routers = await Promise.all([onlooker(), onlooker(), onlooker(), onlooker()]);
    const answers = await Promise.all(routers.flatMap(({ of }) => [of('pg1'), of('pg1')]));
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['ok']));
    expect(routers.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(await rows()).toHaveLength(1);
  });

  it('is not held up by settings of the role that would have it wait or fail', async () => {
    await pg1.sql(`create role careful login; grant create on schema public to careful;
      alter role careful set default_transaction_isolation = 'repeatable read'`);
    // No standby of this name exists: whoever commits as usual waits for it for ever.
    await pg1.sql("alter system set synchronous_standby_names = 'nobody'");
    await pg1.sql('select pg_reload_conf()');
    const waitedFor = (name: string) => async (): Promise<boolean> => {
      const [row] = await pg1.sql('show synchronous_standby_names');
      return row?.['synchronous_standby_names'] === name;
    };
    await eventually('the setting to hold', waitedFor('nobody'));
    const { of, warnings } = await onlooker('careful');
    const answers = [await of('pg1'), ...(await Promise.all([of('pg1'), of('pg1')]))];
    await eventually('the row to be set', async () => (await rows()).length === 1);
    await pg1.sql('alter system reset synchronous_standby_names');
    await pg1.sql('select pg_reload_conf()');
    await eventually('the setting to be gone', waitedFor(''));
    expect(answers).toEqual([{ kind: 'ok' }, { kind: 'ok' }, { kind: 'ok' }]);
    expect(warnings).toEqual([]);
  });

  it('of a primary that is down can’t be read, of its standby still can; a frozen one holds nobody for long', async () => {
    const { of, observed } = await onlooker('postgres', 500);
    await of('pg1');
    await replayed();
    pg1.freeze();
    expect(await of('pg1')).toEqual({ kind: 'failed', text: 'failed to check for table "public"."pgr66_avc"' });
    expect(await of('pg2')).toEqual({ kind: 'ok' });
    pg1.thaw();
    const down = observed.next('pg1', isA('down'));
    await pg1.stop('fast');
    await down;
    expect(await of('pg1')).toEqual({ kind: 'failed', text: 'failed to check for table "public"."pgr66_avc"' });
    expect(await of('pg2')).toEqual({ kind: 'ok' });
    await pg1.start();
  });
});
