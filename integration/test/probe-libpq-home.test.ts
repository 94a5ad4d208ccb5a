// What a deployment of PgRoute66 rests on, against the real libpq: the files of ~/.postgresql, the environment, names beside addresses, socket folders.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, type KeyPair, makeAuthority } from '../lab/certificates.ts';
import { type Attempt, alike, byPsql, byUs } from '../lab/libpq.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
let authority: Authority;
let stranger: Authority;
let serverPair: KeyPair;
let clientPair: KeyPair;
let withTls: Postgres;
let withoutTls: Postgres;

/** Files of a home folder: path in it -> the file to copy, and its mode (0600). */
type Files = Readonly<Record<string, string | readonly [from: string, mode: number]>>;
let homes = 0;
function homeWith(files: Files): string {
  homes += 1;
  const home = at(`home${homes}`);
  mkdirSync(join(home, '.postgresql'), { recursive: true });
  for (const [name, file] of Object.entries(files)) {
    const [from, mode] = typeof file === 'string' ? [file, 0o600] : file;
    copyFileSync(from, join(home, name));
    chmodSync(join(home, name), mode);
  }
  return home;
}
const root = '.postgresql/root.crt';
const clientFiles = (): Files => ({
  '.postgresql/postgresql.crt': clientPair.cert,
  '.postgresql/postgresql.key': clientPair.key,
});
const kind = async (attempt: Attempt): Promise<string> => (await alike(attempt)).kind;

beforeAll(async () => {
  authority = makeAuthority(at('ca'));
  stranger = makeAuthority(at('stranger'), 'another authority');
  serverPair = authority.issue('server');
  clientPair = authority.issue('pgroute66');
  const hba = [
    'hostssl all pgroute66 all cert',
    'host all trusting all trust',
    'host all byword all scram-sha-256',
    'local all all trust',
  ];
  const settings = { listen_addresses: '127.0.0.1,127.0.0.2' };
  const tls = { ...serverPair, ca: authority.ca };
  withTls = await startPostgres({ folder: folder.path, name: 'tls', hba, settings, tls });
  withoutTls = await startPostgres({ folder: folder.path, name: 'plain', hba, settings });
  for (const server of [withTls, withoutTls]) {
    for (const role of ['pgroute66', 'trusting', 'byword']) {
      await server.sql(`create role ${role} login password 'sesame'`);
      await server.sql(`create database ${role}`);
    }
  }
});
afterAll(async () => {
  await withTls.stop('immediate');
  await withoutTls.stop('immediate');
  folder.remove();
});

