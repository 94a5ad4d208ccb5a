// A client that writes all the time through one port, as an application does: one connection, one INSERT every few milliseconds,
// a new connection after every error. Every attempt is recorded; what follows from them is computed, never assumed.
import pg from 'pg';
import type { Login } from './patroni-config.ts';
import type { Rows } from './patroni-node.ts';

export interface WriterOptions {
  /** The port that is written through, on 127.0.0.1. */
  readonly port: number;
  readonly login: Login;
  readonly database?: string;
  /** A write is begun this long after the last one was begun, or as soon as that has ended. Default 20. */
  readonly everyMs?: number;
  /** How long a connection may take. Default 1000. */
  readonly connectTimeoutMs?: number;
  /** How long an INSERT may take before the connection is given up. Default 2000. */
  readonly writeTimeoutMs?: number;
  /** Default `lab_writes`. */
  readonly table?: string;
  /** What to call the server that listens on a port; without a name it is called by the port. */
  readonly names?: ReadonlyMap<number, string>;
  /** Another way to a connection than through `port`; it gives one that is ready for statements. */
  readonly open?: () => Promise<pg.Client>;
}

/** Instants are of `performance.now()` in this process; `wallTime` turns them into dates. */
export interface Attempt {
  readonly id: number;
  readonly beganAt: number;
  readonly endedAt: number;
  readonly outcome: Committed | Failed;
}

export interface Committed {
  readonly kind: 'committed';
  /** Who served it, by the port that PostgreSQL itself says it was reached at (Patroni sets `cluster_name` to the scope everywhere). */
  readonly server: string;
}

export interface Failed {
  readonly kind: 'failed';
  /** `write`: it is not known whether the row was committed. */
  readonly during: 'connect' | 'write';
  readonly error: string;
}

/** A time without a committed write: from one acknowledgement to the next. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
  readonly errors: number;
  readonly serverBefore: string;
  readonly serverAfter: string;
}

export interface Audit {
  readonly acknowledged: number;
  /** Acknowledged ids that the table doesn't have. */
  readonly lost: readonly number[];
  /** Ids that the table has more than once. */
  readonly doubled: readonly number[];
}

export interface Writer {
  readonly attempts: () => readonly Attempt[];
  readonly committed: () => readonly (Attempt & { readonly outcome: Committed })[];
  readonly errors: () => readonly (Attempt & { readonly outcome: Failed })[];
  /** The first write acknowledged at or after the instant. */
  readonly firstCommitAfter: (instant: number) => (Attempt & { readonly outcome: Committed }) | undefined;
  /** Times without a committed write of at least `minimumMs`, between two committed writes. */
  readonly gaps: (minimumMs: number) => readonly Gap[];
  /** The servers that served, in order, each once per stay: `['n1', 'n2']` after one switch. */
  readonly servers: () => readonly string[];
  /** Compares what was acknowledged with what `sql` finds in the table. */
  readonly audit: (sql: (text: string) => Promise<Rows>) => Promise<Audit>;
  /** Ends after the attempt under way. */
  readonly stop: () => Promise<void>;
}

export const wallTime = (instant: number): Date => new Date(performance.timeOrigin + instant);

/** The table that a writer writes into; no key, so that a doubled row shows. */
export const createWriterTable = (table = 'lab_writes'): string =>
  `create table if not exists ${table} (id bigint not null, at timestamptz not null default clock_timestamp())`;

