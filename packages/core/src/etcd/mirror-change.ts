// What a mirror of an etcd prefix shows: snapshots, changes, the results of proofs and its status. Types only.
import type { Millis, Revision } from '../model/units.ts';
import type { EtcdMemberStatus } from './client.ts';
import type { KeyValue, WatchEvent } from './messages.ts';

/** The prefix at one revision. Never changes; the next one is another value. */
export interface MirrorSnapshot {
  readonly revision: Revision;
  /** When the last successful proof was sent: everything that was committed before that instant is in. */
  readonly confirmedAt: Millis;
  /** Of a prefix in groups it is put together when it is asked for (`EtcdMirror.group` gives one group for nothing). */
  readonly entries: ReadonlyMap<string, KeyValue>;
  readonly clusterId: string;
}

export type MirrorEvent = WatchEvent;

/**
 * Why a list took the place of the events. `compacted`: etcd no longer has them. `behind`: a proof showed something that no watch delivered.
 * `rewind`: etcd was restored to an earlier state. `cluster_changed`: another etcd cluster answers.
 */
export type RelistReason = 'start' | 'compacted' | 'behind' | 'rewind' | 'cluster_changed';

export type MirrorChange =
  /** All events of one revision (a part of a shared mirror: of some, up to this one); `snapshot` has them in. */
  | {
      readonly kind: 'events';
      readonly revision: Revision;
      readonly events: readonly MirrorEvent[];
      readonly snapshot: MirrorSnapshot;
    }
  /** `historyLost`: values between the snapshot before and this one may never have been seen. */
  | {
      readonly kind: 'relisted';
      readonly why: RelistReason;
      readonly snapshot: MirrorSnapshot;
      readonly historyLost: boolean;
    }
  /** Nothing of the prefix has changed; `confirmedAt`, and perhaps the revision, have. */
  | { readonly kind: 'confirmed'; readonly snapshot: MirrorSnapshot };

export type ProofResult =
  | { readonly ok: true; readonly at: Millis; readonly revision: Revision }
  | { readonly ok: false; readonly error: string };

export interface MirrorMemberStatus extends EtcdMemberStatus {
  readonly watching: boolean;
}

export interface MirrorStatus {
  readonly members: readonly MirrorMemberStatus[];
  /** Why the latest proof failed; undefined: it did not. */
  readonly error: string | undefined;
  readonly counters: {
    readonly events: number;
    readonly proofs: number;
    readonly failedProofs: number;
    readonly relists: Readonly<Record<RelistReason, number>>;
  };
}
