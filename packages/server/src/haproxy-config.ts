// `pgrouted haproxy-config`: the part of a haproxy.cfg that pgrouted drives, for the configured services and the members that etcd names now or the
// configuration itself.
import type { HttpSpec, PgroutedConfig } from '@pgrouted/core/config/config';
import { clusterOf } from '@pgrouted/core/controller/discovery';
import { registers } from '@pgrouted/core/controller/proxy-part';
import { EtcdClient } from '@pgrouted/core/etcd/client';
import { EtcdMirror, type MirrorSnapshot } from '@pgrouted/core/etcd/mirror';
import {
  type FragmentMember,
  type FragmentOptions,
  type FragmentService,
  haproxyFragment,
} from '@pgrouted/core/haproxy/fragment';
import type { Clock } from '@pgrouted/core/model/clock';
import { type Log, silentLog } from '@pgrouted/core/model/log';
import { clusterDataReason, explainReason } from '@pgrouted/core/model/reason';
import { isWriteService, type ServiceSpec } from '@pgrouted/core/model/service';
import { type ClusterSpec, type EtcdSpec, isStored, type StoredClusterSpec } from '@pgrouted/core/model/spec';
import type { ClusterView } from '@pgrouted/core/model/view';
import { sourcePrefix, sourceView } from '@pgrouted/core/source/source';
import { errorText, exitCodes, Failure } from './failure.ts';
import { holdLua } from './hold-lua.ts';
import { watchdogLua } from './watchdog-lua.ts';

export interface FragmentRequest {
  /** Undefined: the only one. */
  readonly cluster: string | undefined;
  readonly writePort: number | undefined;
  readonly readPort: number | undefined;
  /** By name of the service; wins over what the configuration has as `listen`, which wins over the two above. */
  readonly ports: ReadonlyMap<string, number>;
  readonly bind: string | undefined;
  /** Given by hand; then etcd is not asked. */
  readonly servers: readonly FragmentMember[];
  /** HAProxy asks pgrouted about each server. */
  readonly failClosed: boolean;
}

const deadlineMs = 5_000;

export async function haproxyConfig(config: PgroutedConfig, request: FragmentRequest, clock: Clock): Promise<string> {
  const [cluster, ...others] = chooseClusters(config, request.cluster);
  const unknown = [...request.ports.keys()].find((name) => !cluster.services.some((service) => service.name === name));
  if (unknown !== undefined)
    throw new Failure(
      exitCodes.usage,
      `--port: the cluster has no service '${unknown}'; it has ${cluster.services.map(({ name }) => name).join(', ')}`,
    );
  if (cluster.services.length === 0)
    throw new Failure(
      exitCodes.config,
      `cluster ${JSON.stringify(cluster.name)} has no service: name its backends with 'services' in the configuration`,
    );
  const failClosed = request.failClosed ? { failClosed: askedAt(config.http) } : {};
  if (request.servers.length > 0) return fragmentOf(config, cluster, request, request.servers, failClosed);
  const found = await firstWithMembers(config, [cluster, ...others], clock);
  return fragmentOf(config, found.cluster, request, found.members, failClosed);
}

