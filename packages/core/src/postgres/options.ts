// Connection options as libpq means them: the configuration, else the PG* environment, else libpq's defaults and files.
// Gives the attempts to make, in order: sslmode `prefer` and `allow` are two of them. Opens nothing.
import type { ProbeSpec } from '../model/spec.ts';
import { passwordFromFile } from './passfile.ts';
import type { Surroundings } from './surroundings.ts';
import { type SslMode, type TlsOptions, tlsOptions, usesSystemRoots } from './tls-options.ts';

/** One way to connect. */
export interface ConnectionOptions {
  /** Where the connection goes. */
  readonly host: string;
  readonly port: number;
  /** The name that the certificate is checked against and the server is greeted with; the host, unless another was given. */
  readonly serverName: string;
  readonly user: string;
  readonly database: string;
  /** Undefined: none is known; a server that asks for one is told so. */
  readonly password: string | undefined;
  readonly applicationName: string;
  /** Undefined: none. */
  readonly options: string | undefined;
  /** Undefined: not encrypted. */
  readonly tls: TlsOptions | undefined;
}

export interface ConnectionPlan {
  /** The next is tried when the server refuses the one before, not when it can't be reached. Empty: see `problem`. */
  readonly attempts: readonly ConnectionOptions[];
  /** Why an attempt that was asked for is missing, as a sentence that says what to do. */
  readonly problem: string | undefined;
  readonly warnings: readonly string[];
}

export interface ConnectionQuestion extends Surroundings {
  readonly spec: ProbeSpec;
  readonly host: string;
  readonly port: number;
  /** libpq's `host` where `host` here is its `hostaddr`. */
  readonly serverName?: string | undefined;
}

const sslModes: readonly SslMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** The plan to connect to `host`; differs from libpq in one default: the database is `postgres`, unless `dbnameDefault` says `user` as libpq does. */
export function connectionOptions(question: ConnectionQuestion): ConnectionPlan {
  const { spec, host, port, env } = question;
  const serverName = serverNameOf(question);
  const user = spec.user || env['PGUSER'] || question.osUser;
  if (user === undefined) return impossible('no user is configured, and our own user has no name: set probe.user');
  const mode = sslMode(question);
  if (mode.kind === 'invalid') return impossible(mode.problem);
  const database = spec.dbname || env['PGDATABASE'] || (spec.dbnameDefault === 'user' ? user : 'postgres');
  const { password, warning } = passwordFor(question, database, user);
  const plain: ConnectionOptions = {
    host,
    port,
    serverName,
    user,
    database,
    password,
    applicationName: spec.applicationName || env['PGAPPNAME'] || 'pgrouted',
    options: spec.options || env['PGOPTIONS'] || undefined,
    tls: undefined,
  };
  const warnings = warning === undefined ? [] : [warning];
  // libpq never encrypts a Unix-domain socket.
  if (mode.mode === 'disable' || host.startsWith('/')) return { attempts: [plain], problem: undefined, warnings };
  const tls = tlsOptions(spec, mode.mode, question);
  if (tls.kind === 'impossible') {
    const attempts = mode.mode === 'prefer' || mode.mode === 'allow' ? [plain] : [];
    return { attempts, problem: tls.problem, warnings };
  }
  const encrypted: ConnectionOptions = { ...plain, tls: tls.tls };
  const attempts = {
    allow: [plain, encrypted],
    prefer: [encrypted, plain],
    require: [encrypted],
    'verify-ca': [encrypted],
    'verify-full': [encrypted],
  }[mode.mode];
  return { attempts, problem: undefined, warnings: [...warnings, ...tls.warnings] };
}

/** A socket's folder is no name of a server. */
const serverNameOf = ({ host, serverName }: ConnectionQuestion): string =>
  serverName === undefined || serverName.startsWith('/') || host.startsWith('/') ? host : serverName;

const impossible = (problem: string): ConnectionPlan => ({ attempts: [], problem, warnings: [] });

type ModeAnswer =
  | { readonly kind: 'mode'; readonly mode: SslMode }
  | { readonly kind: 'invalid'; readonly problem: string };

function sslMode(question: ConnectionQuestion): ModeAnswer {
  const { spec, env } = question;
  const legacy = env['PGREQUIRESSL']?.startsWith('1') === true ? 'require' : undefined;
  const text = spec.sslmode || env['PGSSLMODE'] || legacy;
  const system = usesSystemRoots(spec, question);
  if (text === undefined) return { kind: 'mode', mode: system ? 'verify-full' : 'prefer' };
  const mode = sslModes.find((known) => known === text);
  if (mode === undefined)
    return { kind: 'invalid', problem: `PGSSLMODE is no sslmode; use one of ${sslModes.join(', ')}` };
  if (system && mode !== 'verify-full') {
    return { kind: 'invalid', problem: `sslrootcert=system needs sslmode verify-full, not ${mode}` };
  }
  return { kind: 'mode', mode };
}

function passwordFor(
  question: ConnectionQuestion,
  database: string,
  user: string,
): ReturnType<typeof passwordFromFile> {
  const { spec, env, home, port } = question;
  const given = spec.password || env['PGPASSWORD'];
  if (given) return { password: given, warning: undefined };
  const path = spec.passfile || env['PGPASSFILE'] || (home === undefined ? undefined : `${home}/.pgpass`);
  if (path === undefined) return { password: undefined, warning: undefined };
  return passwordFromFile(path, question.readFile(path), { host: serverNameOf(question), port, database, user });
}
