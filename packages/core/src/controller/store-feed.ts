// The feed of a cluster whose manager keeps its state in etcd: the mirror of its prefix, read by its source, with what the members' PostgreSQL says.
import type { MirrorChange, MirrorStatus } from '../etcd/mirror.ts';
import type { Clock } from '../model/clock.ts';
import type { Decision } from '../model/decision.ts';
import type { Log } from '../model/log.ts';
import { withConfirmation, withProbes } from '../model/overlay.ts';
import type { StoredClusterSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView, Leadership } from '../model/view.ts';
import { Prober } from '../postgres/probe.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import { sourcePrefix, sourceView } from '../source/source.ts';
import type { Feed, FeedEvents, FeedNote } from './feed.ts';
import type { Attention, PrefixRecords } from './prefix-records.ts';
import { ProofsAhead } from './proofs-ahead.ts';

/** A proof that is older than this when a writer is to be opened does not count: it is proven once more then. */
const PROVEN_AHEAD_MS = 30;
/** A proof that takes longer than this before a writer is opened counts as failed; the next proof tries again. */
const PROOF_DEADLINE_MS = 500;

export interface StoreFeedOptions extends FeedEvents {
  readonly spec: StoredClusterSpec;
  /** Below the prefix of the cluster. */
  readonly records: PrefixRecords;
  readonly clock: Clock;
  readonly log: Log;
}

export class StoreFeed implements Feed {
  readonly prefix: string;
  readonly #o: StoreFeedOptions;
  readonly #mirror: PrefixRecords;
  readonly attend: ((attention: Attention) => void) | undefined;
  readonly #prober: Prober | undefined;
  readonly #ahead: ProofsAhead;
  #records: ClusterView | undefined;
  #picture: ClusterView | undefined;

  constructor(o: StoreFeedOptions) {
    const { spec, records, clock, log } = o;
    this.#o = o;
    this.prefix = sourcePrefix(spec.source);
    this.#mirror = records;
    const { attend } = records;
    this.attend = attend === undefined ? undefined : (attention) => attend(attention, () => this.#aged());
    this.#mirror.onChange((change) => this.#onMirror(change));
    // Whether it succeeds is told by the mirror.
    this.#ahead = new ProofsAhead(clock, () => void this.#mirror.prove(PROOF_DEADLINE_MS));
    const onReading: FeedEvents['onReading'] = (member, state) => {
      this.#picture = undefined;
      o.onReading(member, state);
    };
    this.#prober = spec.probe === undefined ? undefined : new Prober({ spec: spec.probe, clock, log, onReading });
  }

  start(): void {
    this.#mirror.start();
  }

  async close(): Promise<void> {
    this.#ahead.stop();
    await Promise.all([this.#mirror.close(), this.#prober?.close()]);
  }

  picture(): ClusterView | undefined {
    if (this.#records === undefined) return undefined;
    const confirmedAt = this.learntAt() ?? this.#records.confirmedAt;
    if (this.#picture?.confirmedAt !== confirmedAt) this.#picture = undefined;
    this.#picture ??= withProbes(withConfirmation(this.#records, confirmedAt), this.#prober?.readings() ?? new Map());
    return this.#picture;
  }

  changesAt(): undefined {
    return undefined;
  }

  learntAt(): Millis | undefined {
    return this.#mirror.confirmedAt === undefined ? this.#mirror.snapshot()?.confirmedAt : this.#mirror.confirmedAt();
  }

  freshSince(): Millis | undefined {
    return this.learntAt();
  }

  /** The mirror's next proof is due already. */
  refresh(): void {}

  follow(view: ClusterView, decision: Decision): void {
    // What was read at an address that has changed is forgotten.
    this.#picture = undefined;
    this.#prober?.watch(
      view.members.flatMap(({ name, address }) => (address === undefined ? [] : [{ name, address }])),
    );
    this.#prober?.hurry(decision.probeHard);
    this.#ahead.look(view, decision);
  }

  isProven(leadership: Leadership | undefined): boolean {
    const provenAt = this.learntAt();
    if (provenAt === undefined || leadership?.kind !== 'held') return false;
    return provenAt >= leadership.seenAt && this.#o.clock.now() - provenAt <= PROVEN_AHEAD_MS;
  }

  async prove(): Promise<boolean> {
    return (await this.#mirror.prove(PROOF_DEADLINE_MS)).ok;
  }

  async query(member: string, text: string): Promise<QueryAnswer> {
    return this.#prober?.query(member, text) ?? { ok: false, error: 'no probe is configured' };
  }

  get dueAt(): Millis | undefined {
    return this.#mirror.dueAt;
  }

  status(): MirrorStatus {
    return this.#mirror.status();
  }

  #onMirror(change: MirrorChange): void {
    this.#picture = undefined;
    const { snapshot } = change;
    if (change.kind !== 'confirmed' || this.#records === undefined) {
      const { spec, clock } = this.#o;
      this.#records = sourceView(spec, this.prefix, snapshot, this.#records, clock.now());
    }
    if (change.kind === 'confirmed') this.#o.onConfirmed();
    else this.#o.onNews(this.#noteOf(change));
  }

  /** Not confirmed for as long as somebody minds: time itself has changed the picture. */
  #aged(): void {
    this.#picture = undefined;
    this.#o.onConfirmed();
  }

  #noteOf(change: MirrorChange): FeedNote | undefined {
    if (change.kind !== 'relisted') return undefined;
    const lost = change.historyLost ? '; values between the two lists are not known' : '';
    return {
      revision: String(change.snapshot.revision),
      text: `${this.prefix} was listed anew (${change.why.replaceAll('_', ' ')})${lost}`,
    };
  }
}
