// ClusterView: an immutable picture of one cluster at one etcd revision. An observation gives a new picture; nothing here does I/O.
import type { ProbeState } from './probe.ts';
import type { ProxiesView, StolonMember } from './proxies.ts';
import type { Lsn, Millis, Revision } from './units.ts';

/** Where a member's PostgreSQL listens, as its record says. IPv6 hosts come without brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * A member's role as its own record says, in words that are the same for every cluster manager and version.
 * `primary` is Patroni's `master` (before 4.0) or `primary`; `promoting` is its `promoted`: promotion has been *issued*, it is no proof.
 *
 * Stolon: `primary` is the keeper of the db that `proxy.spec.masterDbUid` names, if that db's spec has role master; `promoting` the keeper of
 * `cluster.status.master` while the proxies have not been given it yet; `demoted` the keeper of any other db with role master (a failover leaves
 * two of them); `standby_leader` a standby that follows outside of the cluster; `uninitialized` a keeper without a db.
 */
export type Role = 'primary' | 'promoting' | 'replica' | 'standby_leader' | 'demoted' | 'uninitialized' | 'unknown';

/** A record that could not be read. Its member (or the whole cluster, if `member` is missing) is unknown until it is mended. */
export interface RecordProblem {
  readonly key: string;
  readonly error: string;
  readonly member: string | undefined;
}

/** The tags that routing looks at; everything else is kept as it was written. */
export interface Tags {
  readonly noloadbalance: boolean;
  readonly nofailover: boolean;
  readonly nosync: boolean;
  readonly custom: Readonly<Record<string, unknown>>;
}

export const noTags: Tags = { noloadbalance: false, nofailover: false, nosync: false, custom: {} };

export interface Member {
  readonly name: string;
  /** Where PostgreSQL listens; undefined when the record doesn't say or can't be read. */
  readonly address: Address | undefined;
  readonly role: Role;
  /** PostgreSQL runs, by the record (Patroni: `state` is `running`). */
  readonly running: boolean;
  /** The record's own word for the state: `running`, `crashed`, `creating replica`, ... */
  readonly stateText: string;
  /** The cluster manager's version that wrote the record. */
  readonly version: string | undefined;
  readonly timeline: number | undefined;
  /** Primary: written (or flushed) position. Standby: the greater of received and replayed. Missing while PostgreSQL is down or being changed. */
  readonly position: Lsn | undefined;
  readonly receivePosition: Lsn | undefined;
  readonly replayPosition: Lsn | undefined;
  /** Bytes behind the primary by record: replayed where the version tells, else received-or-replayed. Undefined: unknown. A sample up to loop_wait old. */
  readonly lagBytes: number | undefined;
  /** The same, against what was known when the record was written: standbys write theirs 40-100 ms after the primary has written its position. */
  readonly lagBytesWhenWritten?: number | undefined;
  readonly replicationState: string | undefined;
  readonly tags: Tags;
  readonly sync: 'sync' | 'quorum' | 'async';
  readonly pendingRestart: boolean;
  /** Set while the record says that this node has seen a pause of the cluster. */
  readonly pauseSeen: boolean;
  /** Revision at which the member's record was last written. */
  readonly recordRevision: Revision;
  /** When that write was seen here. */
  readonly recordSeenAt: Millis;
  /** False: the record is gone (lease ran out, process ended); the rest is what was last known. */
  readonly present: boolean;
  /** When the record was seen to be gone. */
  readonly goneSince?: Millis | undefined;
  /** The record says that the first checkpoint after a promotion is not done yet (Patroni: `checkpoint_after_promote: false`). */
  readonly checkpointPending?: boolean | undefined;
  readonly problem: RecordProblem | undefined;
  /** What PostgreSQL itself said over SQL; undefined: no probe is configured, or none has ended yet. */
  readonly probe: ProbeState | undefined;
  /** What Stolon's clusterdata says beyond that; undefined: not Stolon, or a keeper without a db. */
  readonly stolon?: StolonMember | undefined;
}

