// The daemon as a process: exit codes, what it says when it can't start, signals, and the haproxy.cfg that it makes from a real etcd.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundles, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { eventually, freePort, startProgram, temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const inFolder = (name: string): string => join(folder.path, name);
let etcd: EtcdLab;

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  const record = (port: number) =>
    JSON.stringify({ conn_url: `postgres://127.0.0.1:${port}/postgres`, state: 'running', role: 'replica' });
  await etcd.etcdctl('put', '/service/orders/members/pg1', record(15432));
  await etcd.etcdctl('put', '/service/orders/members/pg2', record(15433));
});

afterAll(async () => {
  await etcd?.stop();
  folder.remove();
});

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundles.pgrouted, ...args], {
    encoding: 'utf8',
    cwd: folder.path,
  });
  return { status, stdout, stderr };
}

function write(name: string, text: string): string {
  writeFileSync(inFolder(name), text);
  return inFolder(name);
}

const configOf = (endpoint: string, more = ''): string =>
  `etcd: { endpoints: ['${endpoint}'] }\nclusters: [{ patroni: { scope: orders } }]\nhaproxy: [{ socket: nobody.sock }]\n${more}`;

describe('pgrouted that can not start', () => {
  it.each<[what: string, args: () => readonly string[], status: number, line: RegExp]>([
    ['without arguments', () => [], 2, /^pgrouted: give --config FILE or --patroni-config FILE/],
    ['with an unknown option', () => ['--nope'], 2, /^pgrouted: unknown option '--nope'/],
    ['without its file', () => ['--config', 'nowhere.yml'], 78, /^pgrouted: nowhere\.yml: there is no such file\n$/],
    ['with a folder for a file', () => ['--config', '.'], 78, /^pgrouted: \.: it is a folder\n$/],
    [
      'with a wrong file',
      () => ['--config', write('wrong.yml', 'etcd: {}\n')],
      78,
      /wrong\.yml:1:1: clusters: is missing; add it\npgrouted: .*wrong\.yml:1:7: etcd\.endpoints: is missing; add it\n$/,
    ],
    [
      'on an address of another machine',
      () => ['--config', write('far.yml', configOf('http://127.0.0.1:1')), '--listen', '192.0.2.1:8080'],
      1,
      /^pgrouted: HTTP can not listen on 192\.0\.2\.1:8080: this machine has no such address\n$/,
    ],
    [
      "with Patroni's file that is none",
      () => ['--patroni-config', write('none.yml', 'a: 1\n')],
      78,
      /none\.yml:1:1: scope: is missing/,
    ],
  ])('%s says so in a line or two, and with its exit code', (_, args, status, line) => {
    const ended = run(...args());
    expect(ended.stderr).toMatch(line);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect(ended.status).toBe(status);
  });
});

describe('pgrouted check-config', () => {
  it('is content with a right file, and tells what it warns of', () => {
    const file = write('warn.yml', configOf('http://127.0.0.1:1').replace("'] }", "'], user: u, password: M4rk3r }"));
    const { status, stdout, stderr } = run('check-config', '--config', file);
    expect([status, stdout]).toEqual([0, `${file}: no errors\n`]);
    expect(stderr).toMatch(/^pgrouted: warning: etcd\.password stands in the configuration file/);
    expect(run('check-config', '--config', file, '--print').stdout).toContain('"password": "(hidden)"');
  });
});

