// The YAML configuration file, our own or PgRoute66's -> a checked configuration, or every error in it with its place and its remedy. Pure: files that it names
// (`password_file`) and the environment are read by the caller's functions.
import { dirname } from 'node:path';
import type { ClusterSpec, DiscoverySpec, ProbeSpec, SourceSpec } from '../model/spec.ts';
import type { ConfigError, ConfigResult, ConfigSurroundings, HttpSpec, PgroutedConfig } from './config.ts';
import { connectionOf, placeOf, postgresPace, storedPace } from './connection.ts';
import { at, fromIssue, inOrder } from './issues.ts';
import { isPgRoute66, pgRoute66Config } from './pgroute66.ts';
import { clusterPlace } from './readers-service.ts';
import { findings } from './rules.ts';
import {
  type ConfigFile,
  configSchema,
  debianSocket,
  fleetDefault,
  groupsDefault,
  httpDefault,
  journalDefault,
  logDefault,
  namespaceDefault,
} from './schema.ts';
import type { ProbeFile } from './schema-connection.ts';
import { defaultServices, poolerPortDefault, servicesOf, targetOf } from './services.ts';
import { warningsOf } from './warnings.ts';
import { formatPath, readYaml } from './yaml-source.ts';

/** Reads the text of a configuration file; `file` is its path, for messages and as the start of relative paths. */
export function parseConfig(
  text: string,
  file: string,
  surroundings: ConfigSurroundings,
  /** What a file is taken for that has no key to tell it by: an empty one, say. */
  unclear: 'own' | 'pgroute66' = 'own',
): ConfigResult {
  const asPgRoute66 = readYaml(text, 'yaml.v2');
  if (isPgRoute66(asPgRoute66.value, unclear === 'pgroute66')) return pgRoute66Config(asPgRoute66, file, surroundings);
  const source = readYaml(text, 'strict');
  const found: ConfigError[] = source.problems.map(({ path, ...problem }) => ({
    file,
    path: formatPath(path),
    ...problem,
  }));
  if (source.broken) return { ok: false, errors: inOrder(found) };

  const read = configSchema({ ...surroundings, folder: dirname(file) }).safeParse(source.value);
  const wrong = [
    ...(read.success ? [] : read.error.issues.flatMap((issue) => fromIssue(issue, source))),
    ...findings(source.value).map((finding) => at(source.placeOf(finding.path), finding)),
  ];
  found.push(...wrong.map((error) => ({ file, ...error })));
  if (!read.success || found.length > 0) return { ok: false, errors: inOrder(found) };
  return { ok: true, config: configOf(read.data), warnings: warningsOf(read.data) };
}

function configOf(file: ConfigFile): PgroutedConfig {
  const { etcd, haproxy, http, groups, journal, fleet } = file;
  const driven = haproxy?.length !== 0;
  return {
    etcd: etcd === undefined ? undefined : { ...etcdFilesOf(etcd), password: passwordOf(etcd) },
    clusters: file.clusters.filter(({ discover }) => !discover).map((cluster) => clusterOf(cluster, driven)),
    discovery: file.clusters.filter(({ discover }) => discover).map((cluster) => discoveryOf(cluster, driven)),
    fleet: fleet === undefined ? fleetDefault : { enabled: fleet.enabled, prefix: fleet.prefix, name: fleet.name },
    haproxy: (haproxy ?? [{ socket: debianSocket }]).map(targetOf),
    http: http === undefined ? httpDefault : httpOf(http),
    groups:
      groups === undefined
        ? groupsDefault
        : { clusters: true, named: Object.entries(groups).map(([name, members]) => ({ name, members })) },
    log: { ...logDefault, ...file.log },
    journal:
      journal === undefined
        ? journalDefault
        : {
            file: journal.file,
            maxBytes: journal.max_size,
            keep: journal.keep,
            memoryEntries: journal.memory_entries,
          },
  };
}

