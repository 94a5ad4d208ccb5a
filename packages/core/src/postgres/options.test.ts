import { describe, expect, it } from 'vitest';
import type { ProbeSpec } from '../model/spec.ts';
import { connectionOptions } from './options.ts';
import type { FileReading } from './surroundings.ts';

const pem = '-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n';
const secret = (text: string, mode = 0o600, ownerId = 1000): FileReading => ({ kind: 'file', text, mode, ownerId });
const file = (text: string): FileReading => secret(text, 0o644);

const nothingSaid: ProbeSpec = {
  user: undefined,
  password: undefined,
  passfile: undefined,
  dbname: undefined,
  sslmode: undefined,
  sslrootcert: undefined,
  sslcert: undefined,
  sslkey: undefined,
  connectTimeoutMs: 2_000,
  intervalMs: 1_000,
  burstMs: 10,
};

interface World {
  readonly spec?: Partial<ProbeSpec>;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, FileReading>>;
  readonly host?: string;
  readonly serverName?: string;
  readonly home?: string | undefined;
  readonly osUser?: string | undefined;
}

const plan = ({ spec = {}, env = {}, files = {}, host = 'db1', serverName, ...rest }: World = {}) =>
  connectionOptions({
    spec: { ...nothingSaid, ...spec },
    host,
    serverName,
    port: 5433,
    env,
    home: 'home' in rest ? rest.home : '/home/p',
    osUser: 'osUser' in rest ? rest.osUser : 'p',
    readFile: (path) => files[path] ?? { kind: 'missing' },
  });

/** The attempts as words: `plain`, or `tls` with what it verifies. */
const ways = (world: World): readonly string[] =>
  plan(world).attempts.map(({ tls }) => (tls === undefined ? 'plain' : `tls ${tls.verify}`));

const rootFile = '/home/p/.postgresql/root.crt';

describe('connectionOptions: sslmode', () => {
  const withRoot = { [rootFile]: file(pem) };
  it.each([
    ['disable', ['plain'], ['plain']],
    ['allow', ['plain', 'tls nothing'], ['plain', 'tls chain']],
    ['prefer', ['tls nothing', 'plain'], ['tls chain', 'plain']],
    [undefined, ['tls nothing', 'plain'], ['tls chain', 'plain']],
    ['require', ['tls nothing'], ['tls chain']],
    ['verify-ca', [], ['tls chain']],
    ['verify-full', [], ['tls host']],
  ] as const)('%s: tries %j without a root file, %j with one', (sslmode, without, withOne) => {
    expect(ways({ spec: { sslmode } })).toEqual(without);
    expect(ways({ spec: { sslmode }, files: withRoot })).toEqual(withOne);
  });

  it.each(['verify-ca', 'verify-full'] as const)('%s without a root file says which one is missing', (sslmode) => {
    expect(plan({ spec: { sslmode } }).problem).toContain(`${rootFile} does not exist`);
    expect(plan({ spec: { sslmode }, home: undefined }).problem).toContain('no home folder');
  });

  it('never encrypts a Unix-domain socket', () => {
    expect(ways({ host: '/run/postgresql', spec: { sslmode: 'verify-full' } })).toEqual(['plain']);
  });

  it('takes the mode of the environment, where the configuration has none', () => {
    expect(ways({ env: { PGSSLMODE: 'require' } })).toEqual(['tls nothing']);
    expect(ways({ env: { PGSSLMODE: 'require' }, spec: { sslmode: 'disable' } })).toEqual(['plain']);
    expect(ways({ env: { PGREQUIRESSL: '1' } })).toEqual(['tls nothing']);
    expect(plan({ env: { PGSSLMODE: 'no-verify' } })).toMatchObject({
      attempts: [],
      problem: expect.stringContaining('verify-full'),
    });
  });
});

