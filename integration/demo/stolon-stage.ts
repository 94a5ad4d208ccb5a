// Everything that the Stolon demo shows, on loopback and in one temporary folder: etcd, PostgreSQL under models of Stolon's keepers and sentinel,
// HAProxy with its watchdog, pgrouted registered as a proxy, a client that writes, and witnesses that ask HAProxy itself.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../lab/daemon.ts';
import { startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { watchOverlap } from '../lab/overlap.ts';
import { eventually, freePort } from '../lab/process.ts';
import { type StolonCluster, startStolonCluster } from '../lab/stolon/cluster.ts';
import type { ClusterSpec } from '../lab/stolon/cluster-data.ts';
import type { SentinelEvent } from '../lab/stolon/sentinel.ts';
import { createWriterTable, startWriter } from '../lab/writer.ts';
import type { Located } from './addresses.ts';
import type { Screen } from './screen.ts';
import { step } from './step.ts';
import { momentsOf } from './stolon-timeline.ts';
import { readBackend, witnessEveryMs, writeBackend } from './theatre.ts';

/** Shorter than Stolon's own (5 s, 20 s, 5 s, 15 s). */
export const intervals = {
  sleepInterval: '1s',
  failInterval: '4s',
  proxyCheckInterval: '1s',
  proxyTimeout: '3s',
} as const satisfies ClusterSpec;

const name = 'demo';
const login = { user: 'postgres', password: '' };
const watchdog = fileURLToPath(new URL('../../haproxy/pgrouted-watchdog.lua', import.meta.url));

/** What HAProxy itself said when the sentinel was about to name a master. */
export interface Naming {
  readonly master: string;
  /** Sessions on all servers of the write service. */
  readonly sessions: number;
}

export interface StolonStage extends Located {
  readonly cluster: StolonCluster;
  /** Of every naming since HAProxy runs. */
  readonly namings: readonly Naming[];
  /** Called when the sentinel has taken the master away. */
  readonly onCleared: (act: () => void) => void;
}

export interface StolonStageOptions {
  readonly folder: string;
  readonly writeEveryMs: number;
  readonly screen: Screen;
}

export async function setStolonStage({ folder, writeEveryMs, screen }: StolonStageOptions): Promise<StolonStage> {
  const namings: Naming[] = [];
  const clearedActs: (() => void)[] = [];
  const keeperOf = new Map<string, string>();
  let haproxy: Haproxy | undefined;
  const beforeNaming = async ({ masterDbUid }: { readonly masterDbUid: string }): Promise<void> => {
    if (haproxy === undefined) return;
    const master = keeperOf.get(masterDbUid) ?? masterDbUid;
    namings.push({ master, sessions: sessionsIn(await haproxy.ask(`show stat ${writeBackend} 4 -1`)) });
  };
  const onEvent = ({ kind }: SentinelEvent): void => {
    if (kind === 'cleared') for (const act of clearedActs) act();
  };

  const etcd = await step(
    screen,
    'etcd',
    () => startEtcd({ folder, members: 3 }),
    ({ endpoints }) => `3 members: ${endpoints.map((endpoint) => endpoint.replace('http://', '')).join(', ')}`,
  );
  const cluster = await step(
    screen,
    'Stolon',
    () => startStolonCluster({ etcd, name, keepers: 3, spec: intervals, folder, beforeNaming, onEvent }),
    ({ keepers }) =>
      `(models) 1 sentinel, 3 keepers with PostgreSQL: ${keepers.map(({ uid, port }) => `${uid} on ${port}`).join(', ')}`,
  );
  const [writePort, readPort] = [await freePort(), await freePort()];
  const haproxyFolder = join(folder, 'ha');
  mkdirSync(haproxyFolder);
  const started = await step(
    screen,
    'HAProxy',
    () =>
      startHaproxy({
        folder: haproxyFolder,
        config: haproxyConfig({
          writePort,
          readPort,
          writeBackend,
          readBackend,
          servers: cluster.keepers.map(({ uid, port }) => ({ name: uid, port })),
          globalOptions: [`lua-load ${watchdog}`],
        }),
      }),
    () => `write port ${writePort}, read port ${readPort}; every server starts disabled; its watchdog is loaded`,
  );
  haproxy = started;
  const daemon = await step(
    screen,
    'pgrouted',
    async () => {
      const router = await startDaemon({
        folder,
        etcdEndpoints: etcd.endpoints,
        clusters: [
          {
            name,
            stolon: { name },
            probe: { user: login.user, dbname: 'postgres' },
            services: {
              primary: { backend: writeBackend, role: 'primary' },
              replica: { backend: readBackend, role: 'replica', fallback: 'primary' },
            },
          },
        ],
        haproxy: [{ socket: started.adminSocket, master_socket: started.masterSocket }],
        more: { journal: { file: join(folder, 'journal.jsonl') } },
      });
      await router.ready();
      return router;
    },
    ({ url }) => `registered as a proxy of Stolon, for HAProxy; API on ${url}`,
  );
  const writer = await step(
    screen,
    'client',
    async () => {
      await (await cluster.masterKeeper()).postgres()?.sql(createWriterTable());
      const names = new Map(cluster.keepers.map(({ uid, port }) => [port, uid]));
      const client = startWriter({ port: writePort, login, everyMs: writeEveryMs, names });
      await eventually('the first write through HAProxy', () => client.committed().length > 0);
      return client;
    },
    () => `one INSERT every ${writeEveryMs} ms through port ${writePort}`,
  );
  const witness = watchOverlap(started.adminSocket, writeBackend, witnessEveryMs);
  return {
    ...{ folder, etcd, cluster, haproxy: started, daemon, writer, witness, writePort, readPort, login },
    ...{ namings, etcdPrefix: cluster.store.prefix, managing: [] },
    servers: cluster.keepers.length,
    primary: async () => {
      const { uid, postgres } = await cluster.masterKeeper();
      const server = postgres();
      if (server === undefined) throw new Error(`${uid} has no PostgreSQL`);
      return { name: uid, sql: server.sql };
    },
    healthy: async () => {
      await cluster.settle();
      const { dbs } = await cluster.clusterData();
      for (const { uid, spec } of Object.values(dbs)) keeperOf.set(uid, spec.keeperUID);
    },
    told: (actAt) => momentsOf(actAt, cluster.history(), cluster.keepers, (db) => keeperOf.get(db) ?? `db ${db}`),
    onCleared: (act) => clearedActs.push(act),
  };
}

/** The sum of current sessions in what `show stat` says of servers. */
function sessionsIn(answer: string): number {
  const [head = '', ...rows] = answer.split('\n');
  const column = head.replace(/^# /, '').split(',').indexOf('scur');
  return rows.reduce((sum, row) => sum + Number(row.split(',')[column] ?? 0), 0);
}
