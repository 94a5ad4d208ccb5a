// The shape of the YAML file: which keys there are and what each one means by itself. What must fit together is in rules.ts.
import * as z from 'zod';
import type { ConfigSurroundings, GroupsSpec, HttpSpec } from './config.ts';
import { bad, good } from './quantities.ts';
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
  type Reader,
  scope,
  size,
  socketPath,
  stolonName,
  storePrefix,
  text,
  truth,
} from './readers.ts';

export interface SchemaContext extends ConfigSurroundings {
  /** The folder of the configuration file: relative paths start here. */
  readonly folder: string;
}

/** Where Debian's haproxy package puts its stats socket. */
export const debianSocket = '/run/haproxy/admin.sock';
export const listenDefault = { host: '127.0.0.1', port: 8080 };
export const httpDefault: HttpSpec = { ...listenDefault, tls: undefined, maxAgeMs: 30_000, availability: false };
export const groupsDefault: GroupsSpec = { clusters: true, named: [] };
export const journalDefault = { file: undefined, maxBytes: 16 * 1024 ** 2, keep: 5, memoryEntries: 5000 };
export const logDefault = { level: 'info', file: undefined } as const;

/** A value that `reader` understands; its words become the issue. */
const value = <T>(reader: Reader<T>) =>
  z.unknown().transform((written, context): T => {
    const read = reader(written);
    if (read.ok) return read.value;
    context.issues.push({ code: 'custom', input: written, message: read.message, params: { remedy: read.remedy } });
    return z.NEVER;
  });

/** The same, for a key that may be left out. */
const maybe = <T>(reader: Reader<T>) => value(reader).optional();

/** The same, with what stands for a key that was left out. */
const orElse = <T, const D extends T>(reader: Reader<T>, fallback: D) =>
  value(reader)
    .optional()
    .transform((read) => read ?? fallback);

/** A map with these keys and no others. The issue about another key carries the known ones as its message. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  });

/** The three ways to give a password; at most one is used (rules.ts). */
const passwordKeys = ({ env, readFile, folder }: SchemaContext) => ({
  password: maybe(text),
  password_file: maybe((written) => {
    const path = filePath(folder)(written);
    if (!path.ok) return path;
    try {
      const secret = readFile(path.value).replace(/\r?\n$/, '');
      return secret === '' ? bad('the file is empty', 'write the password into it, on one line') : good(secret);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'it could not be read';
      return bad(`${path.value}: ${code}`, 'make the file readable for the user that pgrouted runs as');
    }
  }),
  password_env: maybe((written) => {
    const variable = text(written);
    if (!variable.ok) return variable;
    const secret = env[variable.value];
    return secret === undefined || secret === ''
      ? bad('there is no such environment variable, or it is empty', 'name a variable that pgrouted is started with')
      : good(secret);
  }),
});

const serviceSchema = section({
  backend: value(name),
  role: value(oneOf('primary', 'replica')),
  max_lag: maybe(size(0)),
  fallback: maybe(oneOf('primary', 'none')),
});

const patroniSchema = section({
  scope: value(scope),
  namespace: orElse(namespace, '/service'),
});

/** Stolon's default of `--store-prefix`. */
export const stolonPrefixDefault = 'stolon/cluster';

const stolonSchema = section({
  name: value(stolonName),
  prefix: orElse(storePrefix, stolonPrefixDefault),
  register: orElse(truth, true),
  on_stop: orElse(oneOf('release', 'leave'), 'release'),
});

const probeSchema = (context: SchemaContext) => {
  const path = maybe(filePath(context.folder));
  return section({
    user: maybe(text),
    ...passwordKeys(context),
    passfile: path,
    dbname: maybe(text),
    sslmode: maybe(oneOf('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full')),
    // libpq's word `system` stands for the certificates that the operating system trusts.
    sslrootcert: maybe((written) => (written === 'system' ? good('system') : filePath(context.folder)(written))),
    sslcert: path,
    sslkey: path,
    connect_timeout: orElse(duration(100, 60_000), 2000),
    interval: orElse(duration(100, 3_600_000), 1000),
    burst: orElse(duration(1, 10_000), 10),
  });
};

const clusterSchema = (context: SchemaContext) =>
  section({
    name: maybe(name),
    // Exactly one of the two is given (rules.ts).
    patroni: patroniSchema.optional(),
    stolon: stolonSchema.optional(),
    probe: probeSchema(context).optional(),
    grace: orElse(grace, 'auto'),
    services: z.record(z.string(), serviceSchema).optional(),
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

const targetSchema = (context: SchemaContext) =>
  section({
    socket: value(socketPath(context.folder)),
    master_socket: maybe(socketPath(context.folder)),
    name: maybe(text),
  });

export const configSchema = (context: SchemaContext) =>
  section({
    etcd: etcdSchema(context),
    clusters: z.array(clusterSchema(context)).min(1),
    haproxy: z.array(targetSchema(context)).min(1).optional(),
    http: section({ listen: orElse(listen, listenDefault) }).optional(),
    log: section({ level: orElse(oneOf('debug', 'info', 'warn', 'error'), logDefault.level) }).optional(),
    journal: section({
      file: maybe(filePath(context.folder)),
      max_size: orElse(size(64 * 1024), journalDefault.maxBytes),
      keep: orElse(integer(0, 1000), journalDefault.keep),
      memory_entries: orElse(integer(100, 1_000_000), journalDefault.memoryEntries),
    }).optional(),
  });

export type ConfigFile = z.output<ReturnType<typeof configSchema>>;
