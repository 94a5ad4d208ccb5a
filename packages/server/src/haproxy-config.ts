// `pgrouted haproxy-config`: the part of a haproxy.cfg that pgrouted drives, for the configured services and the members that etcd names now or the
// configuration itself.
import type { PgroutedConfig } from '@pgrouted/core/config/config';
import { registers } from '@pgrouted/core/controller/proxy-part';
import { EtcdClient } from '@pgrouted/core/etcd/client';
import { EtcdMirror, type MirrorSnapshot } from '@pgrouted/core/etcd/mirror';
import { type FragmentMember, haproxyFragment } from '@pgrouted/core/haproxy/fragment';
import type { Clock } from '@pgrouted/core/model/clock';
import { type Log, silentLog } from '@pgrouted/core/model/log';
import { clusterDataReason, explainReason } from '@pgrouted/core/model/reason';
import { type ClusterSpec, type EtcdSpec, isStored, type StoredClusterSpec } from '@pgrouted/core/model/spec';
import type { ClusterView } from '@pgrouted/core/model/view';
import { sourcePrefix, sourceView } from '@pgrouted/core/source/source';
import { errorText, exitCodes, Failure } from './failure.ts';
import { watchdogLua } from './watchdog-lua.ts';

export interface FragmentRequest {
  /** Undefined: the only one. */
  readonly cluster: string | undefined;
  readonly writePort: number | undefined;
  readonly readPort: number | undefined;
  /** By name of the service; wins over the two above. */
  readonly ports: ReadonlyMap<string, number>;
  readonly bind: string | undefined;
  /** Given by hand; then etcd is not asked. */
  readonly servers: readonly FragmentMember[];
}

const deadlineMs = 5_000;

export async function haproxyConfig(config: PgroutedConfig, request: FragmentRequest, clock: Clock): Promise<string> {
  const cluster = chooseCluster(config, request.cluster);
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
  const members = request.servers.length > 0 ? request.servers : await membersOf(config, cluster, clock);
  const [target] = config.haproxy;
  try {
    return haproxyFragment({
      socket: target?.socket ?? '/run/haproxy/admin.sock',
      members,
      ...(request.bind === undefined ? {} : { bind: request.bind }),
      ...(registers(cluster) ? { watchdogLua: watchdogLua() } : {}),
      services: cluster.services.flatMap(({ name, backends, role }) => {
        const port = request.ports.get(name) ?? (role === 'primary' ? request.writePort : request.readPort);
        return backends.map((backend) => ({ name, backend, role, ...(port === undefined ? {} : { port }) }));
      }),
    });
  } catch (error) {
    throw new Failure(exitCodes.failed, `no haproxy.cfg can be made: ${errorText(error)}`);
  }
}

function chooseCluster({ clusters }: PgroutedConfig, name: string | undefined): ClusterSpec {
  const names = clusters.map((cluster) => cluster.name).join(', ');
  const found = clusters.filter((cluster) => name === undefined || cluster.name === name);
  const [first, second] = found;
  if (clusters.length === 0) throw new Failure(exitCodes.config, 'the configuration names no server');
  if (first === undefined) throw new Failure(exitCodes.usage, `there is no cluster '${name}'; there are ${names}`);
  if (second !== undefined)
    throw new Failure(exitCodes.usage, `there are several clusters (${names}); choose one with --cluster NAME`);
  return first;
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
