// A real PostgreSQL for tests: initdb or pg_basebackup, start, stop in every mode, kill, freeze, promote.
// Listens on loopback and on a socket in its own folder, without fsync; leaves no process and no shared memory behind.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { endWithEverything, eventually, freePort, giveTo, isRoot, type Program, startProgram } from './process.ts';
import { childrenOf, isGone, trySignal } from './process-table.ts';

export interface PostgresOptions {
  /** A folder that others may enter (see `temporaryFolder`); everything of this server goes into `folder/name`. */
  readonly folder: string;
  readonly name: string;
  readonly port?: number;
  /** PEM files of the server's certificate and key, and of the CA that client certificates must be signed by. They are copied. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Lines of pg_hba.conf for TCP. Default: everybody on loopback is trusted. The superuser's socket access comes first, always. */
  readonly hba?: readonly string[];
  /** Makes a streaming standby of that server. */
  readonly standbyOf?: BackupSource;
  /** Lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** False: make the data folder only; `start` is called later. */
  readonly start?: boolean;
}

/** Where a base backup is taken from: a server, or the address (in place of the socket's folder) and port of one. */
export type BackupSource = Pick<Postgres, 'socketFolder' | 'port'>;

export type StopMode = 'smart' | 'fast' | 'immediate';

export interface Postgres {
  readonly name: string;
  readonly port: number;
  readonly data: string;
  /** Superuser `postgres` is trusted here. */
  readonly socketFolder: string;
  /** Starts it (again); with `wait: false` without waiting until it takes connections. */
  readonly start: (options?: { readonly wait?: boolean }) => Promise<void>;
  /** Settles when it has ended. `smart` waits for its clients, so hold the promise and end them. */
  readonly stop: (mode?: StopMode) => Promise<void>;
  /** SIGKILL to the postmaster; settles when its children have followed. */
  readonly kill9: () => Promise<void>;
  /** SIGSTOP to the postmaster and all of its children: the port accepts, nobody answers. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Settles when it takes writes. */
  readonly promote: () => Promise<void>;
  /** As superuser over the socket; the rows of the (last) statement. */
  readonly sql: (text: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly running: () => boolean;
  readonly log: () => string;
}

const run = promisify(execFile);
const user = 'postgres';
const stopSignals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** One listener for however many servers a long test starts. */
const atExit = new Set<() => void>();
process.on('exit', () => {
  for (const end of atExit) end();
});

/** The folder of the newest PostgreSQL that is installed (Debian's layout, else what pg_config says). */
export function postgresBin(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isFinite) : [];
  if (versions.length > 0) return join(root, String(Math.max(...versions)), 'bin');
  return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { name } = options;
  const bin = postgresBin();
  const port = options.port ?? (await freePort());
  const home = join(options.folder, name);
  const data = join(home, 'data');
  const logFile = join(home, 'log');
  mkdirSync(home, { recursive: true, mode: 0o755 });
  giveTo(user, home);
  if (options.standbyOf === undefined) {
    await asPostgres(join(bin, 'initdb'), ['-D', data, '-U', user, '--auth=trust', '--no-sync', '--locale=C.UTF-8']);
  } else {
    const from = options.standbyOf;
    const source = ['-h', from.socketFolder, '-p', String(from.port), '-U', user];
    await asPostgres(join(bin, 'pg_basebackup'), [
      ...source,
      '-D',
      data,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '--no-sync',
    ]);
  }
  writeFileSync(join(data, 'pg_hba.conf'), hbaText(options.hba));
  writeFileSync(join(data, 'lab.conf'), settingsText(options, data, home, port));
  const main = join(data, 'postgresql.conf');
  if (!readFileSync(main, 'utf8').includes("include 'lab.conf'")) writeFileSync(main, "include 'lab.conf'\n");
  giveTo(user, data);
  const postgres = controls({ name, bin, port, data, home, logFile });
  if (options.start !== false) await postgres.start();
  return postgres;
}

interface Place {
  readonly name: string;
  readonly bin: string;
  readonly port: number;
  readonly data: string;
  readonly home: string;
  readonly logFile: string;
}

