// HTTPS as clients meet it: the daemon as it is shipped, certificates made by openssl, curl. No database is needed for that.
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { type Authority, type KeyPair, makeAuthority } from '../lab/certificates.ts';
import { bundles } from '../lab/daemon.ts';
import { eventually, freePort, type Program, startProgram, temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const authority = makeAuthority(join(folder.path, 'ca'));
const stranger = makeAuthority(join(folder.path, 'stranger'), 'somebody else');
const programs: Program[] = [];
afterAll(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  folder.remove();
});

const run = promisify(execFile);

/** What curl says: the status and the body, or its exit code (35: no handshake; 52, 56: closed; 60: the certificate is not trusted). */
async function curl(
  url: string,
  ...args: readonly string[]
): Promise<{ readonly said: string } | { readonly exit: unknown }> {
  try {
    const { stdout } = await run('curl', ['-s', '-w', ' %{http_code}', '--max-time', '5', ...args, url]);
    return { said: stdout };
  } catch (error) {
    return { exit: error instanceof Error && 'code' in error ? error.code : error };
  }
}

const trusting = ({ ca }: Authority, client?: KeyPair): readonly string[] => [
  '--cacert',
  ca,
  ...(client === undefined ? [] : ['--cert', client.cert, '--key', client.key]),
];

function writeConfig(name: string, config: object): string {
  const file = join(folder.path, name);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** Nobody listens where these servers are said to be. */
const servers = { pg1: { host: '127.0.0.1', port: 1, user: 'postgres' } };
const ownConfig = (port: number, tls: object) => ({
  clusters: [{ name: 'orders', postgres: { hosts: servers } }],
  haproxy: [],
  http: { listen: `127.0.0.1:${port}`, tls },
});

async function start(name: string, config: string, url: string, ...curlArgs: readonly string[]): Promise<Program> {
  const program = startProgram({
    name,
    command: process.execPath,
    args: [bundles.pgrouted, '--config', config],
    logFile: join(folder.path, `${name}.log`),
  });
  programs.push(program);
  await eventually(`${name} to answer`, async () => {
    if (!program.running()) throw new Error(program.log());
    return 'said' in (await curl(`${url}/health/is-live`, ...curlArgs)) || undefined;
  });
  return program;
}

/** A connection that stays; what it was shown, and one more request on it. */
async function connection(port: number) {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const made = connect({ host: '127.0.0.1', port, ca: readFileSync(authority.ca) }, () => resolve(made));
    made.once('error', reject);
  });
  return {
    serial: socket.getPeerCertificate().serialNumber,
    ask: () =>
      new Promise<string>((resolve, reject) => {
        socket.once('data', (data) => resolve(String(data).split('\r\n')[0] ?? ''));
        socket.once('close', () => reject(new Error('closed')));
        socket.write('GET /v1/primaries HTTP/1.1\r\nHost: localhost\r\n\r\n');
      }),
    end: () => socket.destroy(),
  };
}
const serialOf = async (port: number): Promise<string> => {
  const { serial, end } = await connection(port);
  end();
  return serial;
};

describe('HTTPS', () => {
  it('is spoken to those who trust the authority, and renewed without a connection lost', async () => {
    const pair = authority.issue('server');
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    const config = writeConfig('own.yml', ownConfig(port, pair));
    const program = await start('own', config, url, ...trusting(authority));

    expect(await curl(`${url}/v1/primaries`, ...trusting(authority))).toEqual({ said: '[] 200' });
    expect(await curl(`${url}/v1/pg1/status`, ...trusting(authority))).toEqual({ said: '"unavailable" 422' });
    expect(await curl(`${url}/v1/primaries`, ...trusting(authority), '--tlsv1.2', '--tls-max', '1.2')).toEqual({
      said: '[] 200',
    });
    expect(await curl(`${url}/v1/primaries`, ...trusting(stranger))).toEqual({ exit: 60 });
    expect(await curl(`http://127.0.0.1:${port}/v1/primaries`)).toHaveProperty('exit');

    const open = await connection(port);
    // By its files alone.
    authority.issue('server');
    const second = await eventually('the second certificate', async () => {
      const serial = await serialOf(port);
      return serial === open.serial ? undefined : serial;
    });
    // By a signal, at once.
    authority.issue('server');
    program.signal('SIGHUP');
    await eventually('the third certificate', async () => (await serialOf(port)) !== second);
    const third = await serialOf(port);
    expect(await open.ask()).toBe('HTTP/1.1 200 OK');
    open.end();

    writeFileSync(pair.cert, 'broken');
    program.signal('SIGHUP');
    await eventually('the refusal', () => program.log().includes('the new certificate was not taken'));
    expect(await serialOf(port)).toBe(third);
    expect(program.log()).toContain(`http.tls.cert: ${pair.cert}: it holds no certificate`);
    expect(program.log()).not.toContain('PRIVATE KEY');
  });

  it('asks clients for a certificate where an authority for them is named', async () => {
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    const tls = { ...authority.issue('mutual'), client_ca: authority.ca };
    const known = trusting(authority, authority.issue('client'));
    await start('mutual', writeConfig('mutual.yml', ownConfig(port, tls)), url, ...known);
    expect(await curl(`${url}/v1/primaries`, ...known)).toEqual({ said: '[] 200' });
    expect(await curl(`${url}/v1/primaries`, ...trusting(authority))).toHaveProperty('exit');
    const foreign = trusting(authority, stranger.issue('client'));
    expect(await curl(`${url}/v1/primaries`, ...foreign)).toHaveProperty('exit');
  });

  it("is taken from PgRoute66's own file", async () => {
    const port = await freePort();
    const url = `https://localhost:${port}`;
    const { cert, key } = authority.issue('pgroute66');
    const base64 = (file: string) => readFileSync(file).toString('base64');
    const ssl = { b64cert: base64(cert), b64key: base64(key) };
    const config = writeConfig('config.yaml', { hosts: servers, bind: 'localhost', port, ssl });
    await start('pgroute66', config, url, ...trusting(authority));
    expect(await curl(`${url}/v1/primary`, ...trusting(authority))).toEqual({ said: '"" 404' });
  });

  it('that can not be is told before anything is touched, with the file', async () => {
    const { cert, key } = authority.issue('one');
    const other = authority.issue('other');
    const attempt = (tls: object) => {
      const config = writeConfig('wrong.yml', ownConfig(0, tls));
      const { status, stderr } = spawnSync(process.execPath, [bundles.pgrouted, '--config', config], {
        encoding: 'utf8',
      });
      return { status, stderr };
    };
    expect(attempt({ cert, key: other.key })).toEqual({
      status: 78,
      stderr: `pgrouted: http.tls.key: ${other.key}: it is not the key of the certificate in http.tls.cert: ${cert}; give two that were made together\n`,
    });
    expect(attempt({ cert: '/nowhere.crt', key })).toEqual({
      status: 78,
      stderr: 'pgrouted: http.tls.cert: /nowhere.crt: there is no such file; put it there, or name another\n',
    });
  });
});
