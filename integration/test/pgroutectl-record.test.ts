// `pgroutectl record` as a process of its own, on a real etcd and a real PostgreSQL: what it writes is what etcdctl and psql did.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, type Program, startProgram, temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
let etcd: EtcdLab;
let postgres: Postgres;

beforeAll(async () => {
  [etcd, postgres] = await Promise.all([
    startEtcd({ folder: folder.path, members: 1 }),
    startPostgres({ folder: folder.path, name: 'n1' }),
  ]);
});

afterAll(async () => {
  await Promise.all([etcd?.stop(), postgres?.stop('immediate')]);
  folder.remove();
});

let runs = 0;
function pgroutectl(...args: readonly string[]): Program {
  runs += 1;
  return startProgram({
    name: 'pgroutectl',
    command: process.execPath,
    args: ['--import', 'tsx', main, ...args],
    logFile: join(folder.path, `run${runs}.log`),
  });
}

function configFile(endpoints: readonly string[]): string {
  const path = join(folder.path, `config${runs}.yml`);
  writeFileSync(
    path,
    JSON.stringify({
      etcd: { endpoints },
      clusters: [
        {
          patroni: { scope: 'demo' },
          probe: { user: 'postgres', dbname: 'postgres', sslmode: 'disable', interval: '100ms' },
        },
      ],
    }),
  );
  return path;
}

interface Line {
  readonly t_ms: number;
  readonly type?: string;
  readonly key?: string;
  readonly value?: string;
  readonly init?: boolean;
  readonly mod_revision?: number;
}

