// One cluster's loop. Level-triggered: whatever wakes it (an event, a proof, a probe, a timer) leads to the same pass: latest view, decide,
// publish. A pass is synchronous, so passes never overlap; what it publishes is carried out by the targets, each in its own loop.
//
//   blind ──first list──▶ seeing ──▶ (decide says what an old view is still good for)
//   blind for longer than the grace: write services are closed, read services are left as they are
import type { EtcdClient } from '../etcd/client.ts';
import { EtcdMirror, type MirrorChange } from '../etcd/mirror.ts';
import type { DesiredBackend } from '../haproxy/desired.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Decision } from '../model/decision.ts';
import type { Log } from '../model/log.ts';
import { withConfirmation, withProbes, withRegistration } from '../model/overlay.ts';
import type { ProbeState } from '../model/probe.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { after, type Millis, millis } from '../model/units.ts';
import { type ClusterView, memberOf } from '../model/view.ts';
import { Prober } from '../postgres/probe.ts';
import { decide } from '../routing/decide.ts';
import { FRESH_MS } from '../routing/limits.ts';
import { sourcePrefix, sourceView } from '../source/source.ts';
import { Registration, type RegistrationEvent } from '../stolon/registration.ts';
import { changesBetween, confirmationChange } from './changes.ts';
import { closedWrites, desiredOf, sameDesired } from './desired-of.ts';
import type { Journal } from './journal.ts';
import { proxyChanges, registrationEntry } from './proxy-entries.ts';
import { LettingGo, registers, watchdogDeadlines, writeBackends } from './proxy-part.ts';

/**
 * How long nothing may be known before write services close. Patroni: its defaults (ttl 30 s, loop_wait 10 s), less a second. Stolon: as long as it
 * waits for a proxy that it knows (proxyTimeout 15 s); for a passive one it does not wait, so less than one sleepInterval (5 s).
 */
const BLIND_GRACE_MS = { patroni: 19_000, registered: 15_000, passive: 3_000 } as const;
/**
 * While a leader is named but its write service is not open yet, the view is proven in advance, this often and for this long, so that the proof
 * which opening needs is there when PostgreSQL says yes. One that is older than `PROVEN_AHEAD_MS` does not count for that.
 */
const PROVE_AHEAD_FIRST_MS = 2;
const PROVE_AHEAD_EVERY_MS = 15;
const PROVE_AHEAD_FOR_MS = 10_000;
const PROVEN_AHEAD_MS = 30;
/** A proof that takes longer than this before a writer is opened counts as failed; the next proof tries again. */
const OPEN_PROOF_DEADLINE_MS = 500;
/** The controller looks at the clock this often; a look that is much later means that the whole process (or machine) stood still. */
const BEAT_MS = 500;
const STALL_MS = 1_000;
/** After a standstill everything known is old at once. For this long at most, judgement waits for the first fresh proof. */
const AFTER_STALL_MS = 500;
/** Without a proof for this long the journal says that the view is not confirmed. The proof runs every 250 ms. */
const UNCONFIRMED_AFTER_MS = 1_500;

export interface ClusterControllerOptions {
  readonly spec: ClusterSpec;
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  /** Something else shall be held than before. */
  readonly publish: () => void;
  /** Why a target has not let go of what the newest published decision keeps out of these write services; undefined: all have. */
  readonly holds: (backends: readonly string[]) => string | undefined;
  /** The registration as a Stolon proxy lives: HAProxy's own watchdog may be told until when. */
  readonly onAlive: () => void;
  /** A registration from before a reload of the configuration. */
  readonly registration?: Registration | undefined;
  /** 8 random hex digits. */
  readonly newUid: () => string;
  /** A little after each pass, in order with the journal: what it was decided on. */
  readonly onPass: (view: ClusterView, decision: Decision, now: Millis) => void;
}

/** A server that a target is about to let into a write service. */
interface Opened {
  readonly backend: string;
  readonly member: string;
}

export class ClusterController {
  readonly spec: ClusterSpec;
  readonly prefix: string;
  readonly mirror: EtcdMirror;
  readonly #o: ClusterControllerOptions;
  readonly #prober: Prober | undefined;
  readonly #startedAt: Millis;
  #records: ClusterView | undefined;
  #view: ClusterView | undefined;
  #decision: Decision | undefined;
  #desired: readonly DesiredBackend[] = [];
  #review: Timer | undefined;
  #beat: Timer | undefined;
  #ahead: Timer | undefined;
  #beatAt: Millis;
  #passedAt = millis(Number.NEGATIVE_INFINITY);
  #stall: { readonly endedAt: Millis; readonly waitUntil: Millis } | undefined;
  #confirmed = true;
  #refused = false;
  #registration: Registration | undefined;
  #lettingGo: LettingGo | undefined;
  #closed = false;

