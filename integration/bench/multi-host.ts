// libpq's `host=a,b,c target_session_attrs=read-write`, as libpq 14 and newer do it, on top of the `pg` package, which has no such thing:
// hosts in the given order, each with its own `connect_timeout`; after the login the server has reported `in_hot_standby` and
// `default_transaction_read_only`, and a server where either is on is left for the next host. When no host is left, connecting has failed.
import pg from 'pg';
import type { Login } from '../lab/patroni-config.ts';

/** Gives a connection to the first server that takes writes; fails with what the last host said. */
export async function connectReadWrite(
  hosts: readonly { readonly name: string; readonly port: number }[],
  login: Login,
  connectTimeoutMs: number,
): Promise<pg.Client> {
  let last = new Error('there is no host to connect to');
  for (const { name, port } of hosts) {
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      user: login.user,
      password: login.password,
      database: 'postgres',
      ssl: false,
      application_name: 'writer',
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: 2_000,
    });
    const reported = new Map<string, string>();
    client.connection.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) => {
      reported.set(message.parameterName, message.parameterValue);
    });
    client.on('error', () => {});
    try {
      await client.connect();
      if (reported.get('in_hot_standby') === 'off' && reported.get('default_transaction_read_only') === 'off')
        return client;
      last = new Error(`${name}: session is read-only`);
    } catch (error) {
      last = error instanceof Error ? error : new Error(String(error));
    }
    client.connection.stream.destroy();
  }
  throw last;
}