const linesOf = (path: string): readonly Line[] =>
  (existsSync(path) ? readFileSync(path, 'utf8') : '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const memberRecord = () =>
  JSON.stringify({
    conn_url: `postgres://joe:s3cret@127.0.0.1:${postgres.port}/postgres`,
    api_url: 'http://127.0.0.1:8008/patroni',
    state: 'running',
    role: 'master',
    version: '3.0.2',
  });

describe('pgroutectl record', () => {
  it('writes the present keys, each change and what PostgreSQL says, and ends cleanly on SIGINT', async () => {
    const output = join(folder.path, 'events.jsonl');
    const probes = join(folder.path, 'probes.jsonl');
    await etcd.etcdctl('put', '/service/demo/initialize', '7710220785090801964');
    await etcd.etcdctl('put', '/service/demo2/leader', 'of another cluster');
    const run = pgroutectl('record', '-c', configFile(etcd.endpoints), '-o', output, '--probe', probes);
    await eventually('the first list', () => linesOf(output).length === 1 || undefined);

    await etcd.etcdctl('put', '/service/demo/members/n1', memberRecord());
    await etcd.etcdctl('put', '/service/demo/leader', 'n1');
    await eventually('the probe to say primary', () => linesOf(probes).length === 1 || undefined);
    await postgres.stop('fast');
    await eventually('the probe to say that it went', () => linesOf(probes).length >= 2 || undefined);
    await etcd.etcdctl('del', '/service/demo/leader');
    await eventually('the delete', () => linesOf(output).length === 4 || undefined);
    run.signal('SIGINT');
    expect(await run.exited).toBe(0);

    expect(readFileSync(output, 'utf8').endsWith('\n')).toBe(true);
    expect(linesOf(output).map(({ type, key, init }) => [type, key, init])).toEqual([
      ['put', '/service/demo/initialize', true],
      ['put', '/service/demo/members/n1', undefined],
      ['put', '/service/demo/leader', undefined],
      ['delete', '/service/demo/leader', undefined],
    ]);
    const values = linesOf(output).map((line) => line.value);
    expect(values[0]).toBe('7710220785090801964');
    expect(JSON.parse(values[1] ?? '')).toMatchObject({
      conn_url: `postgres://***:***@127.0.0.1:${postgres.port}/postgres`,
    });
    expect(linesOf(output)[0]?.t_ms).toBe(0);
    const said = linesOf(probes).map((line) => line.value);
    expect(said[0]).toBe('primary');
    expect(said.at(-1)).toMatch(/^(shutting down|down)$/);
    expect(statSync(output).mode & 0o777).toBe(0o600);
    expect(run.log()).toMatch(/recorded .*: 3 events, \d+ probe changes/);
    expect(run.log()).not.toContain('s3cret');
  });

  it('writes what replay reads, and replay decides as the records say', async () => {
    const output = join(folder.path, 'for-replay.jsonl');
    const config = configFile(etcd.endpoints);
    await etcd.etcdctl('put', '/service/demo/config', '{"ttl":30,"loop_wait":10}');
    const run = pgroutectl('record', '-c', config, '-o', output);
    await eventually('the first list', () => linesOf(output).length > 0 || undefined);
    await etcd.etcdctl('put', '/service/demo/leader', 'n1');
    await etcd.etcdctl('put', '/service/demo/members/n1', memberRecord());
    await etcd.etcdctl('del', '/service/demo/leader');
    await eventually('the delete', () => linesOf(output).at(-1)?.type === 'delete' || undefined);
    run.signal('SIGINT');
    expect(await run.exited).toBe(0);

    const replay = pgroutectl('replay', '-c', config, output);
    expect(await replay.exited).toBe(0);
    const states = replay
      .log()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .filter((change) => change.service === 'primary' && change.member === 'n1')
      .map((change) => change.state);
    expect(states).toContain('ready');
    expect(states.at(-1)).not.toBe('ready');
  });

  it('says when etcd does not confirm any more, and when it does again', async () => {
    const output = join(folder.path, 'frozen.jsonl');
    const run = pgroutectl('record', '-c', configFile(etcd.endpoints), '-o', output);
    await eventually('the first list', () => linesOf(output).length > 0 || undefined);
    const [member] = etcd.members;
    member?.freeze();
    await eventually('the loss', () => linesOf(output).at(-1)?.type === 'unconfirmed' || undefined);
    member?.thaw();
    await eventually('the end of it', () => linesOf(output).at(-1)?.type === 'confirmed' || undefined);
    run.signal('SIGTERM');
    expect(await run.exited).toBe(0);
  });

  it('ends by itself after --duration', async () => {
    const output = join(folder.path, 'short.jsonl');
    const run = pgroutectl('record', '-c', configFile(etcd.endpoints), '-o', output, '--duration', '200ms');
    expect(await run.exited).toBe(0);
    expect(linesOf(output).every((line) => line.init === true)).toBe(true);
  });

  it('does not overwrite a recording unasked', async () => {
    const output = join(folder.path, 'kept.jsonl');
    writeFileSync(output, 'precious\n', { mode: 0o644 });
    const config = configFile(etcd.endpoints);
    const refused = pgroutectl('record', '-c', config, '-o', output, '--duration', '100ms');
    expect(await refused.exited).toBe(2);
    expect(refused.log()).toBe(`pgroutectl: ${output} exists; --force overwrites it\n`);
    expect(readFileSync(output, 'utf8')).toBe('precious\n');

    expect(await pgroutectl('record', '-c', config, '-o', output, '--duration', '100ms', '--force').exited).toBe(0);
    expect(readFileSync(output, 'utf8')).not.toContain('precious');
    expect(statSync(output).mode & 0o777).toBe(0o600);
  });

  it('says which etcd could not be reached, and why', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const run = pgroutectl(
      '--timeout',
      '500ms',
      'record',
      '-c',
      configFile([endpoint]),
      '-o',
      join(folder.path, 'none.jsonl'),
    );
    expect(await run.exited).toBe(1);
    expect(run.log()).toMatch(new RegExp(`etcd gave no list within 500 ms: ${endpoint}: .*refused`, 'i'));
    expect(existsSync(join(folder.path, 'none.jsonl'))).toBe(false);
  });
});
