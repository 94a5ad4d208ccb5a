// Everything that the demo shows, on loopback and in one temporary folder: etcd, Patroni with PostgreSQL, HAProxy, pgrouted, a client
// that writes through the write port, and a witness that asks HAProxy itself who accepts writers.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { haproxyFragment } from '@pgrouted/core/haproxy/fragment';
import { startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { watchOverlap } from '../lab/overlap.ts';
import { type PatroniCluster, startPatroniCluster } from '../lab/patroni.ts';
import { eventually, freePort } from '../lab/process.ts';
import { createWriterTable, startWriter } from '../lab/writer.ts';
import type { Located } from './addresses.ts';
import type { Screen } from './screen.ts';
import { step } from './step.ts';
import { readBackend, witnessEveryMs, writeBackend } from './theatre.ts';

export interface Stage extends Located {
  readonly cluster: PatroniCluster;
}

export interface StageOptions {
  readonly folder: string;
  /** Patroni's `ttl`, in seconds. */
  readonly ttl: number;
  readonly writeEveryMs: number;
  readonly screen: Screen;
}

export async function setStage({ folder, ttl, writeEveryMs, screen }: StageOptions): Promise<Stage> {
  const etcd = await step(
    screen,
    'etcd',
    () => startEtcd({ folder, members: 3 }),
    ({ endpoints }) => `3 members: ${endpoints.map((endpoint) => endpoint.replace('http://', '')).join(', ')}`,
  );
  const cluster = await step(
    screen,
    'Patroni',
    () => startPatroniCluster({ folder, etcdEndpoints: etcd.endpoints, scope: 'demo', ttl }),
    ({ nodes }) =>
      `3 nodes with PostgreSQL: ${nodes.map(({ name, pgPort }) => `${name} on ${pgPort}`).join(', ')}; ttl ${ttl} s`,
  );
  const [writePort, readPort] = [await freePort(), await freePort()];
  const haproxyFolder = join(folder, 'ha');
  mkdirSync(haproxyFolder);
  const haproxy = await step(
    screen,
    'HAProxy',
    () =>
      startHaproxy({
        folder: haproxyFolder,
        // What `pgrouted haproxy-config` prints, as on the nodes of docker-compose.yml.
        config: ({ adminSocket }) =>
          haproxyFragment({
            socket: adminSocket,
            bind: '127.0.0.1',
            members: cluster.nodes.map(({ name, pgPort }) => ({ name, host: '127.0.0.1', port: pgPort })),
            services: [
              { name: 'primary', backends: [writeBackend], role: 'primary', port: writePort },
              { name: 'replica', backends: [readBackend], role: 'replica', port: readPort },
            ],
          }),
      }),
    () => `write port ${writePort}, read port ${readPort}; every server starts disabled, no checks, no scripts`,
  );
  const daemon = await step(
    screen,
    'pgrouted',
    async () => {
      const started = await startDaemon(daemonOptions(folder, etcd, cluster, haproxy));
      await started.ready();
      return started;
    },
    ({ url }) => `API on ${url}`,
  );
  const writer = await step(
    screen,
    'client',
    async () => {
      const primary = await cluster.primary();
      await primary.sql(`${createWriterTable()}; grant insert, select on lab_writes to ${cluster.app.user}`);
      const started = startWriter({ port: writePort, login: cluster.app, everyMs: writeEveryMs, names: cluster.names });
      await eventually('the first write through HAProxy', () => started.committed().length > 0);
      return started;
    },
    () => `one INSERT every ${writeEveryMs} ms through port ${writePort}`,
  );
  const witness = watchOverlap(haproxy.adminSocket, writeBackend, witnessEveryMs);
  const patronictl = `patronictl -c ${cluster.nodes[0]?.configFile}`;
  return {
    ...{ folder, etcd, cluster, haproxy, daemon, writer, witness, writePort, readPort },
    servers: cluster.nodes.length,
    primary: () => cluster.primary(),
    healthy: async () => {
      await cluster.waitUntilHealthy(90_000);
    },
    told: () => [],
    login: cluster.app,
    etcdPrefix: `${cluster.namespace}/${cluster.scope}/`,
    managing: ['switch over; look at Patroni', `    ${patronictl} switchover --force`, `    ${patronictl} list`],
  };
}

const daemonOptions = (folder: string, etcd: EtcdLab, cluster: PatroniCluster, haproxy: Haproxy) => ({
  folder,
  etcdEndpoints: etcd.endpoints,
  clusters: [
    {
      name: 'demo',
      patroni: { scope: cluster.scope },
      probe: { user: cluster.probe.user, password: cluster.probe.password, dbname: 'postgres' },
      services: {
        primary: { backend: writeBackend, role: 'primary' },
        replica: { backend: readBackend, role: 'replica', fallback: 'primary' },
      },
    },
  ],
  haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket }],
  more: { journal: { file: join(folder, 'journal.jsonl') } },
});
