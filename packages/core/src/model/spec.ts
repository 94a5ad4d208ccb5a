// What the operator asked for: the configuration after it has been checked. Durations in milliseconds, sizes in bytes.
import type { ServiceSpec } from './service.ts';
import type { Address } from './view.ts';

/** Connection options in libpq's words and with libpq's meaning. Host and port come from the member's record, or from the host that is named. */
export interface ProbeSpec {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly passfile: string | undefined;
  readonly dbname: string | undefined;
  readonly sslmode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' | undefined;
  readonly sslrootcert: string | undefined;
  readonly sslcert: string | undefined;
  readonly sslkey: string | undefined;
  readonly sslcrl?: string | undefined;
  /** Undefined: `pgrouted`. */
  readonly applicationName?: string | undefined;
  /** libpq's `options`, as they are sent to the server. */
  readonly options?: string | undefined;
  /** Undefined: `postgres`. `user`: libpq's own default, the name of the user. */
  readonly dbnameDefault?: 'postgres' | 'user' | undefined;
  readonly connectTimeoutMs: number;
  /** How often each member is asked at leisure. */
  readonly intervalMs: number;
  /** How often the members concerned are asked while a switch is under way. */
  readonly burstMs: number;
}

export interface PatroniSpec {
  readonly kind: 'patroni';
  readonly scope: string;
  /** With a leading slash and none at the end: `/service`. */
  readonly namespace: string;
}

export interface StolonSpec {
  readonly kind: 'stolon';
  /** Stolon's cluster name (`--cluster-name`). */
  readonly name: string;
  /** Stolon's store prefix (`--store-prefix`): without a slash at the end, and with one at the start only if Stolon was given one. */
  readonly prefix: string;
  /** True: take part in Stolon's proxy protocol on behalf of HAProxy. False: only read, and close sooner when etcd can't be read. */
  readonly register: boolean;
  /**
   * Registered, at a clean stop. `release`: HAProxy's write service is closed and the registration deleted, so that no failover waits for a router that
   * is not there. `leave`: HAProxy is left as it is and the registration runs out by itself, for a restart that nobody notices.
   */
  readonly onStop: 'release' | 'leave';
}

/** One server of a cluster that no cluster manager is asked about. */
export interface PostgresHost {
  readonly name: string;
  /** Where to connect. `serverName`: the name that its certificate has to bear, where that is another (libpq's `host` beside `hostaddr`). */
  readonly address: Address;
  readonly serverName?: string | undefined;
  readonly connection: ProbeSpec;
}

/** No cluster manager and no etcd: each server is asked, as PgRoute66 does. Nobody names a primary; one that alone says so is taken for it. */
export interface PostgresSpec {
  readonly kind: 'postgres';
  /** At least one; names are unique. */
  readonly hosts: readonly PostgresHost[];
}

export type SourceSpec = PatroniSpec | StolonSpec | PostgresSpec;

/** A source that is kept in etcd. */
export type StoredSourceSpec = PatroniSpec | StolonSpec;

export interface ClusterSpec {
  readonly name: string;
  readonly source: SourceSpec;
  /** Undefined: no SQL; a writer is proven by the member's own record. Source `postgres`: always there; only its pace counts, each host has its own connection. */
  readonly probe: ProbeSpec | undefined;
  /** How long a write service stays open on a view that can't be confirmed. `auto` follows the cluster manager. */
  readonly grace: 'auto' | number;
  readonly services: readonly ServiceSpec[];
}

/** A cluster that is read from etcd. */
export interface StoredClusterSpec extends ClusterSpec {
  readonly source: StoredSourceSpec;
}

export const isStored = (spec: ClusterSpec): spec is StoredClusterSpec => spec.source.kind !== 'postgres';

/** What every Patroni cluster below a namespace has in common; each scope that is found there becomes a cluster of its own. */
export interface DiscoverySpec {
  /** As in `PatroniSpec`. */
  readonly namespace: string;
  /** Scopes that are taken, and among those the ones that are not: `*` stands for any text. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly probe: ProbeSpec | undefined;
  readonly grace: 'auto' | number;
  /** `{cluster}` in the name of a backend stands for the scope. */
  readonly services: readonly ServiceSpec[];
}

/** What the routers share: overrides, and who is there. */
export interface FleetSpec {
  /** False: nothing is read or written below the prefix; overrides are local. */
  readonly enabled: boolean;
  /** With a leading slash and none at the end: `/pgrouted`. */
  readonly prefix: string;
  /** This router's name among the others; undefined: the name of the host. */
  readonly name: string | undefined;
}

export interface EtcdSpec {
  readonly endpoints: readonly string[];
  /** Paths of PEM files, read again when they change. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** One HAProxy process group. */
export interface TargetSpec {
  /** For logs and status; the socket's path unless named. */
  readonly name: string;
  /** The stats socket, `level admin`. */
  readonly socket: string;
  /** The master socket (`haproxy -W -S`), any level: its end is the signal of a reload. */
  readonly masterSocket: string | undefined;
}