  constructor(o: ClusterControllerOptions) {
    const { spec, client, clock, log } = o;
    this.#o = o;
    this.spec = spec;
    this.prefix = sourcePrefix(spec.source);
    this.mirror = new EtcdMirror({ client, prefix: this.prefix, clock, log });
    this.mirror.onChange((change) => this.#onMirror(change));
    this.#startedAt = clock.now();
    this.#beatAt = this.#startedAt;
    this.#prober =
      spec.probe === undefined
        ? undefined
        : new Prober({ spec: spec.probe, clock, log, onReading: (member, state) => this.#onReading(member, state) });
    this.#registration = this.#takeUp();
  }

  start(): void {
    this.mirror.start();
    this.#keepTime();
    this.#reviewAt(after(this.#startedAt, this.#blindGraceMs()));
  }

  /** Ends the loop. A registration as a Stolon proxy stays as it is: it can be handed to another controller, or runs out. */
  async stop(): Promise<void> {
    this.#closed = true;
    this.#review?.cancel();
    this.#beat?.cancel();
    this.#ahead?.cancel();
    await Promise.all([this.mirror.close(), this.#prober?.close(), this.#registration?.detach()]);
  }

  /**
   * Before the end: as a registered Stolon proxy, lets go of the master and then deletes the registration, so that no failover waits for a router that
   * is gone. In this order: a record that is deleted while HAProxy still has sessions would let Stolon name a new master too early.
   */
  async release(): Promise<void> {
    const registration = this.#registration;
    if (registration === undefined || !this.releases) return;
    await registration.detach();
    const writes = new Set(writeBackends(this.spec));
    this.#desired = [...this.#desired.filter(({ backend }) => !writes.has(backend)), ...closedWrites(this.spec)];
    const lettingGo = new LettingGo(this.#o.clock, () => this.#o.holds([...writes]));
    this.#lettingGo = lettingGo;
    this.#o.publish();
    lettingGo.look();
    const why = await lettingGo.done;
    if (why === undefined) await this.#leave(registration);
    else this.#tellProxy(`the registration is left to run out, since HAProxy may still serve the master: ${why}`);
  }

  async #leave(registration: Registration): Promise<void> {
    const { uid } = registration.state();
    try {
      await registration.leave();
      this.#registration = undefined;
      this.#tellProxy(`the registration as proxy ${uid} is deleted, no failover waits for this router`);
      this.#o.onAlive();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#tellProxy(`the registration as proxy ${uid} could not be deleted and runs out by itself: ${why}`);
    }
  }

  /** A clean stop closes this cluster's write services first. */
  get releases(): boolean {
    const { source } = this.spec;
    return this.#registration !== undefined && source.kind === 'stolon' && source.onStop === 'release';
  }

  /** The registration, for the controller that comes after this one. */
  get registration(): Registration | undefined {
    return this.#registration;
  }

  /** A target has had a turn: it may have let go of what it held. */
  turned(): void {
    if (this.#lettingGo !== undefined) this.#lettingGo.look();
    else if (!this.#closed) this.#registration?.wake();
  }

  /** Until when HAProxy may serve each write service without a word from us. */
  watchdogDeadlines(): ReadonlyMap<string, Millis> {
    return watchdogDeadlines(this.spec, this.#registration);
  }

  /** The newest view with what the probes say; undefined until etcd has been read. */
  view(): ClusterView | undefined {
    const confirmedAt = this.mirror.snapshot()?.confirmedAt;
    if (this.#view === undefined || confirmedAt === undefined) return this.#view;
    return this.#laidOver(this.#view, confirmedAt);
  }

  #laidOver(records: ClusterView, confirmedAt: Millis): ClusterView {
    const view = withProbes(withConfirmation(records, confirmedAt), this.#prober?.readings() ?? new Map());
    return withRegistration(view, this.#registration?.state());
  }

  decision(): Decision | undefined {
    return this.#decision;
  }

  /** What the targets shall hold for this cluster. */
  desired(): readonly DesiredBackend[] {
    return this.#desired;
  }

  /**
   * Asked by a target right before it lets a server into a write service: does the newest decision name this member, on a view that a
   * linearizable read confirms? Either by one that was sent within the last 30 ms and after the leader was seen to be named, or by one that
   * is sent now. `restores`: the target held the server before under the same decision (a reload lost it); then a decision that stands
   * without etcd (grace, failsafe mode, pause) is enough.
   */
  authorize(open: Opened, restores: boolean): boolean | Promise<boolean> {
    const leadership = this.#view?.leadership;
    const confirmedAt = this.mirror.snapshot()?.confirmedAt;
    const provenAhead =
      leadership?.kind === 'held' &&
      confirmedAt !== undefined &&
      confirmedAt >= leadership.seenAt &&
      this.#o.clock.now() - confirmedAt <= PROVEN_AHEAD_MS;
    if (!this.#closed && provenAhead && this.#names(open)) {
      this.#refused = false;
      return true;
    }
    return this.#proveFor(open, restores);
  }

  async #proveFor(open: Opened, restores: boolean): Promise<boolean> {
    const proof = await this.mirror.prove(OPEN_PROOF_DEADLINE_MS);
    if (this.#closed) return false;
    this.#pass();
    const allowed = this.#names(open) && (proof.ok || restores);
    this.#refused = !allowed;
    return allowed;
  }

  #names(open: Opened): boolean {
    return (
      this.#decision?.services.some(
        ({ backend, verdicts }) =>
          backend === open.backend && verdicts.some(({ member, state }) => member === open.member && state === 'ready'),
      ) === true
    );
  }

  /** The first proof lets a fence go ahead. */
  #proveAhead(delayMs = PROVE_AHEAD_FIRST_MS): void {
    const view = this.#view;
    const waits = this.#decision?.services.some(
      ({ role, verdicts }) => role === 'primary' && !verdicts.some(({ state }) => state === 'ready'),
    );
    if (this.#closed || this.#ahead !== undefined || waits !== true || view?.leadership.kind !== 'held') return;
    const { clock } = this.#o;
    if (clock.now() - view.leadership.seenAt > PROVE_AHEAD_FOR_MS) return;
    this.#ahead = clock.after(delayMs, () => {
      this.#ahead = undefined;
      // Whether it succeeds is told by the mirror.
      void this.mirror.prove(OPEN_PROOF_DEADLINE_MS);
      this.#proveAhead(PROVE_AHEAD_EVERY_MS);
    });
  }

  #blindGraceMs(): number {
    const { grace, source } = this.spec;
    const most =
      BLIND_GRACE_MS[source.kind === 'patroni' ? 'patroni' : registers(this.spec) ? 'registered' : 'passive'];
    if (grace === 'auto') return most;
    return source.kind === 'patroni' ? grace : Math.min(most, grace);
  }

  #onMirror(change: MirrorChange): void {
    const { clock, journal } = this.#o;
    const now = clock.now();
    const { snapshot } = change;
    if (change.kind !== 'confirmed' || this.#records === undefined) {
      this.#records = sourceView(this.spec, this.prefix, snapshot, this.#records, now);
    }
    if (change.kind === 'relisted') {
      journal.add({
        kind: 'view',
        cluster: this.spec.name,
        revision: String(snapshot.revision),
        text: `${this.prefix} was listed anew (${change.why.replaceAll('_', ' ')})${change.historyLost ? '; values between the two lists are not known' : ''}`,
      });
    }
    if (change.kind === 'confirmed' && this.#changesNothing(now)) return;
    // A target that was refused for want of a proof is told again as soon as there is one.
    const again = change.kind === 'confirmed' && this.#refused;
    this.#pass();
    if (again) this.#o.publish();
  }

  #onReading(member: string, { latest }: ProbeState): void {
    const view = this.#view;
    const before = view === undefined ? undefined : memberOf(view, member)?.probe?.latest.kind;
    const awaited = this.#decision?.probeHard.includes(member) === true;
    // The same answer at leisure: its figures (positions, age) count at the next pass, at most a second from the last.
    if (latest.kind === before && !awaited && this.#o.clock.now() - this.#passedAt < FRESH_MS) return;
    this.#pass();
  }

  /** One more confirmation of a view that was decided on while it was fresh can only lead to the same decision. */
  #changesNothing(now: Millis): boolean {
    return (
      this.#view !== undefined &&
      now - this.#view.confirmedAt < FRESH_MS &&
      this.#confirmed &&
      !this.#refused &&
      this.#stall === undefined &&
      this.#decision?.probeHard.length === 0
    );
  }

  #pass(): void {
    if (this.#closed || this.#lettingGo !== undefined) return;
    const { clock, journal } = this.#o;
    const now = clock.now();
    const records = this.#records;
    if (records === undefined) {
      this.#passBlind(now);
      return;
    }
    const confirmedAt = this.mirror.snapshot()?.confirmedAt ?? records.confirmedAt;
    if (this.#awaitsFreshFacts(confirmedAt, now)) return;
    const view = this.#laidOver(records, confirmedAt);
    const decision = decide(view, this.spec, now);
    const before = { view: this.#view, decision: this.#decision };
    this.#passedAt = now;
    this.#view = view;
    this.#decision = decision;

    this.#prober?.watch(
      view.members.flatMap(({ name, address }) => (address === undefined ? [] : [{ name, address }])),
    );
    this.#prober?.hurry(decision.probeHard);
    const desired = desiredOf(decision, view);
    const changed = !sameDesired(desired, this.#desired);
    this.#desired = desired;
    if (changed) this.#o.publish();
    this.#registration?.wake();
    this.#proveAhead();

    const confirmed = now - confirmedAt < UNCONFIRMED_AFTER_MS;
    const turned = confirmed !== this.#confirmed;
    this.#confirmed = confirmed;
    journal.later(() => {
      this.#o.onPass(view, decision, now);
      const entries = [
        ...proxyChanges(before.view, view),
        ...changesBetween(before.view, view, before.decision, decision),
      ];
      return turned ? [...entries, confirmationChange(view, confirmed, now)] : entries;
    });
    const unconfirmedAt = confirmed ? after(confirmedAt, UNCONFIRMED_AFTER_MS) : undefined;
    this.#reviewAt(earliest(decision.reviewAt, unconfirmedAt));
  }

  #keepTime(): void {
    if (this.#closed) return;
    this.#noticeStall(this.#o.clock.now());
    this.#beat = this.#o.clock.after(BEAT_MS, () => this.#keepTime());
  }

  #noticeStall(now: Millis): void {
    const stoodMs = now - this.#beatAt;
    this.#beatAt = now;
    if (stoodMs < STALL_MS || this.#records === undefined) return;
    this.#stall = { endedAt: now, waitUntil: after(now, AFTER_STALL_MS) };
    this.#o.journal.add({
      kind: 'view',
      cluster: this.spec.name,
      text: `pgrouted itself stood still for ${Math.round(stoodMs)} ms; nothing is judged before etcd has been asked again`,
    });
  }

  /**
   * A process that was stopped (SIGSTOP, a paused machine) wakes up with its timers due and its sockets unread: the view looks
   * unconfirmed and the primary unproven, though both were never asked. Cutting clients for that would be harm.
   */
  #awaitsFreshFacts(confirmedAt: Millis, now: Millis): boolean {
    this.#noticeStall(now);
    if (this.#stall === undefined) return false;
    if (confirmedAt >= this.#stall.endedAt || now >= this.#stall.waitUntil || this.#stoodTooLong(confirmedAt, now)) {
      this.#stall = undefined;
      return false;
    }
    this.#reviewAt(this.#stall.waitUntil);
    return true;
  }

  /** Stolon may have gone on without a proxy that stood still for so long: then nothing is worth waiting for. */
  #stoodTooLong(confirmedAt: Millis, now: Millis): boolean {
    if (this.spec.source.kind !== 'stolon') return false;
    const state = this.#registration?.state();
    if (state === undefined) return now - confirmedAt >= BLIND_GRACE_MS.passive;
    return state.aliveAt === undefined || now - state.aliveAt >= state.timeoutMs;
  }

  #takeUp(): Registration | undefined {
    const { clock, log, client: store, registration, newUid } = this.#o;
    if (!registers(this.spec)) return undefined;
    const keeper = {
      store,
      look: () => (this.#view === undefined ? undefined : { view: this.#view, holds: this.#holds() }),
      onEvent: (event: RegistrationEvent) => this.#onRegistration(event),
    };
    if (registration === undefined) return new Registration({ prefix: this.prefix, keeper, clock, log, newUid });
    registration.attach(keeper);
    return registration;
  }

  #holds(): string | undefined {
    const writes = writeBackends(this.spec);
    const open = writes.find((backend) => !this.#desired.some((one) => one.backend === backend));
    return open === undefined ? this.#o.holds(writes) : `it is not decided yet what ${open} shall hold`;
  }

  #onRegistration(event: RegistrationEvent): void {
    const entry = registrationEntry(this.spec.name, this.#registration?.state().uid ?? '', event);
    if (entry !== undefined) this.#o.journal.add(entry);
    if (event.kind === 'acknowledged' || event.kind === 'renewed') {
      this.#o.onAlive();
      this.#pass();
    }
  }

  #tellProxy(text: string): void {
    this.#o.journal.add({ kind: 'proxy', cluster: this.spec.name, text });
  }

  #passBlind(now: Millis): void {
    const since = now - this.#startedAt;
    if (since < this.#blindGraceMs()) return;
    const desired = closedWrites(this.spec);
    if (sameDesired(desired, this.#desired)) return;
    this.#desired = desired;
    this.#o.publish();
    this.#o.journal.add({
      kind: 'view',
      cluster: this.spec.name,
      text: `etcd could not be read for ${Math.round(since / 1000)} s since the start: write services are closed, read services stay as they are`,
    });
  }

  #reviewAt(instant: Millis | undefined): void {
    this.#review?.cancel();
    if (instant === undefined || this.#closed) return;
    const { clock } = this.#o;
    this.#review = clock.after(Math.max(0, instant - clock.now()) + 1, () => this.#pass());
  }
}

function earliest(...instants: readonly (Millis | undefined)[]): Millis | undefined {
  return instants.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined);
}