type EtcdFile = NonNullable<ConfigFile['etcd']>;

const etcdFilesOf = ({ endpoints, ca, cert, key, user }: EtcdFile) => ({ endpoints, ca, cert, key, user });

function httpOf({ listen, tls, max_age: maxAgeMs, availability, control }: NonNullable<ConfigFile['http']>): HttpSpec {
  return {
    ...listen,
    tls: tls === undefined ? undefined : { kind: 'files', cert: tls.cert, key: tls.key, clientCa: tls.client_ca },
    control:
      control === undefined
        ? httpDefault.control
        : typeof control === 'string'
          ? { kind: control }
          : { kind: 'token', token: control.token_file.token },
    maxAgeMs,
    availability,
  };
}

type Passwords = Pick<EtcdFile, 'password' | 'password_file' | 'password_env'>;

const passwordOf = (keys: Passwords): string | undefined => keys.password ?? keys.password_file ?? keys.password_env;

type ClusterFile = ConfigFile['clusters'][number];

/** `driven`: there is a HAProxy that could carry services. */
function clusterOf(cluster: ClusterFile, driven: boolean): ClusterSpec {
  const { probe, grace } = cluster;
  const source = sourceOf(cluster);
  const name = cluster.name ?? nameOf(source);
  return {
    name,
    source,
    probe: source.kind === 'postgres' || probe !== undefined ? probeOf(probe ?? {}, source.kind) : undefined,
    grace,
    services: driven || cluster.services !== undefined ? ownServices(cluster, name) : [],
  };
}

function discoveryOf(cluster: ClusterFile, driven: boolean): DiscoverySpec {
  const { patroni, probe, grace, include = ['*'], exclude = [] } = cluster;
  return {
    namespace: patroni?.namespace ?? namespaceDefault,
    include,
    exclude,
    probe: probe === undefined ? undefined : probeOf(probe, 'patroni'),
    grace,
    services: driven || cluster.services !== undefined ? ownServices(cluster, undefined) : [],
  };
}

/** `name`: undefined where it is not known before a cluster is found. */
const ownServices = (
  { services, grace, pooler_port: poolerPort = poolerPortDefault }: ClusterFile,
  name: string | undefined,
) =>
  services === undefined
    ? defaultServices(name ?? clusterPlace, grace)
    : servicesOf(services, { name, grace, poolerPort });

function nameOf(source: SourceSpec): string {
  if (source.kind === 'postgres') throw new Error('a cluster of hosts without a name has passed the rules');
  return source.kind === 'patroni' ? source.scope : source.name;
}

function sourceOf({ patroni, stolon, postgres, probe = {} }: ClusterFile): SourceSpec {
  if (patroni !== undefined) {
    const { scope, namespace } = patroni;
    if (scope === undefined) throw new Error('a cluster without a scope has passed the rules');
    return { kind: 'patroni', scope, namespace };
  }
  if (postgres !== undefined)
    return {
      kind: 'postgres',
      hosts: Object.entries(postgres.hosts).map(([name, host]) => ({
        name,
        ...placeOf(host),
        // The host's own words win.
        connection: probeOf({ ...probe, ...host, password: passwordOf(host) ?? passwordOf(probe) }, 'postgres'),
      })),
    };
  if (stolon === undefined) throw new Error('a cluster without a source has passed the rules');
  const { name, prefix, register, on_stop: onStop } = stolon;
  return { kind: 'stolon', name, prefix, register, onStop };
}

function probeOf(probe: Omit<ProbeFile, keyof Passwords> & Passwords, kind: SourceSpec['kind']): ProbeSpec {
  const pace = kind === 'postgres' ? postgresPace : storedPace;
  return connectionOf(
    { ...probe, password: passwordOf(probe) },
    { intervalMs: probe.interval ?? pace.intervalMs, burstMs: probe.burst ?? pace.burstMs },
  );
}
