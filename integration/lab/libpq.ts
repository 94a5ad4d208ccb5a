// One connection attempt by the real libpq (psql) and one by us, told in the same words, so that a test can hold us to what libpq does.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProbeSpec } from '@pgrouted/core/model/spec';
import { connectionOptions } from '@pgrouted/core/postgres/options';
import { Session } from '@pgrouted/core/postgres/session';
import { expect } from 'vitest';
import { postgresBin } from './postgres.ts';
import { bareSurroundings, probeSpec } from './probing.ts';

const run = promisify(execFile);

/** `as`: connected, and what the server says that we are: `user@database application work_mem`. */
export interface Outcome {
  readonly kind: 'encrypted' | 'plain' | 'no';
  readonly as?: string;
}

export type Attempt = Omit<Partial<ProbeSpec>, 'dbnameDefault'> & {
  /** libpq's `host`: what the certificate is checked against; where to connect unless there is a hostaddr. */
  readonly host: string;
  readonly hostaddr?: string;
  readonly port: number;
  /** The home folder. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
};

const question = `select (select ssl from pg_stat_ssl where pid = pg_backend_pid()),
  current_user || '@' || current_database() || ' ' || current_setting('work_mem')`;

/** What libpq makes of it. */
export async function byPsql({
  home,
  env,
  applicationName,
  connectTimeoutMs: _,
  ...options
}: Attempt): Promise<Outcome> {
  const words = { connect_timeout: 5, application_name: applicationName, ...options };
  const conninfo = Object.entries(words)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}='${value}'`)
    .join(' ');
  const surroundings = { HOME: home, LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin', ...env };
  try {
    const psql = join(postgresBin(), 'psql');
    const { stdout } = await run(psql, ['-w', '-X', '-At', '-F', ' ', '-c', question, conninfo], { env: surroundings });
    return outcome(stdout.trim().split(' '));
  } catch {
    return { kind: 'no' };
  }
}

/** What we make of it; the database is named as libpq does. */
export function byUs({ host, hostaddr, port, home, env = {}, ...options }: Attempt): Promise<Outcome> {
  const plan = connectionOptions({
    ...bareSurroundings(home),
    env,
    spec: probeSpec({ ...options, dbnameDefault: 'user' }),
    host: hostaddr ?? host,
    serverName: host,
    port,
  });
  return new Promise((resolve) => {
    const done = (answer: Outcome): void => {
      session.close();
      resolve(answer);
    };
    const no = (): void => done({ kind: 'no' });
    const session = new Session(plan, {
      opened: () => session.ask(question, 'text'),
      failed: no,
      ended: no,
      refused: no,
      answered: ([row]) =>
        done(Array.isArray(row) ? outcome(row.map(String).flatMap((text) => text.split(' '))) : { kind: 'no' }),
    });
  });
}

const outcome = ([ssl, ...words]: readonly string[]): Outcome => ({
  kind: ssl === 't' ? 'encrypted' : 'plain',
  as: words.join(' '),
});

/** Both at once; they must fare alike. */
export async function alike(attempt: Attempt): Promise<Outcome> {
  const [theirs, ours] = await Promise.all([byPsql(attempt), byUs(attempt)]);
  expect(ours, JSON.stringify(attempt)).toEqual(theirs);
  return ours;
}
