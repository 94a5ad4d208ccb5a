// Patroni's own configuration file -> a configuration for the router on the same server: scope, namespace and how to reach etcd. Everything
// else is the default. Nothing of its passwords but etcd's is looked at.
// The rules are those of patroni/dcs/etcd.py and patroni/config.py (3.0.2): PATRONI_* variables win over the file.
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import type { ConfigError, ConfigResult, ConfigSurroundings } from './config.ts';
import { inOrder } from './issues.ts';
import * as readers from './readers.ts';
import { debianSocket, fleetDefault, groupsDefault, httpDefault, journalDefault, logDefault } from './schema.ts';
import { defaultServices } from './services.ts';
import { formatPath, type Path, readYaml, type YamlSource } from './yaml-source.ts';

/** PyYAML makes numbers of what looks like one; Patroni takes them as text. */
const word = z
  .union([z.string(), z.number()])
  .transform(String)
  .nullish()
  .transform((text) => text ?? undefined);

const etcd3Schema = z.object({
  host: word,
  hosts: z.union([word, z.array(word)]),
  port: word,
  url: word,
  proxy: word,
  srv: word,
  discovery_srv: word,
  srv_domain: word,
  protocol: word,
  cacert: word,
  cert: word,
  key: word,
  username: word,
  password: word,
});

const fileSchema = z.object({
  scope: word,
  namespace: word,
  etcd3: etcd3Schema.nullish(),
  citus: z.unknown().optional(),
});

type Etcd3Section = z.output<typeof etcd3Schema>;

const otherStores = ['etcd', 'consul', 'zookeeper', 'exhibitor', 'kubernetes', 'raft'];

/** Reads the text of Patroni's configuration file; `file` is its path. */
export function patroniConfig(text: string, file: string, { env }: Pick<ConfigSurroundings, 'env'>): ConfigResult {
  const source = readYaml(text, 'PyYAML');
  const errors: ConfigError[] = source.problems.map(({ path, ...problem }) => ({
    file,
    path: formatPath(path),
    ...problem,
  }));
  if (source.broken) return { ok: false, errors: inOrder(errors) };
  const complain = (path: Path, message: string, remedy: string): undefined => {
    errors.push({ file, ...source.placeOf(path), path: formatPath(path), message, remedy });
  };

  const read = fileSchema.safeParse(withEnvironment(source.value ?? {}, env));
  if (!read.success) {
    for (const { path } of read.error.issues)
      complain(path, 'is not what Patroni can read here', 'compare it with the documentation of Patroni');
    return { ok: false, errors: inOrder(errors) };
  }
  const { scope, namespace, etcd3, citus } = read.data;
  const cluster = readers.scope(scope);
  if (!cluster.ok) complain(['scope'], cluster.message, 'name the Patroni cluster');
  else if (!readers.name(scope).ok || `${scope}_primary`.length > 64 || scope === 'all')
    complain(
      ['scope'],
      'the scope can not serve as a name for HAProxy and the REST lists',
      "use --config, and give the cluster a 'name' there",
    );
  if (citus !== undefined && citus !== null)
    complain(
      ['citus'],
      'the groups of a Citus cluster can not be told apart by this file',
      'use --config, with one cluster for each group',
    );
  const endpoints = etcd3 ? endpointsOf(etcd3, complain) : noEtcd3(source, complain);
  if (errors.length > 0 || !cluster.ok) return { ok: false, errors: inOrder(errors) };

  const path = (written: string | undefined): string | undefined =>
    written === undefined || written === '' ? undefined : resolve(dirname(file), written);
  const name = cluster.value;
  const cert = path(etcd3?.cert);
  return {
    ok: true,
    warnings: warningsOf(etcd3, source),
    config: {
      etcd: {
        endpoints,
        ca: path(etcd3?.cacert),
        cert,
        // Patroni takes a certificate without a key for a file that holds both.
        key: cert === undefined ? undefined : (path(etcd3?.key) ?? cert),
        ...accountOf(etcd3),
      },
      clusters: [
        {
          name,
          source: { kind: 'patroni', scope: name, namespace: readers.normalNamespace(namespace ?? '/service') },
          probe: undefined,
          grace: 'auto',
          services: defaultServices(name, 'auto'),
        },
      ],
      discovery: [],
      fleet: fleetDefault,
      haproxy: [{ name: debianSocket, socket: debianSocket, masterSocket: undefined }],
      http: httpDefault,
      groups: groupsDefault,
      log: logDefault,
      journal: journalDefault,
    },
  };
}