describe('pgrouted haproxy-config', () => {
  it('prints what haproxy -c accepts, with the members that etcd has', () => {
    const { status, stdout } = run(
      'haproxy-config',
      '--config',
      write('c.yml', configOf(etcd.endpoints[0] ?? '')),
      '--write-port',
      '6432',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/bind :6432/);
    expect(stdout.match(/^ +server .*/gm)?.map((line) => line.trim())).toEqual([
      'server pg1 127.0.0.1:15432 disabled',
      'server pg2 127.0.0.1:15433 disabled',
      'server pg1 127.0.0.1:15432 disabled',
      'server pg2 127.0.0.1:15433 disabled',
    ]);
    expect(stdout).not.toMatch(/external-check|insecure-fork-wanted/);
    expect(spawnSync('haproxy', ['-c', '-f', write('haproxy.cfg', stdout)]).status).toBe(0);
  });

  it('does without etcd when the members are given', () => {
    const config = write('noetcd.yml', configOf('http://127.0.0.1:1'));
    const { status, stdout } = run('haproxy-config', '--config', config, '--server', 'a=10.0.0.1:5432');
    expect(status).toBe(0);
    expect(stdout).toContain('server a 10.0.0.1:5432 disabled');
  });

  it('does without etcd when the servers are named in the configuration', () => {
    const config = write(
      'hosts.yml',
      'clusters: [{ name: shop, postgres: { hosts: { a: { host: 10.0.0.1 }, b: { host: db } } } }]\n',
    );
    const { status, stdout } = run('haproxy-config', '--config', config);
    expect(status).toBe(0);
    expect(stdout).toContain('backend shop_primary');
    expect(stdout).toMatch(/server a 10\.0\.0\.1:5432 disabled\n +server b db:5432 disabled/);
  });

  it('says what to do when etcd can not be reached, or has no members', () => {
    const unreachable = run('haproxy-config', '--config', write('dead.yml', configOf('http://127.0.0.1:1')));
    expect(unreachable.status).toBe(1);
    expect(unreachable.stderr).toMatch(
      /^pgrouted: etcd could not be read within 5 s \(http:\/\/127\.0\.0\.1:1: .*--server NAME=HOST:PORT\n$/,
    );
    const empty = run(
      'haproxy-config',
      '--config',
      write('empty.yml', configOf(etcd.endpoints[0] ?? '').replace('orders', 'nothing')),
    );
    expect(empty.status).toBe(1);
    expect(empty.stderr).toMatch(
      /^pgrouted: etcd has no member of the cluster below \/service\/nothing\/members\/; check scope and namespace/,
    );
  });
});

describe('a running pgrouted', () => {
  const start = () =>
    startDaemon({
      folder: folder.path,
      name: `d${Math.random()}`,
      etcdEndpoints: etcd.endpoints,
      clusters: [{ patroni: { scope: 'orders' } }],
      haproxy: [{ socket: inFolder('nobody.sock') }],
    });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends well on %s', async (signal) => {
    const daemon = await start();
    daemon.program().signal(signal);
    expect(await daemon.program().exited).toBe(0);
    expect(daemon.program().log()).toContain('pgrouted stops; HAProxy keeps what it holds');
  });

  it('takes a new configuration on HUP, and keeps the old one when the new one is wrong', async () => {
    const daemon = await start();
    const right = readFileSync(daemon.configFile, 'utf8');
    writeFileSync(daemon.configFile, right.replace('"orders"', '"stock"'));
    daemon.program().signal('SIGHUP');
    await daemon.until('the other cluster', ({ clusters }) => clusters[0]?.name === 'stock');
    writeFileSync(daemon.configFile, right.replace('"clusters"', '"custers"'));
    daemon.program().signal('SIGHUP');
    await eventually(
      'the complaint',
      async () =>
        daemon.program().log().includes("custers: there is no such key; did you mean 'clusters'?") || undefined,
    );
    expect((await daemon.status()).clusters[0]?.name).toBe('stock');
    await daemon.stop();
  });

  it('keeps its port from a second one, which then ends without having touched anything', async () => {
    const daemon = await start();
    const second = run('--config', daemon.configFile);
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(
      /^pgrouted: HTTP can not listen on 127\.0\.0\.1:\d+: the port is in use; is another pgrouted running\?/,
    );
    expect(second.stdout).toBe('');
    await daemon.stop();
  });

  it("works from Patroni's own file", async () => {
    const port = await freePort();
    const file = write(
      'patroni.yml',
      `scope: orders\nname: pg1\netcd3: { hosts: '${etcd.endpoints[0]?.replace('http://', '')}' }\npostgresql: { authentication: { superuser: { password: M4rk3r } } }\n`,
    );
    chmodSync(file, 0o600);
    const program = startProgram({
      name: 'pgrouted',
      command: process.execPath,
      args: [
        bundles.pgrouted,
        '--patroni-config',
        file,
        '--listen',
        `127.0.0.1:${port}`,
        '--socket',
        inFolder('nobody.sock'),
      ],
      logFile: inFolder('patroni.log'),
    });
    const standbys = await eventually('the members', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/standbys`);
      const names: unknown = await answer.json();
      return Array.isArray(names) && names.length > 0 ? names : undefined;
    });
    expect(standbys).toEqual(['pg1', 'pg2']);
    await program.stop();
    expect(program.log()).not.toContain('M4rk3r');
  });
});
