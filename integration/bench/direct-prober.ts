// The witness for "this PostgreSQL takes writes": a kept connection to each server, past every proxy, asked again every few milliseconds.
// PostgreSQL says `pg_is_in_recovery() = false` from the instant on at which it accepts writes, so that no write is needed to know.
import pg from 'pg';
import type { Login } from '../lab/patroni-config.ts';
import { nowMs } from './instant.ts';

/** What a server said, from when until it said something else. `gone`: no connection, or no answer. Instants of `nowMs`. */
export interface Stay {
  readonly state: 'primary' | 'standby' | 'gone';
  /** When the first such answer had been read. */
  readonly from: number;
}

export interface DirectProber {
  /** Every change of a server so far. */
  readonly stays: (server: string) => readonly Stay[];
  readonly now: (server: string) => Stay['state'];
  readonly stop: () => Promise<void>;
}

export function startDirectProber(
  servers: readonly { readonly name: string; readonly port: number }[],
  login: Login,
  everyMs: number,
): DirectProber {
  const stays = new Map<string, Stay[]>(servers.map(({ name }) => [name, []]));
  let stopping = false;

  const note = (name: string, state: Stay['state']): void => {
    const list = stays.get(name);
    if (list !== undefined && list.at(-1)?.state !== state) list.push({ state, from: nowMs() });
  };
  const follow = async (name: string, port: number): Promise<void> => {
    let client: pg.Client | undefined;
    const drop = (): void => {
      client?.connection.stream.destroy();
      client = undefined;
      note(name, 'gone');
    };
    while (!stopping) {
      const beganAt = nowMs();
      try {
        if (client === undefined) {
          const fresh = new pg.Client({
            host: '127.0.0.1',
            port,
            user: login.user,
            password: login.password,
            database: 'postgres',
            ssl: false,
            application_name: 'witness',
            connectionTimeoutMillis: 1_000,
            query_timeout: 1_000,
          });
          client = fresh;
          fresh.on('error', () => {
            if (client === fresh) drop();
          });
          await fresh.connect();
        }
        const { rows } = await client.query<{ readonly recovery: boolean }>('select pg_is_in_recovery() as recovery');
        note(name, rows[0]?.recovery === false ? 'primary' : 'standby');
      } catch {
        // Down, starting or stopping: all the same here.
        drop();
      }
      // Asked less often while there is nobody to ask: each try costs the server a new process.
      const pauseMs = client === undefined ? 50 : everyMs;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, beganAt + pauseMs - nowMs())));
    }
    client?.connection.stream.destroy();
  };
  const ended = Promise.all(servers.map(({ name, port }) => follow(name, port)));
  return {
    stays: (server) => stays.get(server) ?? [],
    now: (server) => stays.get(server)?.at(-1)?.state ?? 'gone',
    stop: async () => {
      stopping = true;
      await ended;
    },
  };
}
