// One cluster's loop. Level-triggered: whatever wakes it (an event, a proof, a probe, a timer) leads to the same pass: latest picture, decide, publish.
// A pass is synchronous, so passes never overlap; what it publishes is carried out by the targets, each in its own loop.
//
//   blind ──first picture──▶ seeing ──▶ (decide says what an old view is still good for)
//   blind for longer than a service's outage policy allows: it is closed, and all others are left as they are
import type { DesiredBackend } from '../haproxy/desired.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Decision } from '../model/decision.ts';
import { withRegistration } from '../model/overlay.ts';
import type { Override } from '../model/override.ts';
import type { ProbeState } from '../model/probe.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { after, earliest, longAgo, type Millis } from '../model/units.ts';
import { type ClusterView, memberOf } from '../model/view.ts';
import { decide } from '../routing/decide.ts';
import { FRESH_MS } from '../routing/limits.ts';
import { closedBlind, PASSIVE_MS } from './blind-grace.ts';
import { changesBetween, confirmationChange } from './changes.ts';
import { closedServices, desiredOf, sameDesired } from './desired-of.ts';
import type { Feed, FeedNote } from './feed.ts';
import type { Journal } from './journal.ts';
import { keptWhereSame } from './kept-desired.ts';
import { proxyChanges } from './proxy-entries.ts';
import type { ProxyPart } from './proxy-part.ts';
import { type Heart, Standstill } from './standstill.ts';

/** Without a proof from etcd for this long the journal says that the view is not confirmed. The proof runs every 250 ms. */
const UNCONFIRMED_AFTER_MS = 1_500;

export interface ClusterLoopOptions {
  readonly spec: ClusterSpec;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly heart: Heart;
  readonly journal: Journal;
  /** The part in Stolon's proxy protocol. Asked for with each pass: it looks back at the loop. */
  readonly proxy: () => Pick<ProxyPart, 'state' | 'releasing' | 'lostTouch' | 'wake'>;
  /** Operators' own words about this cluster, those that stand now. Undefined: not read yet, a moment after a start; nothing is judged without them. */
  readonly overrides: () => readonly Override[] | undefined;
  /** Something else shall be held than before. */
  readonly publish: () => void;
  /** A little after each pass, in order with the journal: what it was decided on. */
  readonly onPass: (view: ClusterView, decision: Decision, now: Millis) => void;
}

export class ClusterLoop {
  readonly #o: ClusterLoopOptions;
  readonly #standstill: Standstill;
  readonly #startedAt: Millis;
  #view: ClusterView | undefined;
  #decision: Decision | undefined;
  #desired: readonly DesiredBackend[] = [];
  #review: Timer | undefined;
  #passedAt = longAgo;
  #agesAfterMs: number | undefined;
  #confirmed = true;
  #closed = false;

  constructor(o: ClusterLoopOptions) {
    this.#o = o;
    this.#startedAt = o.clock.now();
    this.#standstill = new Standstill(o.heart, (stoodMs) => this.#stood(stoodMs));
  }

