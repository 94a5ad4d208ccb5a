// A machine that ran PgRoute66 until a minute ago: its configuration file, its flags and its variable, with pgrouted in its place, on real PostgreSQL.
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority } from '../lab/certificates.ts';
import { bundles, type DaemonProcess, startProcess } from '../lab/daemon.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const inFolder = (name: string): string => join(folder.path, name);
const secret = 'M4rk3r üß';
const encoded = Buffer.from(secret).toString('base64');
let primary: Postgres;
let standby: Postgres;

/** Only who knows the password may ask, and only in the database that is named as the user: libpq's default. */
const hba = ['host pgroute66 pgroute66 127.0.0.1/32 scram-sha-256'];

beforeAll(async () => {
  primary = await startPostgres({ folder: folder.path, name: 'primary', hba });
  await primary.sql(`CREATE ROLE pgroute66 LOGIN PASSWORD '${secret}'`);
  await primary.sql('CREATE DATABASE pgroute66');
  standby = await startPostgres({ folder: folder.path, name: 'standby', hba, standbyOf: primary });
});

afterAll(async () => {
  await Promise.all([standby?.stop('immediate'), primary?.stop('immediate')]);
  folder.remove();
});

const hosts = (): string => `hosts:
  host1: &host
    host: 127.0.0.1
    port: ${primary.port}
    user: pgroute66
    b64password: ${encoded}
    application_name: pgroute66
    pool_max_conns: 2
  host2:
    <<: *host
    port: ${standby.port}
`;

function write(name: string, text: string): string {
  writeFileSync(inFolder(name), text);
  return inFolder(name);
}

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundles.pgrouted, ...args], {
    encoding: 'utf8',
    cwd: folder.path,
  });
  return { status, stdout, stderr };
}

/** As soon as both servers have been asked. */
const answered = (daemon: DaemonProcess): Promise<unknown> =>
  eventually('both servers', async () => {
    const answers = await Promise.all(['host1', 'host2'].map((name) => daemon.get(`/v1/${name}/status`)));
    return answers.every(({ status }) => status === 200) || undefined;
  });

const list = async (daemon: DaemonProcess, path: string): Promise<string> => {
  const { status, body } = await daemon.get(path);
  return `${status} ${JSON.stringify(JSON.parse(body))}`;
};

