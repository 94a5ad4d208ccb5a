// Three real PostgreSQL servers and pgrouted on PgRoute66's own configuration file: what whoever comes from there has on the first day.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DaemonProcess, startProcess } from '../lab/daemon.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort } from '../lab/process.ts';

export interface Servers {
  /** The primary first. */
  readonly all: readonly Postgres[];
  /** The last of the standbys. */
  readonly last: Postgres;
  readonly stop: () => Promise<void>;
}

export async function startServers(folder: string): Promise<Servers> {
  const primary = await startPostgres({ folder, name: 'pg1' });
  const other = await startPostgres({ folder, name: 'pg2', standbyOf: primary });
  const last = await startPostgres({ folder, name: 'pg3', standbyOf: primary });
  const all = [primary, other, last];
  return { all, last, stop: async () => void (await Promise.all(all.map((server) => server.stop('immediate')))) };
}

/** The group that all of them are in, as the check scripts take it from the names of the backends. */
export const group = 'orders';

export interface ServedFile {
  readonly folder: string;
  readonly name: string;
  readonly servers: Servers;
  /** Further keys of the file: pgrouted's own, which PgRoute66 does not look at. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface ServingDaemon extends DaemonProcess {
  readonly port: number;
}

/** Starts pgrouted and waits until it names the primary and both standbys. */
export async function startServing({ folder, name, servers, more = {} }: ServedFile): Promise<ServingDaemon> {
  const port = await freePort();
  const file = join(folder, `${name}.yaml`);
  const host = ({ name: of, port: at }: Postgres) =>
    [of, { host: '127.0.0.1', port: at, user: 'postgres', dbname: 'postgres' }] as const;
  const config = {
    hosts: Object.fromEntries(servers.all.map(host)),
    groups: { [group]: servers.all.map(({ name: of }) => of) },
    bind: '127.0.0.1',
    port,
    ...more,
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  const daemon = await startProcess({ folder, name, args: ['-c', file], url: `http://127.0.0.1:${port}` });
  const names = async (path: string): Promise<string> => JSON.stringify(JSON.parse((await daemon.get(path)).body));
  await eventually(`${name} to know all three servers`, async () => {
    const [primary, standbys] = [await names('/v1/primary'), await names('/v1/standbys')];
    return primary === '"pg1"' && standbys === '["pg2","pg3"]' ? true : undefined;
  });
  return { ...daemon, port };
}