describe('connectionOptions: sslrootcert', () => {
  const system = { '/etc/ssl/certs/ca-certificates.crt': file(pem) };

  it('system: verifies fully, and refuses weaker modes', () => {
    expect(ways({ spec: { sslrootcert: 'system' }, files: system })).toEqual(['tls host']);
    expect(ways({ env: { PGSSLROOTCERT: 'system' }, files: system })).toEqual(['tls host']);
    expect(plan({ spec: { sslrootcert: 'system', sslmode: 'require' }, files: system })).toMatchObject({
      attempts: [],
      problem: 'sslrootcert=system needs sslmode verify-full, not require',
    });
  });

  it("system: takes the system's file, one named by SSL_CERT_FILE, or else Node's own roots", () => {
    const roots = (world: World) => plan({ spec: { sslrootcert: 'system' }, ...world }).attempts[0]?.tls?.roots;
    expect(roots({ files: system })).toBe(pem);
    expect(roots({ files: { ...system, '/own.pem': file(`own ${pem}`) }, env: { SSL_CERT_FILE: '/own.pem' } })).toBe(
      `own ${pem}`,
    );
    expect(roots({})).toBeUndefined();
    expect(ways({ spec: { sslrootcert: 'system' } })).toEqual(['tls host']);
  });

  it('require with a named root file that is missing goes on unverified, as libpq does, but says so', () => {
    const answer = plan({ spec: { sslmode: 'require', sslrootcert: '/nope.crt' } });
    expect(answer.attempts[0]?.tls?.verify).toBe('nothing');
    expect(answer.warnings).toEqual(['root certificate file /nope.crt does not exist: the server is not verified']);
  });

  it.each([
    [file('junk'), 'holds no PEM certificate'],
    [{ kind: 'unreadable', error: 'EACCES: permission denied' } as const, 'EACCES'],
    [{ kind: 'not-a-file' } as const, 'is no file'],
  ])('a root file that can not be used is a problem in every mode: %j', (reading, words) => {
    const world = (sslmode: ProbeSpec['sslmode']) => ({
      spec: { sslmode, sslrootcert: '/r' },
      files: { '/r': reading },
    });
    expect(plan(world('require'))).toMatchObject({ attempts: [], problem: expect.stringContaining(words) });
    expect(plan(world('prefer'))).toMatchObject({
      attempts: [{ tls: undefined }],
      problem: expect.stringContaining(words),
    });
  });

  it('takes a root file that is out of reach for one that is missing, as libpq does', () => {
    const files = { [rootFile]: { kind: 'out-of-reach', error: 'EACCES: permission denied' } as const };
    expect(ways({ spec: { sslmode: 'require' }, files })).toEqual(['tls nothing']);
    expect(plan({ spec: { sslmode: 'verify-ca' }, files }).problem).toContain('is out of reach (EACCES');
  });

  const list = (text: string) => `-----BEGIN X509 CRL-----\n${text}\n-----END X509 CRL-----`;

  it('reads the revocation lists where libpq does, each of them, and only where something is verified', () => {
    const home = { '/home/p/.postgresql/root.crl': file(`${list('one')}\nwords\n${list('two')}\n`) };
    const files = { ...home, [rootFile]: file(pem), '/env': file(list('env')), '/spec': file(list('spec')) };
    const revoked = (world: World) => plan(world).attempts[0]?.tls?.revoked;
    expect(revoked({ files })).toEqual([list('one'), list('two')]);
    expect(revoked({ files, env: { PGSSLCRL: '/env' } })).toEqual([list('env')]);
    expect(revoked({ files, env: { PGSSLCRL: '/env' }, spec: { sslcrl: '/spec' } })).toEqual([list('spec')]);
    expect(revoked({ files: home })).toEqual([]);
    expect(plan({ files: { [rootFile]: file(pem) } }).warnings).toEqual([]);
  });

  it('passes over a revocation list that can not be used, as libpq does, but says so', () => {
    const files = { [rootFile]: file(pem), '/junk': file('junk') };
    for (const sslcrl of ['/junk', '/missing']) {
      const answer = plan({ files, spec: { sslcrl } });
      expect(answer.attempts[0]?.tls?.revoked).toEqual([]);
      expect(answer.warnings).toEqual([`revocation list ${sslcrl} can't be used: nothing is looked up in it`]);
    }
  });
});

describe('connectionOptions: client certificate', () => {
  const [cert, key] = ['/home/p/.postgresql/postgresql.crt', '/home/p/.postgresql/postgresql.key'];
  const spec = { sslmode: 'require' } as const;

  it('uses the pair of the home folder, or the one named', () => {
    const files = { [cert]: file('C'), [key]: secret('K'), '/c': file('c'), '/k': secret('k') };
    expect(plan({ spec, files }).attempts[0]?.tls?.client).toMatchObject({ cert: 'C', key: 'K' });
    expect(plan({ spec: { ...spec, sslcert: '/c', sslkey: '/k' }, files }).attempts[0]?.tls?.client).toMatchObject({
      cert: 'c',
      key: 'k',
    });
    expect(plan({ spec, files, env: { PGSSLCERT: '/c', PGSSLKEY: '/k' } }).attempts[0]?.tls?.client?.keyFile).toBe(
      '/k',
    );
  });

  it('goes without when there is no certificate, even if there is a key', () => {
    expect(plan({ spec, files: { [key]: secret('K', 0o666) } })).toMatchObject({
      attempts: [{ tls: { client: undefined } }],
      problem: undefined,
    });
  });

  it('refuses a certificate without its key', () => {
    expect(plan({ spec, files: { [cert]: file('C') } }).problem).toContain(`not its private key ${key}`);
  });

  it.each([
    [0o600, 1000, true],
    [0o400, 1000, true],
    [0o640, 1000, false],
    [0o604, 1000, false],
    [0o640, 0, true],
    [0o600, 0, true],
    [0o660, 0, false],
    [0o644, 0, false],
  ])('a key of mode %o and owner %i is taken: %s', (mode, ownerId, taken) => {
    const answer = plan({ spec, files: { [cert]: file('C'), [key]: secret('K', mode, ownerId) } });
    expect(answer.attempts.length).toBe(taken ? 1 : 0);
    if (!taken) expect(answer.problem).toContain('u=rw (0600)');
  });

  it('prefer falls back to plain when the key can not be used, as libpq does, and keeps the problem', () => {
    const answer = plan({ files: { [cert]: file('C'), [key]: secret('K', 0o644) } });
    expect(answer).toMatchObject({
      attempts: [{ tls: undefined }],
      problem: expect.stringContaining('group or world access'),
    });
  });
});