/** Begins to write. The table must exist (`createWriterTable`). */
export function startWriter(options: WriterOptions): Writer {
  const { everyMs = 20, table = 'lab_writes' } = options;
  const attempts: Attempt[] = [];
  let stopping = false;
  let wake = (): void => {};

  const loop = async (): Promise<void> => {
    const connection = keepConnected(options);
    for (let id = 1; !stopping; id += 1) {
      const beganAt = performance.now();
      const outcome = await attempt(connection, table, id, options.names);
      const endedAt = performance.now();
      attempts.push({ id, beganAt, endedAt, outcome });
      const waitMs = beganAt + everyMs - endedAt;
      if (waitMs > 0 && !stopping)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, waitMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
    }
    await connection.end();
  };
  const ended = loop();

  return {
    attempts: () => attempts,
    committed: () => attempts.filter(isCommitted),
    errors: () => attempts.filter(isFailed),
    firstCommitAfter: (instant) => attempts.filter(isCommitted).find(({ endedAt }) => endedAt >= instant),
    gaps: (minimumMs) => gapsOf(attempts, minimumMs),
    servers: () =>
      attempts
        .filter(isCommitted)
        .map(({ outcome }) => outcome.server)
        .filter((server, index, all) => server !== all[index - 1]),
    audit: async (sql) =>
      auditOf(attempts, await sql(`select id::int as id, count(*)::int as times from ${table} group by id`)),
    stop: async () => {
      stopping = true;
      wake();
      await ended;
    },
  };
}

const isCommitted = (attempt: Attempt): attempt is Attempt & { readonly outcome: Committed } =>
  attempt.outcome.kind === 'committed';
const isFailed = (attempt: Attempt): attempt is Attempt & { readonly outcome: Failed } =>
  attempt.outcome.kind === 'failed';

export function gapsOf(attempts: readonly Attempt[], minimumMs: number): readonly Gap[] {
  const gaps: Gap[] = [];
  let last: (Attempt & { readonly outcome: Committed }) | undefined;
  let errors = 0;
  for (const attempt of attempts) {
    if (!isCommitted(attempt)) {
      errors += 1;
      continue;
    }
    const ms = attempt.endedAt - (last?.endedAt ?? attempt.endedAt);
    if (last !== undefined && ms >= minimumMs) {
      const { server: serverBefore } = last.outcome;
      gaps.push({
        from: last.endedAt,
        to: attempt.endedAt,
        ms,
        errors,
        serverBefore,
        serverAfter: attempt.outcome.server,
      });
    }
    last = attempt;
    errors = 0;
  }
  return gaps;
}

export function auditOf(attempts: readonly Attempt[], rows: Rows): Audit {
  const times = new Map(rows.map((row) => [Number(row['id']), Number(row['times'])]));
  const acknowledged = attempts.filter(isCommitted);
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter(({ id }) => !times.has(id)).map(({ id }) => id),
    doubled: [...times].filter(([, count]) => count > 1).map(([id]) => id),
  };
}

/** One connection at a time; a new one whenever the last has failed. */
interface Connection {
  readonly client: () => Promise<pg.Client>;
  readonly drop: () => void;
  readonly end: () => Promise<void>;
}

function keepConnected(options: WriterOptions): Connection {
  let current: pg.Client | undefined;
  const drop = () => {
    // The socket is closed at once: a farewell to a server that hangs would never end.
    current?.connection.stream.destroy();
    current = undefined;
  };
  return {
    client: async () => {
      if (current !== undefined) return current;
      const client = (await options.open?.()) ?? throughPort(options);
      current = client;
      client.on('error', () => {
        if (current === client) drop();
      });
      if (options.open === undefined) await client.connect();
      return client;
    },
    drop,
    end: async () => {
      drop();
    },
  };
}

const throughPort = (options: WriterOptions): pg.Client =>
  new pg.Client({
    host: '127.0.0.1',
    port: options.port,
    user: options.login.user,
    password: options.login.password,
    database: options.database ?? 'postgres',
    ssl: false,
    application_name: 'writer',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 1_000,
    query_timeout: options.writeTimeoutMs ?? 2_000,
  });

async function attempt(
  connection: Connection,
  table: string,
  id: number,
  names: WriterOptions['names'],
): Promise<Committed | Failed> {
  let during: Failed['during'] = 'connect';
  try {
    const client = await connection.client();
    during = 'write';
    const { rows } = await client.query<{ readonly port: number }>(
      `insert into ${table} (id) values ($1) returning inet_server_port() as port`,
      [id],
    );
    const port = rows[0]?.port ?? 0;
    return { kind: 'committed', server: names?.get(port) ?? String(port) };
  } catch (error) {
    connection.drop();
    return { kind: 'failed', during, error: error instanceof Error ? error.message : String(error) };
  }
}
