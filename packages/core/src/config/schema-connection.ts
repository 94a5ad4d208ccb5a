// The keys by which the file says how to connect to a PostgreSQL server: libpq's words, in `probe` and for each host that is named.
import type * as z from 'zod';
import { hostOfEnvironment, portOfEnvironment } from './connection.ts';
import { bad, good } from './quantities.ts';
import { duration, filePath, oneOf, postgresHost, postgresPort, text } from './readers.ts';
import { maybe, orFound, type SchemaContext, section } from './schema-parts.ts';
import { secretIn } from './secret-file.ts';

/** The three ways to give a password; at most one is used (rules.ts). */
export const passwordKeys = (context: SchemaContext) => ({
  password: maybe(text),
  password_file: maybe((written) => {
    const file = secretIn(context, written);
    if (!file.ok) return file;
    const { secret } = file.value;
    return secret === '' ? bad('the file is empty', 'write the password into it, on one line') : good(secret);
  }),
  password_env: maybe((written) => {
    const variable = text(written);
    if (!variable.ok) return variable;
    const secret = context.env[variable.value];
    return secret === undefined || secret === ''
      ? bad('there is no such environment variable, or it is empty', 'name a variable that pgrouted is started with')
      : good(secret);
  }),
});

export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

const connectionKeys = (context: SchemaContext) => {
  const path = maybe(filePath(context.folder));
  return {
    user: maybe(text),
    ...passwordKeys(context),
    passfile: path,
    dbname: maybe(text),
    sslmode: maybe(oneOf(...sslModes)),
    // libpq's word `system` stands for the certificates that the operating system trusts.
    sslrootcert: maybe((written) => (written === 'system' ? good('system') : filePath(context.folder)(written))),
    sslcert: path,
    sslkey: path,
    sslcrl: path,
    application_name: maybe(text),
    options: maybe(text),
    connect_timeout: maybe(duration(100, 60_000)),
  };
};

/** What is left out here depends on the source (connection.ts). */
export const probeSchema = (context: SchemaContext) =>
  section({
    ...connectionKeys(context),
    interval: maybe(duration(100, 3_600_000)),
    burst: maybe(duration(1, 10_000)),
  });

export const hostSchema = (context: SchemaContext) =>
  section({
    host: orFound(postgresHost, () => hostOfEnvironment(context.env)),
    hostaddr: maybe(postgresHost),
    port: orFound(postgresPort, () => portOfEnvironment(context.env)),
    ...connectionKeys(context),
  });

export type ProbeFile = z.output<ReturnType<typeof probeSchema>>;
export type HostFile = z.output<ReturnType<typeof hostSchema>>;
