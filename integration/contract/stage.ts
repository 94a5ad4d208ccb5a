// The servers that the contract is about, as real programs: a primary with two standbys, and a pgrouted that is given PgRoute66's own configuration
// file. It goes through the situations in one order, since a server that was promoted does not come back.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DaemonProcess, startProcess } from '../lab/daemon.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { type Cast, groups, type Host, hosts, type Situation, stateOf } from './cast.ts';

export interface Stage {
  readonly daemon: DaemonProcess;
  /** The text of PgRoute66's configuration for these servers, to be served on that port. */
  readonly configText: (port: number) => string;
  /** Makes the next situation and waits until pgrouted has seen it: calm, hole, two, none, nobody. */
  readonly become: (situation: Situation) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openStage(cast: Cast): Promise<Stage> {
  const folder = temporaryFolder();
  const pg1 = await startPostgres({ folder: folder.path, name: 'pg1' });
  const [pg2, pg3] = await Promise.all([standby('pg2', pg1, folder.path), standby('pg3', pg1, folder.path)]);
  const nobody = await freePort();
  const ports: Readonly<Record<Host, number>> = {
    pg1: pg1.port,
    pg2: pg2.port,
    pg3: pg3.port,
    odd: pg3.port,
    down: nobody,
  };
  const configText = (port: number): string => yaml(cast, ports, port);
  const port = await freePort();
  const file = join(folder.path, 'config.yaml');
  writeFileSync(file, configText(port));
  const daemon = await startProcess({
    folder: folder.path,
    name: 'pgrouted',
    args: ['-c', file],
    url: `http://127.0.0.1:${port}`,
  });
  const steps: Readonly<Record<Situation, () => Promise<void>>> = {
    calm: async () => {},
    hole: async () => pg3.freeze(),
    two: async () => {
      pg3.thaw();
      await pg2.promote();
    },
    none: async () => {
      await Promise.all([pg1.stop('immediate'), pg2.stop('immediate')]);
    },
    nobody: () => pg3.stop('immediate'),
  };
  return {
    daemon,
    configText,
    become: async (situation) => {
      await steps[situation]();
      for (const host of hosts) await seen(daemon, cast, host, situation);
    },
    close: async () => {
      pg3.thaw();
      await daemon.stop();
      await Promise.all([pg1, pg2, pg3].map((server) => server.stop('immediate')));
      folder.remove();
    },
  };
}

const standby = (name: string, standbyOf: Postgres, folder: string): Promise<Postgres> =>
  startPostgres({ folder, name, standbyOf });

/** JSON is YAML; PgRoute66 wants its port bare. */
function yaml(cast: Cast, ports: Readonly<Record<Host, number>>, port: number): string {
  const host = (name: Host) => ({ host: '127.0.0.1', port: ports[name], user: 'postgres', dbname: 'postgres' });
  const named = hosts.flatMap((name) =>
    cast.hosts[name] === undefined ? [] : [[cast.hosts[name], host(name)] as const],
  );
  const grouped = (['first', 'second', 'spaced', 'empty'] as const).flatMap((name) => {
    const group = cast.groups[name];
    return group === undefined ? [] : [[group, groups[name].flatMap((member) => cast.hosts[member] ?? [])] as const];
  });
  const config = { hosts: Object.fromEntries(named), groups: Object.fromEntries(grouped), bind: '127.0.0.1', port };
  return JSON.stringify(config, null, 2);
}

async function seen(daemon: DaemonProcess, cast: Cast, host: Host, situation: Situation): Promise<void> {
  const name = cast.hosts[host];
  if (name === undefined) return;
  const state = stateOf(situation, host);
  await eventually(`${name} to be ${state}`, async () => {
    const { body } = await daemon.get(`/v1/${encodeURIComponent(name)}/status`);
    return body === `"${state}"`;
  });
}
