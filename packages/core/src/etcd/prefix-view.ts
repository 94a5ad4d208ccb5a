// The one place where a mirror's knowledge changes: which snapshot is current, how far it is proven, and whether an answer comes from the same
// etcd, in the same history, as what is known. Gets deliveries and answers, gives changes; no I/O and no clock.
import { longAgo, type Millis, type Revision, revision } from '../model/units.ts';
import { ChangesSince } from './changes-since.ts';
import { type Grouping, together } from './entries.ts';
import type { KeyValue, ResponseHeader, WatchEvent } from './messages.ts';
import type { MirrorChange, MirrorSnapshot, RelistReason } from './mirror-change.ts';
import {
  agrees,
  confirmedBy,
  type Listing,
  listingOf,
  mergedWith,
  type PrefixState,
  stateOf,
  stepsOf,
} from './prefix-state.ts';

/** What was known when a question was sent. */
export interface Known {
  /** Raised when what was known no longer counts: answers to questions from before are then of no use. */
  readonly epoch: number;
  readonly revision: Revision;
  readonly raftTerm: bigint;
}

/** A linearizable answer. */
export interface Reading {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  readonly sentAt: Millis;
  /** Only what was changed was asked for: then `kvs` are the keys that were put since, and this is the number of all. Undefined: `kvs` are all. */
  readonly countOfAll?: number | undefined;
}

export class PrefixView {
  #state: PrefixState | undefined;
  #snapshot: MirrorSnapshot | undefined;
  #clusterId = '';
  #raftTerm = 0n;
  #epoch = 0;
  readonly #grouping: Grouping;
  readonly #changes = new ChangesSince();
  /** The greatest revision at which a linearizable answer agreed. */
  #proven: Revision = revision(0);

  constructor(grouping: Grouping = together) {
    this.#grouping = grouping;
  }

  /** Undefined before the first list. */
  get snapshot(): MirrorSnapshot | undefined {
    return this.#snapshot;
  }

  /** Where a watch has to begin so that nothing is missed; undefined before the first list. */
  get nextRevision(): Revision | undefined {
    return this.#state === undefined ? undefined : revision(this.#state.revision + 1n);
  }

  /** The keys of one group as they are now: the very same map until one of them changes. */
  group(name: string): ReadonlyMap<string, KeyValue> {
    return this.#state?.entries.group(name) ?? new Map();
  }

  /** The groups that have keys. */
  groups(): readonly string[] {
    return [...(this.#state?.entries.names() ?? [])];
  }

  /** A proof may ask only for what was changed after this revision, and for the number of all keys. Undefined: it has to ask for all. */
  get provenChangesSince(): Revision | undefined {
    return this.#changes.since;
  }

  known(): Known {
    return { epoch: this.#epoch, revision: this.#state?.revision ?? revision(0), raftTerm: this.#raftTerm };
  }

  isSameCluster(header: ResponseHeader): boolean {
    return header.clusterId === this.#clusterId;
  }

  /**
   * How a linearizable answer shows that etcd is not the one, or not in the history, that was known when it was asked. A restore keeps the
   * cluster id when it keeps token and members, but its revision or, if that has been overtaken, its raft term is lower.
   */
  breakWith(header: ResponseHeader, before: Known): 'rewind' | 'cluster_changed' | undefined {
    if (this.#state === undefined) return undefined;
    if (!this.isSameCluster(header)) return 'cluster_changed';
    return header.revision < before.revision || header.raftTerm < before.raftTerm ? 'rewind' : undefined;
  }

  /**
   * Whether what is known holds all that a linearizable answer shows. An answer older than the last proof does not have to be compared: what
   * was committed when it was asked is part of what that proof agreed with.
   */
  fits({ header, kvs, countOfAll }: Reading): boolean {
    if (this.#state === undefined) return false;
    if (header.revision < this.#proven) return true;
    return countOfAll === undefined
      ? agrees(this.#state, listingOf(header.revision, kvs))
      : this.#changes.agrees(header.revision, kvs, countOfAll);
  }

  /** Takes an answer that fits as a proof. Undefined: it tells nothing new. */
  confirm(reading: Reading): MirrorChange | undefined {
    if (this.#state === undefined) return undefined;
    const before = this.#snapshot;
    const at = reading.header.revision;
    const newer = at >= this.#proven;
    this.#state = confirmedBy(this.#state, at);
    this.#advance(reading.header);
    if (reading.countOfAll !== undefined) this.#changes.advance(at);
    // With later events in it the view is counted on from the next whole proof.
    else if (newer && this.#state.revision === at) this.#changes.restart(at, this.#state.entries.size);
    else this.#changes.advance(at);
    const snapshot = this.#capture(this.#state, reading.sentAt);
    const news = before?.confirmedAt !== snapshot.confirmedAt || before.revision !== snapshot.revision;
    return news ? { kind: 'confirmed', snapshot } : undefined;
  }

  /** Takes an answer with values: merged with what is known or, after a break, in its place. */
  relist(reading: Reading, wanted: RelistReason, before: Known): MirrorChange {
    const why = this.breakWith(reading.header, before) ?? wanted;
    const listing: Listing = listingOf(reading.header.revision, reading.kvs);
    const known = why === 'rewind' || why === 'cluster_changed' ? undefined : this.#state;
    if (known === undefined) {
      this.#epoch += 1;
      this.#snapshot = undefined;
      this.#proven = revision(0);
      this.#raftTerm = 0n;
      this.#clusterId = reading.header.clusterId;
    }
    // The watches may have brought it all after the list was asked for.
    const complete = known !== undefined && listing.revision <= known.revision && agrees(known, listing);
    const state = this.#listedState(listing, known);
    this.#state = state;
    this.#advance(reading.header);
    if (state.revision === listing.revision) this.#changes.restart(listing.revision, state.entries.size);
    else this.#changes.forget();
    const snapshot = this.#capture(state, reading.sentAt);
    return { kind: 'relisted', why, snapshot, historyLost: why !== 'start' && !complete };
  }

  /** A list that is older than the last proof tells nothing: keys that were deleted in between would come back by it. */
  #listedState(listing: Listing, known: PrefixState | undefined): PrefixState {
    if (known === undefined) return stateOf(listing, this.#grouping);
    return listing.revision < this.#proven ? known : mergedWith(known, listing, this.#grouping);
  }

  /** Takes what a watch delivered; each change is given when it has been made, so that `snapshot` is never ahead of it. */
  *apply(events: readonly WatchEvent[]): Generator<Extract<MirrorChange, { kind: 'events' }>, void> {
    if (this.#state === undefined) return;
    for (const step of stepsOf(this.#state, events)) {
      const { state, events: ofRevision } = step;
      this.#state = state;
      this.#changes.tell(step);
      const snapshot = this.#capture(state, undefined);
      yield { kind: 'events', revision: state.revision, events: ofRevision, snapshot };
    }
  }

  #advance(header: ResponseHeader): void {
    if (header.revision > this.#proven) this.#proven = header.revision;
    if (header.raftTerm > this.#raftTerm) this.#raftTerm = header.raftTerm;
  }

  #capture(state: PrefixState, confirmedAt: Millis | undefined): MirrorSnapshot {
    const before = this.#snapshot?.confirmedAt ?? longAgo;
    this.#snapshot = {
      revision: state.revision,
      confirmedAt: confirmedAt !== undefined && confirmedAt > before ? confirmedAt : before,
      get entries() {
        return state.entries.whole();
      },
      clusterId: this.#clusterId,
    };
    return this.#snapshot;
  }
}
