// What a cluster's picture comes from: etcd and what PostgreSQL says beside it (store-feed.ts), or PostgreSQL alone (postgres-feed.ts). The controller knows
// no more of a source than this. A feed tells and proves; it never decides.
import type { MirrorStatus } from '../etcd/mirror.ts';
import type { Decision } from '../model/decision.ts';
import type { ProbeState } from '../model/probe.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView, Leadership } from '../model/view.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import type { Attention } from './prefix-records.ts';

/** A line for the journal. */
export interface FeedNote {
  readonly revision: string;
  readonly text: string;
}

/** Called from within the delivery that brought it. */
export interface FeedEvents {
  /** The source tells something else than before. */
  readonly onNews: (note: FeedNote | undefined) => void;
  /** Nothing else than before, and that is certain once more. */
  readonly onConfirmed: () => void;
  /** A server was asked, and may have said the same as before. */
  readonly onReading: (member: string, state: ProbeState) => void;
}

export interface Feed {
  /** Below which the cluster is read in etcd; undefined: it is not read from etcd. */
  readonly prefix: string | undefined;
  start(): void;
  close(): Promise<void>;
  /** The newest picture; undefined: nothing is known yet. The very same object until there is something new in it. */
  picture(): ClusterView | undefined;
  /** From this instant on the picture may be another without anything new; undefined: it stays. */
  changesAt(): Millis | undefined;
  /** What is known is not older than that: the last proof, or the oldest of the servers' last readings. Undefined: nothing is known. */
  learntAt(): Millis | undefined;
  /** Whoever answers at all has been heard since: judgement waits for that after a standstill. Undefined: nothing is known. */
  freshSince(): Millis | undefined;
  /** All that is known is old at once (a standstill of our own): asks anew without waiting for the next turn. */
  refresh(): void;
  /**
   * Undefined: every confirmation is told, and whoever minds the age of the picture looks at the clock himself. Else, for a feed that many share: what a loop
   * wants to hear of confirmations. `onConfirmed` is called for those, and when the picture has aged.
   */
  readonly attend?: ((attention: Attention) => void) | undefined;
  /** A pass: whom to ask from now on, and how hard. */
  follow(view: ClusterView, decision: Decision): void;
  /** What `prove` would find out is known already. */
  isProven(leadership: Leadership | undefined): boolean;
  /**
   * Asked before this member is let into a write service: is everything that was so before this call in the picture, and does it still speak for the
   * member? Never rejects, and never takes longer than half a second.
   */
  prove(member: string): Promise<boolean>;
  /** A question of our own to the member's PostgreSQL. */
  query(member: string, text: string): Promise<QueryAnswer>;
  /** By when etcd is to be asked again, or has answered or is given up; undefined: it is not read from etcd, or not now. Probes are timers alone: never late. */
  readonly dueAt: Millis | undefined;
  /** The etcd members; undefined: there are none. */
  status(): MirrorStatus | undefined;
}
