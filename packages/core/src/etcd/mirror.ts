// The keys below one prefix of etcd, as they are: a list, a watch on every member at once, and a linearizable proof every 250 ms.
// Silence of a watch proves nothing; only an answered proof renews `confirmedAt`, and a proof that does not fit leads to a new list.
//
//   empty ──list──▶ following ──events: next revision──▶ following
//                      │  ▲──proof fits: confirmed────────┘  ▲
//                      └─compacted, behind, rewind, cluster changed─▶ list
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { after, type Millis, type Revision, revision } from '../model/units.ts';
import type { EtcdClient, ReadAnswer, ReadOptions } from './client.ts';
import { type Grouping, together } from './entries.ts';
import { EtcdError, messageOf } from './errors.ts';
import type { Member } from './member.ts';
import { MemberWatch } from './member-watch.ts';
import { type KeyRange, type KeyValue, prefixRange, type RangeRequest, type WatchResponse } from './messages.ts';
import type { MirrorChange, MirrorSnapshot, MirrorStatus, ProofResult, RelistReason } from './mirror-change.ts';
import { PrefixView } from './prefix-view.ts';
import { SharedProofs } from './shared-proofs.ts';
import { Signal } from './signal.ts';

export type { KeyValue } from './messages.ts';
export type * from './mirror-change.ts';

export interface MirrorOptions {
  /** Shared with others; stays open when the mirror closes. */
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly proofIntervalMs?: number;
  /** Undefined: all keys in one group. */
  readonly grouping?: Grouping;
  /**
   * What a proof asks for: every key, or only what was changed since the last one and the number of all (changes-since.ts), for a prefix of thousands of keys.
   */
  readonly proofBy?: 'keys' | 'changes';
  /** With each proof, or list in its place, that failed. */
  readonly onFailure?: (error: EtcdError) => void;
}

const proofDeadlineMs = 1_000;
const listDeadlineMs = 4_000;
/** A proof at leisure asks the next member after this long; one that a switch waits for asks it sooner. */
const calmPatienceMs = 150;
const urgentPatienceMs = 20;
/** Every so many proofs by changes all keys are compared all the same: once a minute. */
const WHOLE_EVERY = 240;
/** A proof at leisure has ended after this long, with the lists that it may lead to. */
const beatWithinMs = 20_000;
/** etcd replays to a watch that comes late within 100 ms; only after that a proof that sees more counts as "behind". */
const streamsMayLagMs = 150;