type Complain = (path: Path, message: string, remedy: string) => undefined;

/** The file with the variables that Patroni lets win over it. */
function withEnvironment(file: unknown, env: ConfigSurroundings['env']): unknown {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return file;
  const given = (name: string): Record<string, string> => {
    const text = env[`PATRONI_${name.toUpperCase()}`];
    return text === undefined ? {} : { [name.replace(/^etcd3_/, '')]: text };
  };
  const etcd3 = Object.assign({}, ...Object.keys(etcd3Schema.shape).map((key) => given(`etcd3_${key}`)));
  const section: unknown = Reflect.get(file, 'etcd3');
  const merged = { ...(typeof section === 'object' ? section : {}), ...etcd3 };
  return {
    ...file,
    ...given('scope'),
    ...given('namespace'),
    etcd3: section === undefined && Object.keys(etcd3).length === 0 ? undefined : merged,
  };
}

/** As Patroni chooses: `url`, else `hosts`, else `host`. */
function endpointsOf(section: Etcd3Section, complain: Complain): readonly string[] {
  const srv = section.srv ?? section.discovery_srv ?? section.srv_domain;
  if (section.url !== undefined) return usable([withoutAccount(section.url)], 'url', complain);
  const hosts = Array.isArray(section.hosts) ? section.hosts : section.hosts?.split(',');
  const written = (hosts ?? [section.host]).flatMap((host) =>
    host === undefined || host.trim() === '' ? [] : [host.trim()],
  );
  if (written.length === 0) {
    if (srv !== undefined)
      complain(
        ['etcd3'],
        'etcd members are found by DNS SRV records here',
        'pgrouted does not look those up: use --config with the endpoints',
      );
    else complain(['etcd3'], 'names no etcd member', "Patroni needs 'hosts', 'host' or 'url' here as well");
    return [];
  }
  const protocol = section.protocol ?? 'http';
  const urls = written.map((host) => `${protocol}://${withPort(host, section.port ?? '2379')}`);
  return usable(urls, hosts === undefined ? 'host' : 'hosts', complain);
}

function usable(urls: readonly string[], key: string, complain: Complain): readonly string[] {
  return urls.flatMap((url) => {
    const read = readers.endpoint(url);
    if (read.ok) return [read.value];
    complain(['etcd3', key], `an etcd member here ${read.message}`, 'write HOST:PORT, and http or https as protocol');
    return [];
  });
}

/** `host`, `host:port`, `::1`, `[::1]:2379`; an IPv6 address gets its brackets. */
function withPort(host: string, port: string): string {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(host);
  if (bracketed !== null) return `[${bracketed[1]}]:${bracketed[2] ?? port}`;
  if (host.split(':').length > 2) return `[${host}]:${port}`;
  return host.includes(':') ? host : `${host}:${port}`;
}

function withoutAccount(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, hostname, port } = new URL(url);
  return `${protocol}//${hostname}:${port === '' ? '2379' : port}`;
}

/** With `url`, Patroni takes user and password from it, even if it holds none. */
function accountOf(section: Etcd3Section | null | undefined): {
  user: string | undefined;
  password: string | undefined;
} {
  if (section?.url === undefined || !URL.canParse(section.url))
    return { user: section?.username, password: section?.password };
  const { username, password } = new URL(section.url);
  return {
    user: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
  };
}

const keysOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value) : [];

function noEtcd3(source: YamlSource, complain: Complain): readonly string[] {
  const store = otherStores.find((name) => keysOf(source.value).includes(name));
  if (store === 'etcd')
    complain(
      ['etcd'],
      "Patroni keeps its state in etcd by the v2 API here, and the v3 API, which pgrouted reads, doesn't see those keys",
      "let Patroni use the section 'etcd3' instead (its documentation tells how to migrate)",
    );
  else if (store !== undefined)
    complain([store], `Patroni keeps its state in ${store} here`, 'pgrouted reads it from etcd (section etcd3) only');
  else complain([], "there is no section 'etcd3'", 'is this the configuration file of Patroni?');
  return [];
}

function warningsOf(section: Etcd3Section | null | undefined, source: YamlSource): readonly string[] {
  const warnings: string[] = [];
  if (section?.proxy !== undefined) warnings.push('etcd3.proxy is not used: the members are asked directly');
  const ahead = otherStores.find((name) => name < 'etcd3' && keysOf(source.value).includes(name));
  if (ahead !== undefined)
    warnings.push(`the file has a section '${ahead}' too, which Patroni prefers to etcd3; pgrouted reads etcd3`);
  return warnings;
}