describe('connectionOptions: who and where', () => {
  const first = (world: World) => plan(world).attempts[0];

  it('defaults to the user we run as and to the database postgres', () => {
    expect(first({})).toMatchObject({
      host: 'db1',
      port: 5433,
      user: 'p',
      database: 'postgres',
      applicationName: 'pgrouted',
    });
  });

  it('prefers the configuration over the environment over the default', () => {
    const env = { PGUSER: 'env', PGDATABASE: 'envdb', PGPASSWORD: 'envpw' };
    expect(first({ env })).toMatchObject({ user: 'env', database: 'envdb', password: 'envpw' });
    expect(first({ env, spec: { user: 'u', dbname: 'd', password: 'pw' } })).toMatchObject({
      user: 'u',
      database: 'd',
      password: 'pw',
    });
  });

  it('names the database as the user where libpq would, if that is asked for', () => {
    const spec = { dbnameDefault: 'user' } as const;
    expect(first({ spec })?.database).toBe('p');
    expect(first({ spec: { ...spec, user: 'u' } })?.database).toBe('u');
    expect(first({ spec, env: { PGDATABASE: 'envdb' } })?.database).toBe('envdb');
    expect(first({ spec: { ...spec, dbname: 'd' } })?.database).toBe('d');
  });

  it('says who connects and with which options, by configuration, environment or default', () => {
    expect(first({})).toMatchObject({ applicationName: 'pgrouted', options: undefined });
    const env = { PGAPPNAME: 'env', PGOPTIONS: '-c jit=off' };
    expect(first({ env })).toMatchObject({ applicationName: 'env', options: '-c jit=off' });
    const spec = { applicationName: 'own', options: '-c work_mem=1MB' };
    expect(first({ env, spec })).toMatchObject(spec);
  });

  it('tells the name of the server from the address to connect to; passwords belong to the name', () => {
    const files = { '/home/p/.pgpass': secret('10.0.0.1:*:*:*:address\nalias:*:*:*:name\n') };
    const world = { host: '10.0.0.1', files };
    expect(first(world)).toMatchObject({ host: '10.0.0.1', serverName: '10.0.0.1', password: 'address' });
    expect(first({ ...world, serverName: 'alias' })).toMatchObject({
      host: '10.0.0.1',
      serverName: 'alias',
      password: 'name',
    });
    expect(first({ ...world, serverName: '/run/postgresql' })?.serverName).toBe('10.0.0.1');
  });

  it('treats an empty environment variable as none', () => {
    expect(first({ env: { PGUSER: '', PGDATABASE: '', PGSSLMODE: '' } })).toMatchObject({
      user: 'p',
      database: 'postgres',
    });
  });

  it('asks for a user when our own has no name', () => {
    expect(plan({ osUser: undefined }).problem).toContain('set probe.user');
  });

  it('looks for a password in passfile, PGPASSFILE, ~/.pgpass', () => {
    const line = (password: string) => secret(`db1:5433:postgres:p:${password}\n`);
    const files = { '/home/p/.pgpass': line('home'), '/env': line('env'), '/spec': line('spec') };
    expect(first({ files })?.password).toBe('home');
    expect(first({ files, env: { PGPASSFILE: '/env' } })?.password).toBe('env');
    expect(first({ files, env: { PGPASSFILE: '/env' }, spec: { passfile: '/spec' } })?.password).toBe('spec');
    expect(first({ files, env: { PGPASSWORD: 'given' } })?.password).toBe('given');
    expect(first({ files, home: undefined })?.password).toBeUndefined();
  });

  it('hands on the warning about a password file that others may read', () => {
    expect(plan({ files: { '/home/p/.pgpass': file('*:*:*:*:x') } }).warnings[0]).toContain('/home/p/.pgpass');
  });
});