  start(): void {
    this.#standstill.start();
    if (this.#view === undefined) this.#passBlind(this.#startedAt);
  }

  stop(): void {
    this.#closed = true;
    this.#review?.cancel();
    this.#standstill.stop();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the newest decision was made on; undefined: none was made yet. */
  get view(): ClusterView | undefined {
    return this.#view;
  }

  get decision(): Decision | undefined {
    return this.#decision;
  }

  /** What the targets shall hold for this cluster. */
  get desired(): readonly DesiredBackend[] {
    return this.#desired;
  }

  /** The newest decision holds at this instant: its time is not over, or another was made just now. Not so after a standstill, until facts are fresh again. */
  isCurrent(): boolean {
    const now = this.#o.clock.now();
    this.#standstill.notice(now);
    const reviewAt = this.#standsUntil();
    if (!this.#standstill.waiting && (reviewAt === undefined || now < reviewAt)) return !this.#closed;
    this.pass();
    return !this.#closed && this.#passedAt >= now;
  }

  /** With what has been confirmed meanwhile. */
  #standsUntil(): Millis | undefined {
    const { reviewAt, reviewBy } = this.#decision ?? {};
    const learntAt = this.#o.feed.learntAt();
    if (this.#o.feed.attend === undefined || reviewBy === undefined || learntAt === undefined) return reviewAt;
    const agesAt = this.#agesAfterMs === undefined ? undefined : after(learntAt, this.#agesAfterMs);
    return earliest(reviewBy.facts, agesAt);
  }

  /** By when the next pass is to come: when the time of the newest decision is over. Undefined: none is needed, or none wanted. */
  get dueAt(): Millis | undefined {
    if (this.#closed || this.#decision === undefined || this.#o.proxy().releasing) return undefined;
    // Nothing is judged then, on purpose.
    if (this.#o.overrides() === undefined) return undefined;
    const until = this.#standsUntil();
    return until === undefined || this.#passedAt >= until ? undefined : until;
  }

  /** Whom the newest view names. */
  get leader(): string | undefined {
    const leadership = this.#view?.leadership;
    return leadership?.kind === 'held' ? leadership.member : undefined;
  }

  /** Something else than the newest decision shall be held from now on; no pass may come any more. */
  override(desired: readonly DesiredBackend[]): void {
    this.#desired = desired;
    this.#o.publish();
  }

  /** The source told something else than before. */
  news(note: FeedNote | undefined): void {
    if (note !== undefined) this.#tell(note.text, note.revision);
    this.pass();
  }

  /** The view was confirmed once more. `refused`: a target was refused for want of a proof; it is told again as soon as there is one. */
  confirmed(refused: boolean): void {
    if (!this.#changesNothing()) this.pass();
    if (refused) this.#o.publish();
  }

  /** The next confirmation counts, whatever it brings. */
  awaitConfirmation(): void {
    this.#o.feed.attend?.({ each: true, agesAfterMs: this.#agesAfterMs });
  }

  /** A server was asked. */
  reading(member: string, { latest }: ProbeState): void {
    const view = this.#view;
    const before = view === undefined ? undefined : memberOf(view, member)?.probe?.latest.kind;
    const awaited = this.#decision?.probeHard.includes(member) === true;
    // The same answer at leisure: its figures (positions, age) count at the next pass, at most a second from the last.
    if (latest.kind === before && !awaited && this.#o.clock.now() - this.#passedAt < FRESH_MS) return;
    this.pass();
  }

  /** One more confirmation of a view that was decided on while it was fresh can only lead to the same decision. */
  #changesNothing(): boolean {
    const view = this.#view;
    const now = this.#o.clock.now();
    if (view === undefined || !this.#confirmed || this.#standstill.waiting) return false;
    if (this.#decision?.probeHard.length !== 0) return false;
    if (this.#o.feed.attend === undefined) return now - view.confirmedAt < FRESH_MS;
    const until = this.#standsUntil();
    return this.#passedAt - view.confirmedAt < FRESH_MS && (until === undefined || now < until);
  }

  /** Latest picture, decide, publish. */
  pass(): void {
    if (this.#closed || this.#o.proxy().releasing) return;
    const now = this.#o.clock.now();
    const picture = this.#o.feed.picture();
    if (picture === undefined) {
      this.#passBlind(now);
      return;
    }
    if (this.#awaitsFreshFacts(now)) return;
    const overrides = this.#o.overrides();
    if (overrides === undefined) return;
    const view = withRegistration(picture, this.#o.proxy().state());
    const decision = decide(view, this.#o.spec, now, {
      overrides,
      memory: this.#decision?.memory ?? [],
    });
    const before = { view: this.#view, decision: this.#decision };
    this.#passedAt = now;
    this.#view = view;
    this.#decision = decision;

    this.#o.feed.follow(view, decision);
    const desired = keptWhereSame(desiredOf(decision, view, this.#o.spec), this.#desired);
    const changed = desired !== this.#desired;
    this.#desired = desired;
    if (changed) this.#o.publish();
    this.#o.proxy().wake();

    // PostgreSQL's own word needs nobody to confirm it; that a server is silent is told of that server.
    const confirmed = this.#o.feed.prefix === undefined || now - view.confirmedAt < UNCONFIRMED_AFTER_MS;
    const turned = confirmed !== this.#confirmed;
    this.#confirmed = confirmed;
    this.#o.journal.later(() => {
      this.#o.onPass(view, decision, now);
      const entries = [
        ...proxyChanges(before.view, view),
        ...changesBetween(before.view, view, before.decision, decision),
      ];
      return turned ? [...entries, confirmationChange(view, confirmed, now)] : entries;
    });
    const unconfirmedAt =
      this.#o.feed.prefix !== undefined && confirmed ? after(view.confirmedAt, UNCONFIRMED_AFTER_MS) : undefined;
    this.#wait(view, decision, unconfirmedAt);
  }

  /** Until when the decision stands. What the age of the view alone would change is put off by each confirmation: a feed that many share minds it for all. */
  #wait(view: ClusterView, { reviewAt, reviewBy }: Decision, unconfirmedAt: Millis | undefined): void {
    const { attend } = this.#o.feed;
    const changesAt = this.#o.feed.changesAt();
    if (attend === undefined || reviewBy === undefined) {
      this.#reviewAt(earliest(reviewAt, unconfirmedAt, changesAt));
      return;
    }
    const agesAt = earliest(reviewBy.age, unconfirmedAt);
    this.#agesAfterMs = agesAt === undefined ? undefined : agesAt - view.confirmedAt;
    attend({ each: !this.#changesNothing(), agesAfterMs: this.#agesAfterMs });
    this.#reviewAt(earliest(reviewBy.facts, changesAt));
  }

  #stood(stoodMs: number): void {
    this.#o.feed.refresh();
    this.awaitConfirmation();
    if (this.#o.feed.picture() === undefined) return;
    const asked = this.#o.feed.prefix === undefined ? 'the servers have' : 'etcd has';
    this.#tell(
      `pgrouted itself stood still for ${Math.round(stoodMs)} ms; nothing is judged before ${asked} been asked again`,
    );
  }

  #awaitsFreshFacts(now: Millis): boolean {
    const freshSince = this.#o.feed.freshSince() ?? now;
    this.#standstill.notice(now);
    // Stolon may have named another by now: then nothing is worth waiting for.
    if (this.#o.proxy().lostTouch(freshSince, PASSIVE_MS, now)) this.#standstill.forget();
    const until = this.#standstill.waitUntil(freshSince, now);
    if (until !== undefined) this.#reviewAt(until);
    return until !== undefined;
  }

  #passBlind(now: Millis): void {
    const since = now - this.#startedAt;
    const { closed, nextMs } = closedBlind(this.#o.spec, since);
    if (nextMs !== undefined) this.#reviewAt(after(this.#startedAt, nextMs));
    const desired = closedServices(closed);
    if (sameDesired(desired, this.#desired)) return;
    this.#desired = desired;
    this.#o.publish();
    this.#tell(
      `etcd could not be read for ${Math.round(since / 1000)} s since the start: by their outage policies these services are closed: ${closed.map(({ name }) => name).join(', ')}`,
    );
  }

  #tell(text: string, revision?: string): void {
    const at = revision === undefined ? {} : { revision };
    this.#o.journal.add({ kind: 'view', cluster: this.#o.spec.name, ...at, text });
  }

  #reviewAt(instant: Millis | undefined): void {
    this.#review?.cancel();
    if (instant === undefined || this.#closed) return;
    const { clock } = this.#o;
    this.#review = clock.after(Math.max(0, instant - clock.now()) + 1, () => this.pass());
  }
}