describe('with the files of ~/.postgresql', () => {
  it('a client certificate logs in, the database is named as the user', async () => {
    const home = homeWith({ ...clientFiles(), [root]: authority.ca });
    const attempt = { host: '127.0.0.1', port: withTls.port, user: 'pgroute66', home };
    for (const sslmode of [undefined, 'require', 'verify-ca', 'verify-full'] as const) {
      expect(await alike({ ...attempt, sslmode })).toEqual({ kind: 'encrypted', as: 'pgroute66@pgroute66 4MB' });
    }
    expect(await kind({ ...attempt, sslmode: 'disable' })).toBe('no');
    expect(await kind({ ...attempt, sslmode: 'verify-full', host: '127.0.0.2' })).toBe('no');
    expect(await kind({ ...attempt, sslmode: 'verify-full', host: 'localhost' })).toBe('encrypted');
  });

  it('a root file makes every mode that encrypts verify: require is verify-ca, prefer goes back to plain', async () => {
    const outcomes: string[] = [];
    for (const home of [homeWith({}), homeWith({ [root]: authority.ca }), homeWith({ [root]: stranger.ca })]) {
      const attempt = { host: '127.0.0.2', port: withTls.port, user: 'trusting', home };
      for (const sslmode of ['prefer', 'require', 'verify-ca', 'verify-full'] as const)
        outcomes.push(await kind({ ...attempt, sslmode }));
      outcomes.push(await kind({ ...attempt, port: withoutTls.port, sslmode: 'prefer' }));
      outcomes.push(await kind({ ...attempt, port: withoutTls.port, sslmode: 'require' }));
    }
    const [none, right, wrong] = [0, 6, 12].map((from) => outcomes.slice(from, from + 6));
    expect(none).toEqual(['encrypted', 'encrypted', 'no', 'no', 'plain', 'no']);
    expect(right).toEqual(['encrypted', 'encrypted', 'encrypted', 'no', 'plain', 'no']);
    expect(wrong).toEqual(['plain', 'no', 'no', 'no', 'plain', 'no']);
  });

  it('a key is used or refused by its permissions, and by whether it fits', async () => {
    const attempt = { host: '127.0.0.1', port: withTls.port, user: 'pgroute66', sslmode: 'require' } as const;
    const outcomes: string[] = [];
    for (const mode of [0o600, 0o400, 0o640, 0o604, 0o660]) {
      const home = homeWith({ ...clientFiles(), '.postgresql/postgresql.key': [clientPair.key, mode] });
      outcomes.push(await kind({ ...attempt, home }));
    }
    expect(outcomes.slice(0, 2)).toEqual(['encrypted', 'encrypted']);
    expect(outcomes.slice(3)).toEqual(['no', 'no']);
    const foreign = { ...clientFiles(), '.postgresql/postgresql.key': stranger.issue('pgroute66').key };
    expect(await kind({ ...attempt, home: homeWith(foreign) })).toBe('no');
    const alone = homeWith({ '.postgresql/postgresql.crt': clientPair.cert });
    expect(await kind({ ...attempt, home: alone })).toBe('no');
    expect(await kind({ ...attempt, home: alone, sslkey: clientPair.key })).toBe('encrypted');
    expect(await kind({ ...attempt, home: homeWith({}), sslcert: clientPair.cert, sslkey: clientPair.key })).toBe(
      'encrypted',
    );
  });

  it('a revocation list is looked at where it is named or in its place, and passed over where it is not one', async () => {
    const current = authority.revoke();
    copyFileSync(current, at('nobody.crl'));
    const revoking = authority.revoke(serverPair.cert);
    const attempt = { host: '127.0.0.1', port: withTls.port, user: 'trusting', sslmode: 'verify-ca' } as const;
    const withRoot = homeWith({ [root]: authority.ca });
    expect(await kind({ ...attempt, home: withRoot, sslcrl: at('nobody.crl') })).toBe('encrypted');
    expect(await kind({ ...attempt, home: withRoot, sslcrl: revoking })).toBe('no');
    expect(await kind({ ...attempt, home: withRoot, env: { PGSSLCRL: revoking } })).toBe('no');
    const inPlace = homeWith({ [root]: authority.ca, '.postgresql/root.crl': revoking });
    expect(await kind({ ...attempt, home: inPlace })).toBe('no');
    expect(await kind({ ...attempt, home: inPlace, sslcrl: at('nobody.crl') })).toBe('encrypted');
    writeFileSync(at('junk.crl'), 'junk');
    expect(await kind({ ...attempt, home: withRoot, sslcrl: at('junk.crl') })).toBe('encrypted');
    expect(await kind({ ...attempt, home: withRoot, sslcrl: at('missing.crl') })).toBe('encrypted');
    expect(await kind({ ...attempt, home: homeWith({}), sslmode: 'require', sslcrl: revoking })).toBe('encrypted');
  });
});

describe('with the environment', () => {
  it('names the user, the database, the options and the password, unless the configuration does', async () => {
    const home = homeWith({});
    const attempt = { host: '127.0.0.1', port: withTls.port, home };
    const env = { PGUSER: 'byword', PGPASSWORD: 'sesame', PGDATABASE: 'trusting', PGOPTIONS: '-c work_mem=3MB' };
    expect(await alike({ ...attempt, env })).toEqual({ kind: 'encrypted', as: 'byword@trusting 3MB' });
    const own = { dbname: 'postgres', options: '-c work_mem=2MB', sslmode: 'disable' } as const;
    expect(await alike({ ...attempt, env, ...own })).toEqual({ kind: 'plain', as: 'byword@postgres 2MB' });
    expect(await kind({ ...attempt, env, password: 'mistaken' })).toBe('no');
    expect(await kind({ ...attempt, env: { ...env, PGPASSWORD: 'mistaken' }, password: 'sesame' })).toBe('encrypted');
  });

  it('names the password file, whose word counts least', async () => {
    const words = (password: string): string => {
      const path = at(`${password}.pass`);
      writeFileSync(path, `*:*:*:byword:${password}\n`, { mode: 0o600 });
      return path;
    };
    const home = homeWith({ '.pgpass': words('sesame') });
    const attempt = { host: '127.0.0.1', port: withTls.port, user: 'byword', home };
    expect(await kind(attempt)).toBe('encrypted');
    expect(await kind({ ...attempt, env: { PGPASSFILE: words('mistaken') } })).toBe('no');
    expect(await kind({ ...attempt, env: { PGPASSFILE: words('mistaken') }, passfile: words('sesame') })).toBe(
      'encrypted',
    );
    expect(await kind({ ...attempt, env: { PGPASSWORD: 'mistaken' } })).toBe('no');
  });

  it('names the TLS files and mode', async () => {
    const attempt = { host: '127.0.0.1', port: withTls.port, user: 'pgroute66', home: homeWith({}) };
    const files = { PGSSLCERT: clientPair.cert, PGSSLKEY: clientPair.key };
    expect(await kind({ ...attempt, env: files })).toBe('encrypted');
    const verified = { ...files, PGSSLMODE: 'verify-full', PGSSLROOTCERT: authority.ca };
    expect(await kind({ ...attempt, env: verified })).toBe('encrypted');
    expect(await kind({ ...attempt, env: verified, host: '127.0.0.2' })).toBe('no');
    expect(await kind({ ...attempt, env: { ...verified, PGSSLROOTCERT: stranger.ca } })).toBe('no');
    expect(await kind({ ...attempt, env: { ...verified, PGSSLROOTCERT: at('missing.crt') } })).toBe('no');
  });
});

