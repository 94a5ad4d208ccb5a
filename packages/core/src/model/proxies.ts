// Stolon's proxy protocol as values: what the sentinel tells the proxies, what they answer, and where this router's own registration stands.
// Rules of stolon v0.17.0 (cmd/proxy, cmd/sentinel), clusterdata format version 1.
import type { Millis, Revision } from './units.ts';

/** Why nothing that clusterdata says can be acted on. */
export type ClusterDataProblem =
  /** The key does not exist: not initialised, or another name or prefix is meant. */
  | { readonly kind: 'absent'; readonly key: string }
  /** No JSON, or not of the known shape. */
  | { readonly kind: 'unreadable'; readonly key: string; readonly error: string }
  /** Another `formatVersion` than 1. */
  | { readonly kind: 'format_version'; readonly key: string; readonly version: string }
  /** A cluster spec that every Stolon component refuses; `field` is the name in the spec. */
  | { readonly kind: 'spec_invalid'; readonly key: string; readonly field: string; readonly error: string };

/** A proxy as its own record tells, ours included. */
export interface ProxyRecord {
  readonly uid: string;
  readonly infoUid: string;
  /** The proxy generation that it has acknowledged. */
  readonly generation: number;
  /** Missing before Stolon 0.16. */
  readonly timeoutMs: number | undefined;
  readonly revision: Revision;
}

/** A proxy that `proxy.spec.enabledProxies` names. */
export interface EnabledProxy {
  readonly uid: string;
  /** The revision since which it has been named without a break, under the same cluster uid and the same master. */
  readonly since: Revision;
}

export interface ProxiesView {
  /** What makes clusterdata of no use; the rest of the view is then what was known before. */
  readonly problem: ClusterDataProblem | undefined;
  readonly clusterUid: string;
  /** `proxy.generation`; 0 when there is no `proxy`. Compare for inequality, keyed by `clusterUid`: it goes backwards after `stolonctl init`. */
  readonly generation: number;
  /** The revision at which this generation (with this cluster uid) was first seen. */
  readonly generationRevision: Revision;
  /** When that was seen here. */
  readonly generationSeenAt: Millis;
  /** `proxy.spec.masterDbUid`, also when no such db exists. */
  readonly masterDbUid: string | undefined;
  /** `cluster.status.master`: never a target for writes. */
  readonly statusMasterDbUid: string | undefined;
  readonly enabled: readonly EnabledProxy[];
  /** Sorted by uid; records that can't be read are left out (and told in `problems` of the view). */
  readonly proxies: readonly ProxyRecord[];
  /** The leading sentinel's uid: the value of the `sentinel-leader` key with the lowest create revision. */
  readonly sentinel: string | undefined;
  /** When `clusterdata` was last seen to be written. A leading sentinel writes it each sleepInterval. */
  readonly writtenAt: Millis;
  /** The revision of that write; undefined: none has been seen. */
  readonly writtenRevision?: Revision | undefined;
  readonly sleepIntervalMs: number;
  readonly checkIntervalMs: number;
  readonly proxyTimeoutMs: number;
  readonly maxStandbyLagBytes: number;
  /** This router's own registration; undefined: it only reads (passive), or the view is a replay's. */
  readonly registration?: RegistrationState | undefined;
}

/** Where this router's own registration stands. A plain value: `decide` judges on it. */
export interface RegistrationState {
  /** Own uid, 8 hex digits, new with each process. */
  readonly uid: string;
  /** When this router began to register. */
  readonly startedAt: Millis;
  /** The last generation that etcd took from us; undefined: none yet. */
  readonly acknowledged:
    | {
        readonly clusterUid: string;
        readonly generation: number;
        /** The revision of the view that was acted on when it was acknowledged. */
        readonly viewRevision: Revision;
        /** When the put that acknowledged it first was sent; mere renewals leave it. */
        readonly at: Millis;
      }
    | undefined;
  /** When the first put of an unbroken row was sent: since then Stolon waits for us, whatever we acknowledge. Missing: as `acknowledged.at`. */
  readonly registeredAt?: Millis | undefined;
  /** Stolon has had this uid among its enabled proxies, at whatever time. */
  readonly wasEnabled?: boolean | undefined;
  /** When the last put that etcd took was sent: until `timeoutMs` after that nobody counts us as gone. Undefined: none yet. */
  readonly aliveAt: Millis | undefined;
  /** The proxyTimeout in force: the one that was published last (Stolon: the greater of old and new while it changes). Milliseconds. */
  readonly timeoutMs: number;
  /** Why the newest generation is not acknowledged yet, in a few words for people; undefined: it is, or nothing hinders. */
  readonly hindrance: string | undefined;
}

/** What clusterdata says about a member's db. */
export interface StolonMember {
  readonly dbUid: string;
  /** `keepers[..].status.healthy`; a missing one means false. */
  readonly keeperHealthy: boolean;
  /** `dbs[..].status.healthy`: no error for longer than failInterval, not "works now". */
  readonly dbHealthy: boolean;
  readonly generation: number;
  /** 0: it has never converged. */
  readonly currentGeneration: number;
  readonly specRole: 'master' | 'standby' | undefined;
  /** `none`: in regular use. Others: being built. */
  readonly initMode: string;
  readonly follows: 'internal' | 'external' | undefined;
  /** The operator has asked to fail this keeper (`stolonctl failkeeper`). */
  readonly forceFail: boolean;
}
