// Patroni's configuration file for one node of the lab: everything on loopback and below the node's own folder, without fsync.
// Written as JSON, which is YAML.
import { join } from 'node:path';
import { postgresBin } from './postgres.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Patroni's dynamic settings (`bootstrap.dcs`), in its own words. Times are seconds. */
export interface PatroniTimes {
  /**
   * How long a dead primary keeps its leader key. Default 20, the least that newer versions accept; 3.0.2 takes any number
   * (etcd's shortest lease is about 2 s), so that tests of a failover may choose 5.
   */
  readonly ttl?: number;
  /** Default 2, with a `ttl` below 10 it is 1 (Patroni's own default is 10). */
  readonly loopWait?: number;
  /** Default 5, so that `loop_wait + 2 * retry_timeout <= ttl`, as Patroni wants it. Smaller for a smaller `ttl`. */
  readonly retryTimeout?: number;
}

export interface ClusterPlan extends PatroniTimes {
  readonly scope: string;
  readonly namespace: string;
  readonly etcdEndpoints: readonly string[];
  readonly superuser: Login;
  readonly replication: Login;
  readonly rewind: Login;
  /** Merged into `bootstrap.dcs`: `synchronous_mode`, `failsafe_mode`, `maximum_lag_on_failover`, ... */
  readonly settings: Readonly<Record<string, unknown>>;
  /** PostgreSQL's parameters, on top of the lab's. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** Lines of pg_hba.conf before all others. */
  readonly hba: readonly string[];
}

export interface NodePlan {
  readonly name: string;
  readonly home: string;
  readonly pgPort: number;
  readonly restPort: number;
  readonly tags: Readonly<Record<string, unknown>>;
}

export const dataFolder = ({ home }: NodePlan): string => join(home, 'data');
export const configFile = ({ home }: NodePlan): string => join(home, 'patroni.yml');

/** The times as they are written, defaults filled in. */
export function timesOf({ ttl = 20, loopWait = ttl < 10 ? 1 : 2, retryTimeout }: PatroniTimes): Required<PatroniTimes> {
  return { ttl, loopWait, retryTimeout: retryTimeout ?? Math.max(1, Math.min(5, Math.floor((ttl - loopWait) / 2))) };
}

/** `bin`: where PostgreSQL's programs are; default: where this machine has its newest. */
export function patroniConfig(cluster: ClusterPlan, node: NodePlan, bin: string = postgresBin()): string {
  const { ttl, loopWait, retryTimeout } = timesOf(cluster);
  const login = ({ user, password }: Login) => ({ username: user, password });
  return `${JSON.stringify(
    {
      scope: cluster.scope,
      namespace: cluster.namespace,
      name: node.name,
      restapi: { listen: `127.0.0.1:${node.restPort}`, connect_address: `127.0.0.1:${node.restPort}` },
      etcd3: { hosts: cluster.etcdEndpoints.map((endpoint) => endpoint.replace(/^https?:\/\//, '')) },
      bootstrap: {
        dcs: {
          ttl,
          loop_wait: loopWait,
          retry_timeout: retryTimeout,
          postgresql: { use_pg_rewind: true, parameters: { wal_level: 'replica', max_connections: 100 } },
          ...cluster.settings,
        },
        initdb: ['data-checksums', 'no-sync', 'no-instructions', { encoding: 'UTF8' }, { locale: 'C.UTF-8' }],
      },
      postgresql: {
        listen: `127.0.0.1:${node.pgPort}`,
        connect_address: `127.0.0.1:${node.pgPort}`,
        data_dir: dataFolder(node),
        bin_dir: bin,
        pgpass: join(node.home, 'pgpass'),
        authentication: {
          superuser: login(cluster.superuser),
          replication: login(cluster.replication),
          rewind: login(cluster.rewind),
        },
        basebackup: ['no-sync', { checkpoint: 'fast' }],
        pg_hba: [
          ...cluster.hba,
          'local all all scram-sha-256',
          'host all all 127.0.0.1/32 scram-sha-256',
          'host replication all 127.0.0.1/32 scram-sha-256',
        ],
        parameters: {
          unix_socket_directories: node.home,
          // full_page_writes stays on: pg_rewind wants it.
          fsync: 'off',
          shared_buffers: '16MB',
          max_wal_size: '256MB',
          wal_retrieve_retry_interval: '100ms',
          // Files of its own data folder instead of /dev/shm, where a killed server would leave them behind.
          dynamic_shared_memory_type: 'mmap',
          log_line_prefix: '%m [%p] ',
          logging_collector: 'off',
          ...cluster.parameters,
        },
      },
      tags: node.tags,
      // A machine that has a watchdog must not be rebooted by a test.
      watchdog: { mode: 'off' },
    },
    null,
    2,
  )}\n`;
}