/** A scope that is not listed may lie below any of the namespaces. Throws the first Failure where it is nowhere. */
async function firstWithMembers(config: PgroutedConfig, clusters: readonly ClusterSpec[], clock: Clock) {
  const failures: unknown[] = [];
  for (const cluster of clusters) {
    try {
      return { cluster, members: await membersOf(config, cluster, clock) };
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

function fragmentOf(
  { haproxy: [target] }: PgroutedConfig,
  cluster: ClusterSpec,
  request: FragmentRequest,
  members: readonly FragmentMember[],
  failClosed: Pick<FragmentOptions, 'failClosed'>,
): string {
  try {
    return haproxyFragment({
      socket: target?.socket ?? '/run/haproxy/admin.sock',
      members,
      ...failClosed,
      ...(request.bind === undefined ? {} : { bind: request.bind }),
      ...(registers(cluster) ? { watchdogLua: watchdogLua() } : {}),
      ...(cluster.services.some(({ hold }) => hold !== undefined) ? { holdLua: holdLua() } : {}),
      services: cluster.services.map((service) => ({
        ...pick(service),
        port:
          request.ports.get(service.name) ??
          service.listenPort ??
          (isWriteService(service) ? request.writePort : request.readPort),
      })),
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(exitCodes.failed, `no haproxy.cfg can be made: ${errorText(error)}`);
  }
}

const pick = ({ name, backends, role, port, servers, hold }: ServiceSpec): FragmentService => ({
  name,
  backends,
  role,
  serverPort: port,
  servers,
  hold,
});

/** Where HAProxy, which is on this machine, reaches the API. Throws Failure. */
function askedAt({ host, port, tls }: HttpSpec): NonNullable<FragmentOptions['failClosed']> {
  if (tls !== undefined)
    throw new Failure(
      exitCodes.config,
      "--fail-closed: HAProxy's checks are plain HTTP here, and the configuration has 'http.tls'; see docs/fail-closed.md",
    );
  if (port === 0)
    throw new Failure(
      exitCodes.config,
      "--fail-closed: 'http.listen' has port 0; give the API a port that stays the same",
    );
  const own: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: own[host] ?? host, port };
}

/** The cluster that is meant; of a name that is not listed, what it would be in each namespace that is looked into. Throws Failure. */
function chooseClusters(
  { clusters, discovery }: PgroutedConfig,
  name: string | undefined,
): readonly [ClusterSpec, ...ClusterSpec[]] {
  const names = clusters.map((cluster) => cluster.name).join(', ');
  const [first, second] = clusters.filter((cluster) => name === undefined || cluster.name === name);
  if (clusters.length === 0 && discovery.length === 0)
    throw new Failure(exitCodes.config, 'the configuration names no server');
  if (first !== undefined && second === undefined && (name !== undefined || discovery.length === 0)) return [first];
  if (name === undefined) {
    const places = discovery.map(({ namespace }) => `those below ${namespace}/`);
    throw new Failure(
      exitCodes.usage,
      `there are several clusters (${[names, ...places].filter((one) => one !== '').join(', ')}); choose one with --cluster NAME`,
    );
  }
  const [found, ...more] = discovery.map((spec) => clusterOf(spec, name));
  if (found === undefined) throw new Failure(exitCodes.usage, `there is no cluster '${name}'; there are ${names}`);
  return [found, ...more];
}

async function membersOf(
  config: PgroutedConfig,
  cluster: ClusterSpec,
  clock: Clock,
): Promise<readonly FragmentMember[]> {
  if (cluster.source.kind === 'postgres')
    return cluster.source.hosts.map(({ name, address }) => ({ name, ...address }));
  if (!isStored(cluster) || config.etcd === undefined)
    throw new Failure(exitCodes.config, 'the configuration names no etcd');
  return readMembers(config.etcd, cluster, clock);
}

/** The members that have an address, as etcd has them now. Throws Failure (`failed`). */
export async function readMembers(
  etcd: EtcdSpec,
  cluster: StoredClusterSpec,
  clock: Clock,
): Promise<readonly FragmentMember[]> {
  const prefix = sourcePrefix(cluster.source);
  const snapshot = await readOnce(etcd, prefix, clock);
  const view = sourceView(cluster, prefix, snapshot, undefined, clock.now());
  const found = view.members.flatMap(({ name, address }) => (address === undefined ? [] : [{ name, ...address }]));
  if (found.length > 0) return found;
  throw new Failure(exitCodes.failed, `${whyNobody(view, prefix)}, or give the members by --server NAME=HOST:PORT`);
}

/** Ends with what to do. */
function whyNobody({ source, proxies }: ClusterView, prefix: string): string {
  if (source === 'patroni')
    return `etcd has no member of the cluster below ${prefix}members/; check scope and namespace`;
  const problem = proxies?.problem;
  if (problem !== undefined) return `${explainReason(clusterDataReason(problem))}; check name and prefix`;
  return `no keeper in ${prefix}clusterdata has a db with an address; wait until one has`;
}

async function readOnce(spec: EtcdSpec, prefix: string, clock: Clock): Promise<MirrorSnapshot> {
  const log: Log = silentLog;
  const client = new EtcdClient({ spec, clock, log });
  const mirror = new EtcdMirror({ client, prefix, clock, log });
  try {
    const snapshot = await new Promise<MirrorSnapshot | undefined>((resolve) => {
      const timer = clock.after(deadlineMs, () => resolve(undefined));
      mirror.onChange((change) => {
        timer.cancel();
        resolve(change.snapshot);
      });
      mirror.start();
    });
    if (snapshot !== undefined) return snapshot;
    const why = mirror.status().members.map(({ endpoint, error }) => `${endpoint}: ${error ?? 'no answer'}`);
    throw new Failure(
      exitCodes.failed,
      `etcd could not be read within ${deadlineMs / 1000} s (${why.join('; ')}); to do without it give the members by --server NAME=HOST:PORT`,
    );
  } finally {
    await mirror.close();
    await client.close();
  }
}