export class EtcdMirror {
  readonly #client: EtcdClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #prefix: string;
  readonly #range: KeyRange;
  readonly #intervalMs: number;
  readonly #view: PrefixView;
  readonly #byChanges: boolean;
  readonly #urgent: SharedProofs;
  readonly #onFailure: ((error: EtcdError) => void) | undefined;
  readonly #watches: readonly MemberWatch[];
  readonly #listeners = new Set<(change: MirrorChange) => void>();
  readonly #readErrors = new Map<Member, string>();
  readonly #relists: Record<RelistReason, number> = {
    start: 0,
    compacted: 0,
    behind: 0,
    rewind: 0,
    cluster_changed: 0,
  };
  /** A watch or a list has changed the view. */
  readonly #applied: Signal;
  /** A member has a session. */
  readonly #connected: Signal;
  #lastList: Promise<void> = Promise.resolve();
  #asked: { readonly deadlineMs: number; readonly result: Promise<ProofResult> } | undefined;
  #beatTimer: Timer | undefined;
  #beating = false;
  #dueAt: Millis | undefined;
  #turn = 0;
  #sinceWhole = 0;
  #events = 0;
  #proofs = 0;
  #failedProofs = 0;
  #error: string | undefined;
  #leave: readonly (() => void)[] = [];
  #closed = false;

  constructor(options: MirrorOptions) {
    const { client, prefix, clock, log, proofIntervalMs = 250, grouping = together, proofBy = 'keys' } = options;
    this.#view = new PrefixView(grouping);
    this.#byChanges = proofBy === 'changes';
    this.#onFailure = options.onFailure;
    this.#urgent = new SharedProofs(() => this.#prove({ deadlineMs: proofDeadlineMs, patienceMs: urgentPatienceMs }));
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#prefix = prefix;
    this.#range = prefixRange(prefix);
    this.#intervalMs = proofIntervalMs;
    this.#applied = new Signal(clock);
    this.#connected = new Signal(clock);
    const common = {
      clock,
      range: this.#range,
      startRevision: () => this.#view.nextRevision,
      onResponse: (response: WatchResponse) => this.#deliver(response),
      onCompacted: (compactRevision: Revision) => this.#compacted(compactRevision),
    };
    this.#watches = client.members.map((member) => new MemberWatch({ ...common, member }));
  }

  /** Begins to list and to watch; goes on until `close()`. */
  start(): void {
    const { members } = this.#client;
    // A member that comes back ends a time without proofs at once, not at the next beat.
    const wake = () => {
      this.#connected.fire();
      if (this.#view.snapshot === undefined || this.#error !== undefined) this.#beatSoon(0);
    };
    this.#leave = members.map((member) => member.onReady(wake));
    this.#beatSoon(members.some((member) => member.ready) ? 0 : proofDeadlineMs);
  }

  /** By when the next proof is to be asked for, or the one under way to have ended, well or not; undefined: not started, or closed. */
  get dueAt(): Millis | undefined {
    return this.#closed ? undefined : this.#dueAt;
  }

  /** Undefined until the first list. */
  snapshot(): MirrorSnapshot | undefined {
    return this.#view.snapshot;
  }

  /** The keys of one group (`grouping`) as the snapshot has them: the very same map until one of them changes. */
  group(name: string): ReadonlyMap<string, KeyValue> {
    return this.#view.group(name);
  }

  /** The groups that have keys. */
  groups(): readonly string[] {
    return this.#view.groups();
  }

  /** Calls `listener` with each change, in order, from within the delivery that made it: it must be quick. Returns how to stop. */
  onChange(listener: (change: MirrorChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * One linearizable proof now. When it is ok, the snapshot holds everything that was committed before this call.
   * One round trip to the member that answers quickest, as long as that one does. Gives a result within `deadlineMs` in any case; when no
   * member is connected, it waits that long for one.
   */
  prove(deadlineMs = proofDeadlineMs): Promise<ProofResult> {
    if (this.#asked?.deadlineMs === deadlineMs) return this.#asked.result;
    // Who asks in the same breath shares it: hundreds of clusters, for one HAProxy's openings. It is sent after all of them have asked.
    const result = Promise.resolve().then(() => {
      this.#asked = undefined;
      return this.#proveWithin(deadlineMs);
    });
    this.#asked = { deadlineMs, result };
    return result;
  }

  #proveWithin(deadlineMs: number): Promise<ProofResult> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(deadlineMs, () => {
        const why = this.#error === undefined ? '' : `: ${this.#error}`;
        resolve({ ok: false, error: `not proven within ${deadlineMs} ms${why}` });
      });
      void this.#proveSince(deadlineMs).then((result) => {
        timer.cancel();
        resolve(result);
      });
    });
  }

  status(): MirrorStatus {
    const members = this.#watches.map((watch) => ({
      endpoint: watch.member.endpoint,
      connected: watch.member.ready,
      watching: watch.watching,
      lastHeardAt: watch.member.heardAt,
      error: watch.member.error ?? watch.error ?? this.#readErrors.get(watch.member),
    }));
    const counters = {
      events: this.#events,
      proofs: this.#proofs,
      failedProofs: this.#failedProofs,
      relists: { ...this.#relists },
    };
    return { members, error: this.#error, counters };
  }

  /** Ends watches and proofs. The client stays open: others may use it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#beatTimer?.cancel();
    for (const leave of this.#leave) leave();
    for (const watch of this.#watches) watch.close();
    this.#listeners.clear();
    this.#applied.fire();
  }

  async #proveSince(deadlineMs: number): Promise<ProofResult> {
    const askedAt = this.#clock.now();
    let failure = 'no time is left';
    for (;;) {
      const leftMs = askedAt + deadlineMs - this.#clock.now();
      if (this.#closed) return { ok: false, error: 'closed' };
      if (leftMs <= 0) return { ok: false, error: failure };
      try {
        await this.#urgent.one();
      } catch (error) {
        failure = messageOf(error);
        const disconnected = error instanceof EtcdError && ['ended', 'not_connected'].includes(error.code);
        if (!disconnected) return { ok: false, error: failure };
        await this.#connected.until(() => true, Math.min(leftMs, 50));
      }
      const snapshot = this.#view.snapshot;
      if (snapshot !== undefined && snapshot.confirmedAt >= askedAt) {
        return { ok: true, at: snapshot.confirmedAt, revision: snapshot.revision };
      }
    }
  }

  #beatSoon(delayMs: number): void {
    if (this.#closed || this.#beating) return;
    this.#beatTimer?.cancel();
    this.#dueAt = after(this.#clock.now(), delayMs);
    this.#beatTimer = this.#clock.after(delayMs, () => void this.#beat());
  }

  /** One proof at leisure. The members take turns, so each is heard of regularly and a silent one is found out. */
  async #beat(): Promise<void> {
    const began = this.#clock.now();
    const { members } = this.#client;
    const first = members[this.#turn % Math.max(1, members.length)];
    this.#turn += 1;
    this.#beating = true;
    this.#dueAt = after(began, beatWithinMs);
    try {
      const options = { deadlineMs: proofDeadlineMs, patienceMs: calmPatienceMs };
      await this.#prove(first === undefined ? options : { ...options, first });
    } catch {
      // Counted, logged and told by status(); the next beat tries again.
    }
    this.#beating = false;
    this.#beatSoon(Math.max(10, this.#intervalMs - (this.#clock.now() - began)));
  }

  /** Rejects with EtcdError when there was no proof. */
  async #prove(options: ReadOptions): Promise<void> {
    this.#proofs += 1;
    try {
      await this.#compareOrList(options);
      if (this.#error !== undefined) this.#log.info({ prefix: this.#prefix }, 'etcd confirms the view again');
      this.#error = undefined;
    } catch (error) {
      const err = messageOf(error);
      if (this.#error === undefined && !this.#closed) {
        this.#log.warn({ prefix: this.#prefix, err }, 'etcd does not confirm the view');
      }
      this.#failedProofs += 1;
      this.#error = err;
      if (!this.#closed && error instanceof EtcdError) this.#onFailure?.(error);
      throw error;
    }
  }

  async #compareOrList(options: ReadOptions): Promise<void> {
    const view = this.#view;
    if (view.snapshot === undefined) return this.#list('start', () => view.snapshot === undefined);
    const before = view.known();
    const sameEpoch = () => view.known().epoch === before.epoch;
    const question = this.#question();
    const answered = await this.#read(question, options);
    // What was known when this was asked no longer counts: neither does the answer.
    if (this.#closed || !sameEpoch()) return;
    const byChanges = question.minModRevision !== undefined;
    // A list came in between, and what was told since can't be counted on: all keys are asked for.
    if (byChanges && view.provenChangesSince === undefined) return this.#compareOrList(options);
    const answer = byChanges ? { ...answered, countOfAll: answered.count } : answered;
    const breach = view.breakWith(answer.header, before);
    if (breach !== undefined) return this.#list(breach, sameEpoch);
    const fits = () => view.fits(answer);
    const watched = this.#watches.some((watch) => watch.watching);
    if (watched && !fits()) await this.#applied.until(() => this.#closed || fits(), streamsMayLagMs);
    if (!fits()) await this.#list('behind', () => sameEpoch() && !fits());
    if (!this.#closed && sameEpoch() && fits()) this.#tell(view.confirm(answer));
  }

  #question(): RangeRequest {
    const since = this.#byChanges && this.#sinceWhole < WHOLE_EVERY ? this.#view.provenChangesSince : undefined;
    this.#sinceWhole = since === undefined ? 0 : this.#sinceWhole + 1;
    const keys = { ...this.#range, keysOnly: true };
    return since === undefined ? keys : { ...keys, minModRevision: revision(since + 1n) };
  }

  /** Lists anew if, once the lists before it are through, that is still `needed`. */
  #list(why: RelistReason, needed: () => boolean): Promise<void> {
    const mine = this.#lastList.then(async () => {
      if (!this.#closed && needed()) await this.#listNow(why);
    });
    this.#lastList = mine.catch(() => {});
    return mine;
  }

  async #listNow(wanted: RelistReason): Promise<void> {
    const before = this.#view.known();
    const answer = await this.#read(this.#range, { deadlineMs: listDeadlineMs, patienceMs: calmPatienceMs });
    if (this.#closed) return;
    const change = this.#view.relist(answer, wanted, before);
    const why = change.kind === 'relisted' ? change.why : wanted;
    this.#relists[why] += 1;
    if (why !== 'start') {
      const fields = { prefix: this.#prefix, why, revision: String(change.snapshot.revision) };
      this.#log.warn(fields, 'etcd prefix was listed anew');
    }
    this.#tell(change);
    this.#applied.fire();
    if (this.#view.known().epoch !== before.epoch) for (const watch of this.#watches) watch.reopen();
  }

  async #compacted(compactRevision: Revision): Promise<void> {
    const { epoch } = this.#view.known();
    const needed = () =>
      this.#view.known().epoch === epoch && (this.#view.nextRevision ?? compactRevision) < compactRevision;
    // If it fails, the watch is opened from the same revision again, and refused again.
    await this.#list('compacted', needed).catch(() => {});
  }

  /** Gives an error if the watch is of no use. */
  #deliver(response: WatchResponse): EtcdError | undefined {
    if (this.#closed) return undefined;
    if (!this.#view.isSameCluster(response.header)) {
      // Its revisions mean nothing here. The proof tells whether all of etcd was replaced, or this member is a stray.
      this.#beatSoon(0);
      return new EtcdError('foreign_cluster', `it belongs to another etcd cluster (${response.header.clusterId})`);
    }
    for (const change of this.#view.apply(response.events)) {
      this.#events += change.events.length;
      this.#tell(change);
    }
    if (response.events.length > 0) this.#applied.fire();
    return undefined;
  }

  #read(request: RangeRequest, options: ReadOptions): Promise<ReadAnswer> {
    const report = (member: Member, error: EtcdError | undefined) => {
      if (error === undefined) this.#readErrors.delete(member);
      else this.#readErrors.set(member, error.message);
    };
    return this.#client.read(request, { ...options, report });
  }

  #tell(change: MirrorChange | undefined): void {
    if (change === undefined) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch (error) {
        this.#log.error({ prefix: this.#prefix, err: messageOf(error) }, 'a listener to etcd changes has failed');
      }
    }
  }
}