function controls({ name, bin, port, data, home, logFile }: Place): Postgres {
  let program: Program | undefined;
  const sql: Postgres['sql'] = async (text) => {
    const client = new pg.Client({
      host: home,
      port,
      user,
      database: 'postgres',
      ssl: false,
      connectionTimeoutMillis: 5_000,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      const result: unknown = await client.query(text);
      const last: unknown = Array.isArray(result) ? result.at(-1) : result;
      return last instanceof pg.Result ? last.rows : [];
    } finally {
      await client.end().catch(() => {});
    }
  };
  const family = (): readonly number[] =>
    program?.running() === true ? [program.pid, ...childrenOf(program.pid)] : [];
  const signalFamily = (signal: NodeJS.Signals): void => {
    for (const pid of family()) trySignal(pid, signal);
  };
  atExit.add(() => signalFamily('SIGKILL'));
  const ended = async (pids: readonly number[]): Promise<void> => {
    await program?.exited;
    await eventually(`${name}'s processes to end`, () => pids.every(isGone), 20_000, 5);
  };
  return {
    name,
    port,
    data,
    socketFolder: home,
    sql,
    start: async ({ wait = true } = {}) => {
      program = startProgram({ name, command: join(bin, 'postgres'), args: ['-D', data], user, logFile, cwd: data });
      const current = program;
      if (!wait) return;
      await eventually(`${name} to take connections`, async () => {
        if (!current.running()) return true;
        await sql('select 1');
        return true;
      });
      if (!current.running()) throw new Error(`${name} ended at its start:\n${current.log().slice(-2_000)}`);
    },
    stop: async (mode = 'fast') => {
      const pids = family();
      signalFamily('SIGCONT');
      program?.signal(stopSignals[mode]);
      await ended(pids);
    },
    kill9: async () => {
      const pids = family();
      const segment = sharedMemoryOf(data);
      program?.signal('SIGKILL');
      for (const pid of pids) trySignal(pid, 'SIGCONT');
      await ended(pids);
      if (segment !== undefined) await run('ipcrm', ['-m', segment]).catch(() => {});
    },
    freeze: () => signalFamily('SIGSTOP'),
    thaw: () => signalFamily('SIGCONT'),
    promote: async () => {
      await sql('select pg_promote(wait => true)');
    },
    running: () => program?.running() === true,
    log: () => program?.log() ?? '',
  };
}

async function asPostgres(command: string, args: readonly string[]): Promise<void> {
  const become = isRoot() ? ['--reuid', user, '--regid', user, '--init-groups'] : [];
  const running = run('setpriv', ['--pdeathsig', 'KILL', ...become, '--', command, ...args], { cwd: '/' });
  // What it makes must not grow while the folder is taken away.
  const forget = endWithEverything(async () => {
    running.child.kill('SIGKILL');
    await running.catch(() => {});
  });
  await running.finally(forget);
}

function hbaText(lines: readonly string[] = ['host all all 127.0.0.1/32 trust', 'host all all ::1/128 trust']): string {
  return [`local all ${user} trust`, `local replication ${user} trust`, ...lines, ''].join('\n');
}

function settingsText({ tls, settings }: PostgresOptions, data: string, home: string, port: number): string {
  const all: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: home,
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '16MB',
    max_wal_size: '256MB',
    wal_level: 'replica',
    hot_standby: 'on',
    wal_keep_size: '64MB',
    wal_retrieve_retry_interval: '100ms',
    log_line_prefix: '%m [%p] ',
    ...settings,
  };
  if (tls !== undefined) {
    all['ssl'] = 'on';
    for (const [setting, file] of [
      ['ssl_cert_file', tls.cert],
      ['ssl_key_file', tls.key],
      ['ssl_ca_file', tls.ca],
    ] as const) {
      if (file === undefined) continue;
      copyFileSync(file, join(data, `${setting}.pem`));
      chmodSync(join(data, `${setting}.pem`), 0o600);
      all[setting] = `${setting}.pem`;
    }
  }
  return Object.entries(all)
    .map(([key, value]) => `${key} = '${String(value).replaceAll("'", "''")}'\n`)
    .join('');
}

/** The id of the small System V segment by which a postmaster guards its data folder; SIGKILL leaves it behind. */
function sharedMemoryOf(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[6]?.trim().split(/\s+/)[1];
  } catch {
    return undefined;
  }
}
