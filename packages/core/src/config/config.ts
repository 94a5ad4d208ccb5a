// The checked configuration, and what is said about one that is wrong. Types and the printable form only; parse.ts reads the YAML file,
// patroni-config.ts reads Patroni's own.
import type { ClusterSpec, EtcdSpec, TargetSpec } from '../model/spec.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface HttpSpec {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
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
  readonly etcd: EtcdSpec;
  readonly clusters: readonly ClusterSpec[];
  readonly haproxy: readonly TargetSpec[];
  readonly http: HttpSpec;
  readonly log: { readonly level: LogLevel };
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
}

/** `FILE:LINE:COLUMN: PATH: MESSAGE; REMEDY`, the form that editors and terminals make a link of. */
export function formatConfigError({ file, line, column, path, message, remedy }: ConfigError): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}; ${remedy}`;
}

const hidden = '(hidden)';

/** The configuration as it may be printed: every password is replaced. */
export function printableConfig(config: PgroutedConfig): PgroutedConfig {
  const hide = (secret: string | undefined): string | undefined => (secret === undefined ? undefined : hidden);
  return {
    ...config,
    etcd: { ...config.etcd, password: hide(config.etcd.password) },
    clusters: config.clusters.map((cluster) => ({
      ...cluster,
      probe: cluster.probe === undefined ? undefined : { ...cluster.probe, password: hide(cluster.probe.password) },
    })),
  };
}