/** Who holds the cluster manager's authority to take writes. */
export type Leadership =
  /** `revision`: when this member was named (not: when its lease was renewed). `seenAt`: when that was seen here. */
  | {
      readonly kind: 'held';
      readonly member: string;
      readonly revision: Revision;
      readonly seenAt: Millis;
      /**
       * How it came to be seen as the leader. `named`: seen being named (the meaning when missing). `found`: it held authority already
       * when we first looked. `regained`: the same member held it before, and nobody in between.
       */
      readonly origin?: 'named' | 'found' | 'regained' | undefined;
      /**
       * Records written after this revision tell about this leadership; `revision` when missing, earlier when `regained`. Stolon: set only where
       * clusterdata went back in time.
       */
      readonly recordsFrom?: Revision | undefined;
      /** Since when, without a break, the member's record has proven the promotion; undefined: it does not. */
      readonly recordProofSince?: Millis | undefined;
      /** The revision that created the store's key, where known: a key made anew is a new naming, whatever name it bears. */
      readonly createRevision?: Revision | undefined;
      /**
       * Stolon: the member's db has proven by record that it takes writes once `status.currentGeneration` reached this: `generation` as it was when the
       * db was first seen both named and with role master. Undefined in Stolon: its role is not master (yet), or clusterdata went back in time and
       * has not been written since.
       */
      readonly proofGeneration?: number | undefined;
    }
  /**
   * Nobody holds it. `former` held it last. `graceful`: signs that it had stopped PostgreSQL before it let go.
   * Patroni deletes the leader key only after the demotion (reference: patroni/ha.py, 3.0.2).
   */
  | {
      readonly kind: 'vacant';
      readonly former: string | undefined;
      readonly revision: Revision;
      readonly seenAt: Millis;
      readonly graceful: boolean;
      /** From the former leadership: see `held`. */
      readonly recordsFrom?: Revision | undefined;
    };

/** A switch that somebody asked the cluster manager for and that has not ended yet. */
export interface PlannedSwitch {
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** ISO text as written; undefined: now. */
  readonly scheduledAt: string | undefined;
  /** When it was first seen as it is. Undefined: not known. */
  readonly seenAt?: Millis | undefined;
}

/**
 * The cluster manager's own settings that routing depends on. Patroni's defaults: ttl 30 s, loop_wait 10 s, retry_timeout 10 s. What Stolon has in
 * their place (defaults): failInterval 20 s, sleepInterval 5 s, requestTimeout 10 s, maxStandbyLag 1232896 bytes.
 */
export interface ManagerSettings {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
  readonly maximumLagOnFailoverBytes: number;
  readonly synchronousMode: 'off' | 'on' | 'quorum';
  readonly failsafeMode: boolean;
  /** This cluster follows another one: nobody in it takes writes. */
  readonly standbyCluster: boolean;
  readonly paused: boolean;
}

export interface ClusterView {
  readonly cluster: string;
  readonly source: 'patroni' | 'stolon' | 'postgres';
  /** The etcd revision that this picture is of. Source `postgres`: counts the changes that this router has seen. */
  readonly revision: Revision;
  /**
   * When a linearizable read last confirmed that this picture is the committed state. Source `postgres`: when the newest answer of any server was asked for.
   */
  readonly confirmedAt: Millis;
  /** False until the cluster manager has initialised the cluster; no member takes traffic before. */
  readonly initialized: boolean;
  readonly leadership: Leadership;
  /** Sorted by name. Includes members whose record went away recently (`present: false`). */
  readonly members: readonly Member[];
  readonly settings: ManagerSettings;
  /** Members that Patroni's failsafe key lists, while failsafe mode is on. */
  readonly failsafeMembers: readonly string[];
  readonly plannedSwitch: PlannedSwitch | undefined;
  /** The greatest timeline seen in history or in a leader's record; what a probe says stands with its member. */
  readonly timeline: number | undefined;
  readonly problems: readonly RecordProblem[];
  /** When `timeline` was seen to rise. */
  readonly timelineSeenAt?: Millis | undefined;
  /** The furthest position that the primary is known to have written, by records. */
  readonly position?: Lsn | undefined;
  /** The PostgreSQL system identifier: another one is another cluster under the same name. */
  readonly systemId?: string | undefined;
  /** When and at which revision the primary's position was last written; the last act of a leader that stops in good order. */
  readonly statusWritten?: { readonly revision: Revision; readonly seenAt: Millis } | undefined;
  /** True: the manager's settings could never be read, so not even whether this cluster takes writes is known. */
  readonly settingsUnknown?: boolean | undefined;
  /** Stolon: what the proxies have been told, and who they are. Always there in a view of source `stolon`. */
  readonly proxies?: ProxiesView | undefined;
}

export const memberOf = (view: ClusterView, name: string): Member | undefined =>
  view.members.find((member) => member.name === name);
