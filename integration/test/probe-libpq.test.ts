// Our connection options against the real libpq: psql and we connect to the same servers in every combination, and must fare alike.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '@pgrouted/core/model/log';
import { silentLog } from '@pgrouted/core/model/log';
import type { ProbeSpec } from '@pgrouted/core/model/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, makeAuthority } from '../lab/certificates.ts';
import { type Attempt, alike as fareAlike, type Outcome } from '../lab/libpq.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { isA, observeProber } from '../lab/probing.ts';
import { temporaryFolder } from '../lab/process.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
let authority: Authority;
let withTls: Postgres;
let withoutTls: Postgres;

beforeAll(async () => {
  authority = makeAuthority(at('ca'));
  makeAuthority(at('other'), 'another authority');
  mkdirSync(at('empty'));
  writeFileSync(
    at('passfile'),
    `*:*:*:mistaken:wrong\n127.0.0.1:*:postgres:either:sesame\n*:*:*:either:sesame\n*:*:*:*:sesame\n`,
    { mode: 0o600 },
  );
  const hba = [
    'hostssl all certified all cert',
    'host all either all scram-sha-256',
    'hostssl all tlsonly all scram-sha-256',
    'hostnossl all plainonly all scram-sha-256',
    'hostssl all mistaken all scram-sha-256',
  ];
  const settings = { listen_addresses: '127.0.0.1,127.0.0.2' };
  withTls = await startPostgres({
    folder: folder.path,
    name: 'tls',
    hba,
    settings,
    tls: { ...authority.issue('server'), ca: authority.ca },
  });
  withoutTls = await startPostgres({ folder: folder.path, name: 'plain', hba, settings });
  for (const server of [withTls, withoutTls]) {
    for (const role of ['either', 'tlsonly', 'plainonly', 'mistaken', 'certified'])
      await server.sql(`create role ${role} login password 'sesame'`);
  }
});
afterAll(async () => {
  await withTls.stop('immediate');
  await withoutTls.stop('immediate');
  folder.remove();
});

const modes = [undefined, 'disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const alike = async (options: Omit<Attempt, 'home'> & { readonly home?: string }): Promise<Outcome['kind']> =>
  (await fareAlike({ home: at('empty'), dbname: 'postgres', ...options })).kind;

describe('we fare as libpq does', () => {
  it.each(modes)(
    'with sslmode %s, whatever the server offers, pg_hba.conf demands and the root file says',
    async (sslmode) => {
      const outcomes = new Set<Outcome['kind']>();
      for (const sslrootcert of [authority.ca, at('other/ca.crt'), at('missing.crt')]) {
        for (const user of ['either', 'tlsonly', 'plainonly', 'mistaken']) {
          for (const host of ['127.0.0.1', '127.0.0.2', 'localhost']) {
            outcomes.add(
              await alike({ host, port: withTls.port, user, sslmode, sslrootcert, passfile: at('passfile') }),
            );
          }
          const server = { host: '127.0.0.1', port: withoutTls.port };
          outcomes.add(await alike({ ...server, user, sslmode, sslrootcert, passfile: at('passfile') }));
        }
      }
      // The table is worth something only if it holds successes and failures.
      expect(outcomes.size).toBeGreaterThan(1);
    },
  );

  it('with a client certificate, its key in every state, and the files of the home folder', async () => {
    const { cert, key } = authority.issue('certified');
    const server = { host: '127.0.0.1', port: withTls.port, user: 'certified' };
    copyFileSync(key, at('open.key'));
    writeFileSync(at('loose.key'), 'x', { mode: 0o666 });
    await run('chmod', ['600', key]);
    await run('chmod', ['644', at('open.key')]);
    const foreign = makeAuthority(at('third'), 'third authority').issue('certified');
    await run('chmod', ['600', foreign.key]);
    expect(await alike({ ...server, sslcert: cert, sslkey: key })).toBe('encrypted');
    expect(await alike({ ...server, sslcert: cert, sslkey: key, user: 'tlsonly', passfile: at('passfile') })).toBe(
      'encrypted',
    );
    expect(await alike({ ...server, sslcert: cert, sslkey: at('open.key') })).toBe('no');
    expect(await alike({ ...server, sslcert: cert, sslkey: at('missing.key') })).toBe('no');
    expect(await alike({ ...server, sslcert: cert, sslkey: foreign.key })).toBe('no');
    expect(await alike({ ...server, sslcert: foreign.cert, sslkey: foreign.key })).toBe('no');
    expect(await alike({ ...server })).toBe('no');
    // In mode prefer a key that can't be used leads to a plain connection.
    const both = { ...server, user: 'either', passfile: at('passfile') };
    expect(await alike({ ...both, sslcert: cert, sslkey: at('open.key') })).toBe('plain');
    const home = at('home');
    mkdirSync(join(home, '.postgresql'), { recursive: true });
    copyFileSync(cert, join(home, '.postgresql/postgresql.crt'));
    copyFileSync(key, join(home, '.postgresql/postgresql.key'));
    copyFileSync(authority.ca, join(home, '.postgresql/root.crt'));
    await run('chmod', ['600', join(home, '.postgresql/postgresql.key')]);
    expect(await alike({ ...server, home, sslmode: 'verify-full' })).toBe('encrypted');
    expect(await alike({ ...server, home, sslmode: 'verify-full', host: '127.0.0.2' })).toBe('no');
    writeFileSync(join(home, '.pgpass'), '*:*:*:*:sesame\n', { mode: 0o600 });
    expect(await alike({ ...server, home, user: 'tlsonly' })).toBe('encrypted');
    await run('chmod', ['640', join(home, '.pgpass')]);
    expect(await alike({ ...server, home, user: 'tlsonly' })).toBe('no');
  });
});

describe('the prober says why', () => {
  const why = async (
    options: Partial<ProbeSpec>,
    host = '127.0.0.1',
    server = withTls,
    log: Log = silentLog,
  ): Promise<string> => {
    const { prober, next } = observeProber({ password: 'sesame', ...options }, { log });
    prober.watch([{ name: 'a', address: { host, port: server.port } }]);
    const { error } = await next('a', isA('denied'));
    await prober.close();
    expect(error).not.toContain('sesame');
    return error;
  };

  it('a certificate for another host, or of an unknown authority, or none at all', async () => {
    const full = { user: 'either', sslmode: 'verify-full', sslrootcert: authority.ca } as const;
    expect(await why(full, '127.0.0.2')).toContain('not for 127.0.0.2');
    expect(await why({ ...full, sslrootcert: at('other/ca.crt') })).toMatch(/^TLS: .*check sslrootcert/);
    expect(await why({ ...full, sslrootcert: at('missing.crt') })).toContain('missing.crt does not exist: provide it');
    expect(await why(full, '127.0.0.1', withoutTls)).toContain('the server offers no TLS');
  });

  it('both ways that prefer has tried', async () => {
    expect(await why({ user: 'nobody' })).toMatch(/SSL encryption.*; then: .*no encryption/);
  });

  it('a password file that others may read, once', async () => {
    const warnings: unknown[] = [];
    writeFileSync(at('open.pass'), '*:*:*:*:sesame\n');
    const log: Log = { ...silentLog, warn: (fields) => warnings.push(fields) };
    await why({ user: 'either', password: undefined, passfile: at('open.pass') }, '127.0.0.1', withTls, log);
    expect(warnings).toEqual([{ warning: expect.stringContaining('open.pass has group or world access') }]);
  });
});