describe("pgrouted on PgRoute66's configuration", () => {
  it('answers as it says, logs to its file as well, and takes what has changed at a HUP', async () => {
    const port = await freePort();
    const logFile = write('pgroute66.log', 'a line of PgRoute66\n');
    const text = `${hosts()}groups: { cluster: [host1, host2, host9] }\nbind: 127.0.0.1\nport: ${port}\nlogfile: ${logFile}\nverbosity: 5\n`;
    const file = write('config.yaml', text);
    const daemon = await startProcess({
      folder: folder.path,
      name: 'by-flag',
      args: [`-c=${file}`],
      url: `http://127.0.0.1:${port}`,
    });
    await answered(daemon);
    expect(await list(daemon, '/v1/primary')).toBe('200 "host1"');
    expect(await list(daemon, '/v1/primary?group=cluster')).toBe('200 "host1"');
    expect(await list(daemon, '/v1/primary?group=new')).toBe('404 ""');
    expect(await list(daemon, '/v1/host2/status')).toBe('200 "standby"');
    expect(readFileSync(logFile, 'utf8')).toMatch(/^a line of PgRoute66\n\{"level":"warn".*verbosity: is not used/);

    writeFileSync(file, text.replace('groups: { ', 'groups: { new: [host2], '));
    renameSync(logFile, `${logFile}.1`);
    daemon.program().signal('SIGHUP');
    await eventually(
      'the new group',
      async () => (await list(daemon, '/v1/standbys?group=new')) === '200 ["host2"]' || undefined,
    );
    expect(readFileSync(logFile, 'utf8')).toMatch(/there is no host \\"host9\\"/);

    writeFileSync(file, text.replaceAll(encoded, encoded.slice(1)));
    daemon.program().signal('SIGHUP');
    await eventually(
      'the complaint',
      async () =>
        daemon.program().log().includes('config.yaml:6:18: hosts.host1.b64password: is not base64') || undefined,
    );
    expect(await list(daemon, '/v1/standbys?group=new')).toBe('200 ["host2"]');
    await daemon.stop();
    for (const log of [daemon.program().log(), readFileSync(logFile, 'utf8'), readFileSync(`${logFile}.1`, 'utf8')])
      for (const mark of [secret, encoded, encoded.slice(1)]) expect(log).not.toContain(mark);
  });

  it('finds it by PGROUTE66CONFIG and a symbolic link, and -d shows more', async () => {
    const port = await freePort();
    write('real.yaml', `${hosts()}port: ${port}\n`);
    symlinkSync('real.yaml', inFolder('link.yaml'));
    const daemon = await startProcess({
      folder: folder.path,
      name: 'by-variable',
      args: ['-d'],
      env: { PGROUTE66CONFIG: inFolder('link.yaml') },
      url: `http://localhost:${port}`,
    });
    await answered(daemon);
    expect(await list(daemon, '/v1/primaries')).toBe('200 ["host1"]');
    expect(await list(daemon, '/v1/standbys')).toBe('200 ["host2"]');
    await daemon.stop();
    expect(daemon.program().log()).toMatch(/"level":"debug".*"msg":"the configuration as it was read"/);
    expect(daemon.program().log()).not.toContain(secret);
  });

  it('tells its version by -v', () => {
    const version = /^pgrouted (\S+\n)/.exec(run('--version').stdout)?.[1];
    expect(version).toMatch(/^\d/);
    expect(run('-v')).toEqual({ status: 0, stdout: version, stderr: '' });
  });

  it('does not start without a log file that can be opened, or on a wrong file', () => {
    const noLog = run('-c', write('nolog.yaml', 'hosts: {}\nport: 1\nlogfile: /nowhere/x.log\n'));
    expect([noLog.status, noLog.stderr]).toEqual([
      1,
      "pgrouted: the log file /nowhere/x.log can't be opened: its folder does not exist; make it, or name another file\n",
    ]);
    const wrong = run('-c', write('wrong.yaml', 'hosts: []\n'));
    expect([wrong.status, wrong.stderr]).toEqual([
      78,
      expect.stringContaining('wrong.yaml:1:8: hosts: a map is needed'),
    ]);
  });
});

describe("what is told of PgRoute66's configuration beforehand", () => {
  const base64Of = (path: string): string => readFileSync(path).toString('base64');

  it('is what it comes to, without a secret, and as whose file it was read', () => {
    const authority = makeAuthority(inFolder('certificates'));
    const [one, other] = [authority.issue('one'), authority.issue('other')];
    const ssl = (cert: string, key: string) => `ssl: { b64cert: ${base64Of(cert)}, b64key: ${base64Of(key)} }\n`;
    const file = write('tls.yaml', `${hosts()}${ssl(one.cert, one.key)}`);
    expect(run('check-config', '-c', file)).toEqual({
      status: 0,
      stdout: `${file}: no errors, as PgRoute66's\n`,
      stderr: '',
    });
    const { stdout } = run('check-config', '-c', file, '--print');
    expect(JSON.parse(stdout)).toMatchObject({
      clusters: [{ name: 'pgroute66', services: [] }],
      haproxy: [],
      http: { host: 'localhost', port: 8443, tls: { kind: 'inline', keyPem: '(hidden)' } },
    });
    for (const mark of [secret, encoded, 'PRIVATE KEY', base64Of(one.key)]) expect(stdout).not.toContain(mark);

    const mixed = run('check-config', '-c', write('mixed.yaml', `${hosts()}${ssl(one.cert, other.key)}`));
    expect(mixed.status).toBe(78);
    expect(mixed.stderr).toMatch(/ssl\.b64key: is not the key of the certificate in b64cert; give the two that belong/);
    const swapped = run('check-config', '-c', write('swapped.yaml', `${hosts()}${ssl(one.key, one.cert)}`));
    expect(swapped.stderr).toMatch(/ssl\.b64cert: does not hold a certificate in PEM form/);
    expect(swapped.stderr).not.toContain('PRIVATE');
  });

  it('makes a haproxy.cfg with its hosts once it has services, and without them says what is missing', () => {
    const services = 'services: { shop: { primary: { backend: shop-primary, role: primary } } }\n';
    const { status, stdout } = run(
      'haproxy-config',
      '-c',
      write('s.yaml', `${hosts()}haproxy: [{ socket: s }]\n${services}`),
    );
    expect(status).toBe(0);
    expect(stdout).toContain(`server host1 127.0.0.1:${primary.port} disabled`);
    expect(spawnSync('haproxy', ['-c', '-f', write('haproxy.cfg', stdout)]).status).toBe(0);
    const none = run('haproxy-config', '-c', write('none.yaml', hosts()));
    expect([none.status, none.stderr]).toEqual([
      78,
      `pgrouted: cluster "pgroute66" has no service: name its backends with 'services' in the configuration\n`,
    ]);
  });

  it('is nothing that pgroutectl could replay', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [bundles.pgroutectl, 'replay', '-c', write('r.yaml', hosts()), 'x'],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([
      2,
      'pgroutectl: cluster pgroute66 is read from PostgreSQL itself: there are no records in etcd; `pgroutectl events` has what was seen\n',
    ]);
  });
});
