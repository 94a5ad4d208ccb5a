// The checked configuration, and what is said about one that is wrong. Types and the printable form only; parse.ts reads the YAML file,
// patroni-config.ts reads Patroni's own.
import type {
  ClusterSpec,
  DiscoverySpec,
  EtcdSpec,
  FleetSpec,
  PostgresHost,
  ProbeSpec,
  TargetSpec,
} from '../model/spec.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface HttpSpec {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Undefined: plain HTTP. */
  readonly tls: TlsSpec | undefined;
  /** An answer that rests on something older is refused as one about an unreachable server is. */
  readonly maxAgeMs: number;
  /** GET /v1/NAME/availability: it writes to the primary, so it has to be allowed. */
  readonly availability: boolean;
  readonly control: ControlSpec;
}

/**
 * Who may set and lift overrides over HTTP. `loopback`: whoever connects from this machine. `token`: whoever shows this secret, from anywhere. `off`: nobody.
 */
export type ControlSpec =
  | { readonly kind: 'loopback' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'off' };

/** HTTPS with this certificate. Files are read again when they change. */
export type TlsSpec =
  | {
      readonly kind: 'files';
      /** The chain, PEM. */
      readonly cert: string;
      readonly key: string;
      /** PEM; clients have to show a certificate that these have signed. Undefined: clients need none. */
      readonly clientCa: string | undefined;
    }
  /** PgRoute66's `ssl.b64cert` and `ssl.b64key`, decoded: PEM texts. */
  | { readonly kind: 'inline'; readonly certPem: string; readonly keyPem: string };

/** Whom the PgRoute66 lists give for `?group=`. `all` always means everybody. */
export interface GroupsSpec {
  /** The clusters' names are groups. PgRoute66's own file: only what it calls groups is one. */
  readonly clusters: boolean;
  /** Further groups: names of members. A member that does not exist is left out. */
  readonly named: readonly { readonly name: string; readonly members: readonly string[] }[];
}

export interface JournalSpec {
  /** JSON lines, one for each entry. Undefined: the journal is kept in memory only. */
  readonly file: string | undefined;
  /** The file is rotated before it grows beyond this. */
  readonly maxBytes: number;
  /** How many rotated files stay. */
  readonly keep: number;
  /** How many entries stay in memory, for GET /v2/events. */
  readonly memoryEntries: number;
}

export interface PgroutedConfig {
  /** Undefined: no cluster is read from etcd. */
  readonly etcd: EtcdSpec | undefined;
  readonly clusters: readonly ClusterSpec[];
  /** Namespaces in which every Patroni scope is a cluster; one that `clusters` names too is as it stands there. */
  readonly discovery: readonly DiscoverySpec[];
  readonly fleet: FleetSpec;
  /** May be empty where only the REST lists are wanted (PgRoute66's own file). */
  readonly haproxy: readonly TargetSpec[];
  readonly http: HttpSpec;
  readonly groups: GroupsSpec;
  /** `file`: appended to besides standard output. */
  readonly log: { readonly level: LogLevel; readonly file: string | undefined };
  readonly journal: JournalSpec;
}

/** One thing that is wrong, where, and what to do about it. Never holds the value of a secret. */
export interface ConfigError {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `clusters[0].services.primary.max_lag`; empty: the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: PgroutedConfig; readonly warnings: readonly string[] }
  /** Every error at once, in the order of the file. */
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** What a configuration depends on outside of its own text. */
export interface ConfigSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file (`password_file`). Throws when it can't be read. */
  readonly readFile: (path: string) => string;
  /** Anybody on this machine may read the file. Undefined: not looked at. */
  readonly isOpen?: ((path: string) => boolean) | undefined;
  /** Where PgRoute66 looks for a server that its file names no host for (pgx 5: the first of these folders that there is). Undefined: `localhost`. */
  readonly socketFolder?: string | undefined;
}

/** The folders that `socketFolder` is looked for in, in this order. */
export const socketFolders = ['/var/run/postgresql', '/private/tmp', '/tmp'] as const;

/** `FILE:LINE:COLUMN: PATH: MESSAGE; REMEDY`, the form that editors and terminals make a link of. */
export function formatConfigError({ file, line, column, path, message, remedy }: ConfigError): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}; ${remedy}`;
}

const hidden = '(hidden)';
const hide = (secret: string | undefined): string | undefined => (secret === undefined ? undefined : hidden);
const hidePassword = (probe: ProbeSpec): ProbeSpec => ({ ...probe, password: hide(probe.password) });
const hideHost = (host: PostgresHost): PostgresHost => ({ ...host, connection: hidePassword(host.connection) });

/** The configuration as it may be printed: every password is replaced. */
export function printableConfig(config: PgroutedConfig): PgroutedConfig {
  return {
    ...config,
    etcd: config.etcd === undefined ? undefined : { ...config.etcd, password: hide(config.etcd.password) },
    clusters: config.clusters.map((cluster) => ({
      ...cluster,
      source:
        cluster.source.kind === 'postgres'
          ? { ...cluster.source, hosts: cluster.source.hosts.map(hideHost) }
          : cluster.source,
      probe: cluster.probe === undefined ? undefined : hidePassword(cluster.probe),
    })),
    discovery: config.discovery.map((found) => ({
      ...found,
      probe: found.probe === undefined ? undefined : hidePassword(found.probe),
    })),
    http: {
      ...config.http,
      control: config.http.control.kind === 'token' ? { kind: 'token', token: hidden } : config.http.control,
      tls: config.http.tls?.kind === 'inline' ? { ...config.http.tls, keyPem: hidden } : config.http.tls,
    },
  };
}