describe('with a name beside the address, or a socket folder', () => {
  it('the certificate is checked against the name, and a password belongs to it', async () => {
    const home = homeWith({ [root]: authority.ca });
    const attempt = {
      hostaddr: '127.0.0.2',
      port: withTls.port,
      user: 'trusting',
      sslmode: 'verify-full',
      home,
    } as const;
    expect(await kind({ ...attempt, host: 'localhost' })).toBe('encrypted');
    expect(await kind({ ...attempt, host: '127.0.0.1' })).toBe('encrypted');
    expect(await kind({ ...attempt, host: 'other.example' })).toBe('no');
    expect(await kind({ ...attempt, host: 'other.example', sslmode: 'verify-ca' })).toBe('encrypted');
    writeFileSync(at('names.pass'), 'other.example:*:*:*:sesame\n127.0.0.2:*:*:*:mistaken\n', { mode: 0o600 });
    const byWord = { ...attempt, user: 'byword', sslmode: 'require', passfile: at('names.pass') } as const;
    expect(await kind({ ...byWord, host: 'other.example' })).toBe('encrypted');
    expect(await kind({ ...byWord, host: 'localhost' })).toBe('no');
  });

  it('a socket is never encrypted, whatever is asked for', async () => {
    for (const sslmode of [undefined, 'require', 'verify-full'] as const) {
      const attempt = { host: withTls.socketFolder, port: withTls.port, user: 'trusting', home: homeWith({}) };
      expect(await kind({ ...attempt, sslmode })).toBe('plain');
    }
    expect(await kind({ host: at('nowhere'), port: withTls.port, user: 'trusting', home: homeWith({}) })).toBe('no');
  });

  it('the server is greeted with the name (SNI), and with nothing where that is an address', async () => {
    // A fake: PostgreSQL does not tell what name it was greeted with.
    const greetings: string[] = [];
    const sockets = new Set<Socket>();
    const secureContext = createSecureContext({
      cert: readFileSync(serverPair.cert),
      key: readFileSync(serverPair.key),
    });
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.once('data', () => {
        socket.write('S');
        const secure = new TLSSocket(socket, { isServer: true, secureContext });
        secure
          .on('error', () => {})
          .once('secure', () => {
            const name: unknown = Reflect.get(secure, 'servername');
            greetings.push(typeof name === 'string' ? name : 'nothing');
            socket.destroy();
          });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const attempt = { port, user: 'trusting', sslmode: 'require', home: homeWith({}) } as const;
    for (const names of [
      { host: 'localhost' },
      { host: '127.0.0.1' },
      { host: 'db1.example', hostaddr: '127.0.0.1' },
      { host: '10.1.2.3', hostaddr: '127.0.0.1' },
    ]) {
      await byPsql({ ...attempt, ...names });
      await byUs({ ...attempt, ...names });
    }
    server.close();
    for (const socket of sockets) socket.destroy();
    const expected = ['localhost', 'nothing', 'db1.example', 'nothing'];
    expect(greetings).toEqual(expected.flatMap((name) => [name, name]));
  });
});
