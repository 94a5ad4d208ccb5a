// A small fleet: one etcd, one cluster whose records are written as Patroni writes them, and routers with a HAProxy of their own each. Servers that say their name
// stand in for PostgreSQL: here only what is let in matters.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundles, type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
import { type EtcdLab, type EtcdOptions, startEtcd } from './etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from './haproxy.ts';
import { acceptingIn } from './overlap.ts';
import { eventually, freePort, type temporaryFolder } from './process.ts';
import { patroniRecords, type RecordedMember, type Records } from './records.ts';
import { type SetOverride, setOverride } from './set-override.ts';

export const WRITES = 'be_rw';
export const READS = 'be_ro';

export interface Ctl {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface FleetRouter {
  readonly name: string;
  readonly haproxy: Haproxy;
  readonly daemon: Daemon;
  /** The servers of a backend that accept connections, as HAProxy itself says. */
  readonly accepting: (backend: string) => Promise<readonly string[]>;
  /** Waits until exactly these do. */
  readonly holds: (backend: string, servers: readonly string[]) => Promise<void>;
  readonly ctl: (...args: readonly string[]) => Promise<Ctl>;
  /** POST /v2/overrides, with owner and reason filled in. */
  readonly set: (body: Readonly<Record<string, unknown>>) => Promise<SetOverride>;
}

export interface FleetStage {
  readonly etcd: EtcdLab;
  readonly records: Records;
  readonly members: readonly RecordedMember[];
  /** Another router with a HAProxy of its own. `more`: top-level keys of its configuration. */
  readonly router: (
    name: string,
    options?: Pick<DaemonOptions, 'more'> & {
      readonly etcd?: Readonly<Record<string, unknown>>;
      readonly onHaproxyOf?: FleetRouter;
    },
  ) => Promise<FleetRouter>;
  readonly close: () => Promise<void>;
}

export interface FleetStageOptions {
  readonly folder: ReturnType<typeof temporaryFolder>;
  readonly members?: readonly string[];
  readonly etcd?: Partial<EtcdOptions>;
  /** How the records are written where etcd wants to know who does. */
  readonly auth?: { readonly username: string; readonly password: string };
}

export async function fleetStage({ folder, members: names, etcd: more, auth }: FleetStageOptions): Promise<FleetStage> {
  const etcd = await startEtcd({ folder: folder.path, members: 1, ...more });
  const members: RecordedMember[] = [];
  for (const name of names ?? ['n1', 'n2', 'n3']) members.push({ name, port: await freePort() });
  const records = patroniRecords(etcd.endpoints, 'orders', '/service', auth);
  await records.bootstrap(members);
  const running: FleetRouter[] = [];
  return {
    etcd,
    records,
    members,
    router: async (name, options = {}) => {
      const haproxy = options.onHaproxyOf?.haproxy ?? (await haproxyFor(join(folder.path, `${name}-haproxy`), members));
      const daemon = await startDaemon({
        folder: folder.path,
        name,
        ...(options.etcd === undefined ? { etcdEndpoints: etcd.endpoints } : {}),
        clusters: [
          {
            name: 'orders',
            patroni: { scope: 'orders' },
            services: { primary: { backend: WRITES, role: 'primary' }, replica: { backend: READS, role: 'replica' } },
          },
        ],
        haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
        more: {
          ...(options.etcd === undefined ? {} : { etcd: { endpoints: etcd.endpoints, ...options.etcd } }),
          fleet: { name },
          ...options.more,
        },
      });
      const router = routerOf(name, haproxy, daemon);
      running.push(router);
      await daemon.ready();
      return router;
    },
    close: async () => {
      records.close();
      await Promise.all(running.map(({ daemon }) => daemon.stop()));
      await Promise.all([...new Set(running.map(({ haproxy }) => haproxy))].map((haproxy) => haproxy.stop()));
      await etcd.stop();
      folder.remove();
    },
  };
}

async function haproxyFor(folder: string, servers: readonly RecordedMember[]): Promise<Haproxy> {
  mkdirSync(folder);
  const [writePort, readPort] = [await freePort(), await freePort()];
  return startHaproxy({ folder, config: haproxyConfig({ writePort, readPort, servers }) });
}

function routerOf(name: string, haproxy: Haproxy, daemon: Daemon): FleetRouter {
  const accepting = async (backend: string) => acceptingIn(await haproxy.ask(`show servers state ${backend}`)) ?? [];
  return {
    name,
    haproxy,
    daemon,
    accepting,
    holds: async (backend, servers) => {
      const wanted = [...servers].sort().join();
      await eventually(
        `${name} to hold ${wanted === '' ? 'nobody' : wanted} in ${backend}`,
        async () => [...(await accepting(backend))].sort().join() === wanted || undefined,
      );
    },
    ctl: (...args) =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [bundles.pgroutectl, '--url', daemon.url, ...args],
          { env: { PATH: process.env['PATH'], USER: 'dba' } },
          (error, out, err) =>
            resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
        );
      }),
    set: (body) => setOverride(daemon.url, body),
  };
}
