// The shape of the YAML file: which keys there are and what each one means by itself. What must fit together is in rules.ts.
import * as z from 'zod';
import type { FleetSpec } from '../model/spec.ts';
import type { GroupsSpec, HttpSpec } from './config.ts';
import {
  duration,
  endpoint,
  filePath,
  grace,
  integer,
  listen,
  name,
  namespace,
  oneOf,
  postgresPort,
  scope,
  size,
  socketPath,
  stolonName,
  storePrefix,
  text,
  truth,
} from './readers.ts';
import { fleetPrefix, tokenFile } from './readers-fleet.ts';
import { hostSchema, passwordKeys, probeSchema } from './schema-connection.ts';
import { maybe, maybeMap, orElse, type SchemaContext, section, value } from './schema-parts.ts';
import { servicesSchema } from './schema-service.ts';

/** Where Debian's haproxy package puts its stats socket. */
export const debianSocket = '/run/haproxy/admin.sock';
export const listenDefault = { host: '127.0.0.1', port: 8080 };
export const httpDefault: HttpSpec = {
  ...listenDefault,
  tls: undefined,
  maxAgeMs: 30_000,
  availability: false,
  control: { kind: 'loopback' },
};
export const fleetDefault: FleetSpec = { enabled: true, prefix: '/pgrouted', name: undefined };
export const groupsDefault: GroupsSpec = { clusters: true, named: [] };
export const journalDefault = { file: undefined, maxBytes: 16 * 1024 ** 2, keep: 5, memoryEntries: 5000 };
export const logDefault = { level: 'info', file: undefined } as const;

export const namespaceDefault = '/service';

const patroniSchema = section({
  // Needed, unless every scope is taken (rules.ts).
  scope: maybe(scope),
  namespace: orElse(namespace, namespaceDefault),
});

/** Stolon's default of `--store-prefix`. */
export const stolonPrefixDefault = 'stolon/cluster';

const stolonSchema = section({
  name: value(stolonName),
  prefix: orElse(storePrefix, stolonPrefixDefault),
  register: orElse(truth, true),
  on_stop: orElse(oneOf('release', 'leave'), 'release'),
});

const clusterSchema = (context: SchemaContext) =>
  section({
    name: maybe(name),
    // Exactly one of the three is given, or `discover` (rules.ts).
    patroni: patroniSchema.optional(),
    stolon: stolonSchema.optional(),
    postgres: section({ hosts: z.record(z.string(), hostSchema(context)) }).optional(),
    discover: orElse(truth, false),
    include: z.array(value(text)).min(1).optional(),
    exclude: z.array(value(text)).min(1).optional(),
    probe: probeSchema(context).optional(),
    grace: orElse(grace, 'auto'),
    pooler_port: maybe(postgresPort),
    services: servicesSchema.optional(),
  });

const etcdSchema = (context: SchemaContext) => {
  const path = maybe(filePath(context.folder));
  return section({
    endpoints: z.array(value(endpoint)).min(1),
    ca: path,
    cert: path,
    key: path,
    user: maybe(text),
    ...passwordKeys(context),
  });
};

export const targetSchema = (context: SchemaContext) =>
  section({
    socket: value(socketPath(context.folder)),
    master_socket: maybe(socketPath(context.folder)),
    name: maybe(text),
  });

const httpSchema = (context: SchemaContext) => {
  const path = filePath(context.folder);
  return section({
    listen: orElse(listen, listenDefault),
    tls: section({ cert: value(path), key: value(path), client_ca: maybe(path) }).optional(),
    max_age: orElse(duration(1000, 3_600_000), httpDefault.maxAgeMs),
    availability: orElse(truth, httpDefault.availability),
    control: maybeMap(controlMap(context), oneOf('loopback', 'off')),
  });
};

/** `http.control` with a secret. */
export const controlMap = (context: SchemaContext) => section({ token_file: value(tokenFile(context)) });

const fleetSchema = section({
  enabled: orElse(truth, fleetDefault.enabled),
  prefix: orElse(fleetPrefix, fleetDefault.prefix),
  name: maybe(name),
});

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export const configSchema = (context: SchemaContext) =>
  section({
    // Needed if a cluster is read from it (rules.ts).
    etcd: etcdSchema(context).optional(),
    clusters: z.array(clusterSchema(context)).min(1),
    haproxy: z.array(targetSchema(context)).optional(),
    fleet: fleetSchema.optional(),
    http: httpSchema(context).optional(),
    groups: z.record(z.string(), z.array(value(text))).optional(),
    log: section({
      level: orElse(oneOf(...logLevels), logDefault.level),
      file: maybe(filePath(context.folder)),
    }).optional(),
    journal: section({
      file: maybe(filePath(context.folder)),
      max_size: orElse(size(64 * 1024), journalDefault.maxBytes),
      keep: orElse(integer(0, 1000), journalDefault.keep),
      memory_entries: orElse(integer(100, 1_000_000), journalDefault.memoryEntries),
    }).optional(),
  });

export type ConfigFile = z.output<ReturnType<typeof configSchema>>;
export type TargetFile = NonNullable<ConfigFile['haproxy']>[number];
