// The two ways from a client to the master of a Stolon cluster that the failover benchmark compares: HAProxy with pgrouted, and a model of
// stolon-proxy v0.17.0 that polls etcd as the original does. Each is the only proxy that its cluster's sentinel has to wait for.
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../lab/daemon.ts';
import type { EtcdLab } from '../lab/etcd.ts';
import { haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { eventually, freePort } from '../lab/process.ts';
import type { StolonCluster } from '../lab/stolon/cluster.ts';
import { type StolonProxyEvent, startStolonProxy } from '../lab/stolon/stolon-proxy.ts';
import { type ObserverOptions, startHandshakeObserver } from './handshake-observer.ts';
import { fromPerformance } from './instant.ts';

/** What HAProxy loads, so that it closes by itself when pgrouted is heard of no more. */
export const watchdogFile = fileURLToPath(new URL('../../haproxy/pgrouted-watchdog.lua', import.meta.url));

/** The superuser, whom the keepers' PostgreSQL trusts on loopback. */
export const login = { user: 'postgres', password: '' };

const patienceMs = 60_000;
const backend = 'be_rw';

/** Instants of `nowMs`. */
export interface Way {
  /** Where the client writes. */
  readonly port: number;
  /** When an independent reader of etcd had read the proxy's record with that generation, after `since`. */
  readonly acknowledged: (generation: number, since: number) => Promise<number>;
  /** When the way was seen open to that keeper, after `since`. */
  readonly opened: (keeper: Destination, since: number) => Promise<number>;
  readonly stop: () => Promise<void>;
}

interface Destination {
  readonly uid: string;
  readonly port: number;
}

export interface WayOptions {
  /** An existing folder that belongs to it alone. */
  readonly folder: string;
  readonly etcd: EtcdLab;
  /** The cluster's name in Stolon. */
  readonly name: string;
  readonly cluster: StolonCluster;
}

/** Started and enabled. */
export async function throughPgrouted({ folder, etcd, name, cluster }: WayOptions): Promise<Way> {
  const [writePort, readPort] = [await freePort(), await freePort()];
  const haproxy = await startHaproxy({
    folder,
    config: haproxyConfig({
      writePort,
      readPort,
      servers: cluster.keepers.map(({ uid, port }) => ({ name: uid, port })),
      globalOptions: ['stats maxconn 20', `lua-load ${watchdogFile}`],
    }),
  });
  const daemon = await startDaemon({
    folder,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name,
        stolon: { name },
        probe: { user: login.user },
        services: {
          primary: { backend, role: 'primary' },
          replica: { backend: 'be_ro', role: 'replica', fallback: 'primary' },
        },
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'haproxy' }],
    more: { log: { level: 'warn' } },
  });
  await daemon.ready();
  const observer = await observe(etcd, name, cluster, {
    cluster: name,
    socket: haproxy.adminSocket,
    backend,
    everyMs: 2,
  });
  return {
    port: writePort,
    acknowledged: observer.acknowledged,
    opened: async ({ uid }, since) => (await observer.opened(uid, since, patienceMs)).receivedAt,
    stop: async () => {
      observer.stop();
      await daemon.stop();
      await haproxy.stop();
    },
  };
}

/** Started; enabled a little later. */
export async function throughStolonProxy({ etcd, name, cluster }: WayOptions): Promise<Way> {
  const proxy = await startStolonProxy({ etcd, name });
  const observer = await observe(etcd, name, cluster);
  const forwards = (port: number, since: number) => (event: StolonProxyEvent) =>
    event.kind === 'forwards' && event.port === port && fromPerformance(event.at) >= since ? event : undefined;
  return {
    port: proxy.port,
    acknowledged: observer.acknowledged,
    opened: async ({ port }, since) => {
      const found = await eventually(
        `stolon-proxy to forward to ${port}`,
        () => proxy.history.find(forwards(port, since)),
        patienceMs,
      );
      return fromPerformance(found.at);
    },
    stop: async () => {
      observer.stop();
      await proxy.kill();
    },
  };
}

async function observe(etcd: EtcdLab, name: string, cluster: StolonCluster, haproxy?: ObserverOptions['haproxy']) {
  const observer = await startHandshakeObserver({
    etcd: etcd.endpoints,
    clusters: [{ name, prefix: cluster.store.prefix }],
    ...(haproxy === undefined ? {} : { haproxy }),
  });
  return {
    ...observer,
    acknowledged: async (generation: number, since: number) =>
      (await observer.acknowledged(name, generation, since, patienceMs)).at,
  };
}
