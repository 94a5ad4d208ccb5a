// The YAML configuration file -> a checked configuration, or every error in it with its place and its remedy. Pure: files that it names
// (`password_file`) and the environment are read by the caller's functions.
import { dirname } from 'node:path';
import type { ClusterSpec, PatroniSpec, ServiceSpec, StolonSpec, TargetSpec } from '../model/spec.ts';
import type { ConfigError, ConfigResult, ConfigSurroundings, PgroutedConfig } from './config.ts';
import { at, fromIssue, inOrder } from './issues.ts';
import { findings } from './rules.ts';
import {
  type ConfigFile,
  configSchema,
  debianSocket,
  groupsDefault,
  httpDefault,
  journalDefault,
  logDefault,
} from './schema.ts';
import { formatPath, readYaml } from './yaml-source.ts';

/** Reads the text of a configuration file; `file` is its path, for messages and as the start of relative paths. */
export function parseConfig(text: string, file: string, surroundings: ConfigSurroundings): ConfigResult {
  const source = readYaml(text, { likePyYaml: false });
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
  const { etcd } = file;
  return {
    etcd: {
      endpoints: etcd.endpoints,
      ca: etcd.ca,
      cert: etcd.cert,
      key: etcd.key,
      user: etcd.user,
      password: passwordOf(etcd),
    },
    clusters: file.clusters.map(clusterOf),
    haproxy: (file.haproxy ?? [{ socket: debianSocket }]).map(targetOf),
    http: { ...httpDefault, ...file.http?.listen },
    groups: groupsDefault,
    log: { ...logDefault, ...file.log },
    journal:
      file.journal === undefined
        ? journalDefault
        : {
            file: file.journal.file,
            maxBytes: file.journal.max_size,
            keep: file.journal.keep,
            memoryEntries: file.journal.memory_entries,
          },
  };
}

type Passwords = Pick<ConfigFile['etcd'], 'password' | 'password_file' | 'password_env'>;

const passwordOf = (keys: Passwords): string | undefined => keys.password ?? keys.password_file ?? keys.password_env;

type ClusterFile = ConfigFile['clusters'][number];

function clusterOf(cluster: ClusterFile): ClusterSpec {
  const { probe, services } = cluster;
  const source = sourceOf(cluster);
  const name = cluster.name ?? (source.kind === 'patroni' ? source.scope : source.name);
  return {
    name,
    source,
    probe:
      probe === undefined
        ? undefined
        : {
            user: probe.user,
            password: passwordOf(probe),
            passfile: probe.passfile,
            dbname: probe.dbname,
            sslmode: probe.sslmode,
            sslrootcert: probe.sslrootcert,
            sslcert: probe.sslcert,
            sslkey: probe.sslkey,
            connectTimeoutMs: probe.connect_timeout,
            intervalMs: probe.interval,
            burstMs: probe.burst,
          },
    grace: cluster.grace,
    services: services === undefined ? defaultServices(name) : Object.entries(services).map(serviceOf),
  };
}

function sourceOf({ patroni, stolon }: ClusterFile): PatroniSpec | StolonSpec {
  if (patroni !== undefined) return { kind: 'patroni', ...patroni };
  if (stolon === undefined) throw new Error('a cluster without a source has passed the rules');
  const { name, prefix, register, on_stop: onStop } = stolon;
  return { kind: 'stolon', name, prefix, register, onStop };
}

function serviceOf([name, spec]: [string, NonNullable<ClusterFile['services']>[string]]): ServiceSpec {
  return { name, backend: spec.backend, role: spec.role, maxLagBytes: spec.max_lag, fallback: spec.fallback ?? 'none' };
}

/** The services of a cluster that names none: writes and reads, in backends named after it. */
export function defaultServices(cluster: string): readonly ServiceSpec[] {
  return (['primary', 'replica'] as const).map((role) => ({
    name: role,
    backend: `${cluster}_${role}`,
    role,
    maxLagBytes: undefined,
    fallback: 'none',
  }));
}

function targetOf(target: NonNullable<ConfigFile['haproxy']>[number]): TargetSpec {
  return { name: target.name ?? target.socket, socket: target.socket, masterSocket: target.master_socket };
}

function warningsOf(file: ConfigFile): readonly string[] {
  const warnings: string[] = [];
  const inline = (path: string): void => {
    warnings.push(
      `${path}.password stands in the configuration file; password_file or password_env keeps it out of it`,
    );
  };
  if (file.etcd.password !== undefined) inline('etcd');
  file.clusters.forEach(({ probe }, index) => {
    if (probe?.password !== undefined) inline(`clusters[${index}].probe`);
  });
  const open = file.etcd.endpoints.filter((url) => url.startsWith('http:'));
  if (passwordOf(file.etcd) !== undefined && open.length > 0)
    warnings.push('etcd.endpoints: the password of etcd goes over http, readable on the way; use https');
  if ((file.etcd.ca ?? file.etcd.cert) !== undefined && open.length === file.etcd.endpoints.length)
    warnings.push('etcd: ca, cert and key are not used, since every endpoint is http');
  return warnings;
}
