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
import type { StoredClusterSpec } from '../model/spec.ts';
import { after, type Millis, millis } from '../model/units.ts';
import { type ClusterView, memberOf } from '../model/view.ts';
import { Prober } from '../postgres/probe.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import { decide } from '../routing/decide.ts';
import { FRESH_MS } from '../routing/limits.ts';
import { sourcePrefix, sourceView } from '../source/source.ts';
import type { Registration } from '../stolon/registration.ts';
import { changesBetween, confirmationChange } from './changes.ts';
import { closedWrites, desiredOf, readsOnMaster, sameDesired, withoutMaster } from './desired-of.ts';
import type { Journal } from './journal.ts';
import { proxyChanges } from './proxy-entries.ts';
import { ProxyPart, type ReleaseWhen, registers, writeBackends } from './proxy-part.ts';
import { Standstill } from './standstill.ts';

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
/** Without a proof for this long the journal says that the view is not confirmed. The proof runs every 250 ms. */
const UNCONFIRMED_AFTER_MS = 1_500;

export interface ClusterControllerOptions {
  readonly spec: StoredClusterSpec;
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
  readonly spec: StoredClusterSpec;
  readonly prefix: string;
  readonly mirror: EtcdMirror;
  readonly #o: ClusterControllerOptions;
  readonly #prober: Prober | undefined;
  readonly #proxy: ProxyPart;
  readonly #standstill: Standstill;
  readonly #startedAt: Millis;
  #records: ClusterView | undefined;
  #view: ClusterView | undefined;
  #decision: Decision | undefined;
  #desired: readonly DesiredBackend[] = [];
  #review: Timer | undefined;
  #ahead: Timer | undefined;
  #passedAt = millis(Number.NEGATIVE_INFINITY);
  #confirmed = true;
  #refused = false;
  #closed = false;

  constructor(o: ClusterControllerOptions) {
    const { spec, client, clock, log } = o;
    this.#o = o;
    this.spec = spec;
    this.prefix = sourcePrefix(spec.source);
    this.mirror = new EtcdMirror({ client, prefix: this.prefix, clock, log });
    this.mirror.onChange((change) => this.#onMirror(change));
    this.#startedAt = clock.now();
    this.#standstill = new Standstill(clock, (stoodMs) => this.#stood(stoodMs));
    this.#prober =
      spec.probe === undefined
        ? undefined
        : new Prober({ spec: spec.probe, clock, log, onReading: (member, state) => this.#onReading(member, state) });
    this.#proxy = new ProxyPart({
      ...o,
      prefix: this.prefix,
      store: client,
      registration: o.registration,
      decidedView: () => this.#view,
      holds: () => this.#holds(),
      readsOnMaster: () => readsOnMaster(this.#desired, this.#master()),
      onAlive: () => {
        o.onAlive();
        this.#pass();
      },
    });
  }

  start(): void {
    this.mirror.start();
    this.#standstill.start();
    this.#reviewAt(after(this.#startedAt, this.#blindGraceMs()));
  }

  /** Ends the loop. A registration as a Stolon proxy stays as it is: it can be handed to another controller, or runs out. */
  async stop(): Promise<void> {
    this.#closed = true;
    this.#review?.cancel();
    this.#standstill.stop();
    this.#ahead?.cancel();
    await Promise.all([this.mirror.close(), this.#prober?.close(), this.#proxy.detach()]);
  }

  /** Before the end: as a registered Stolon proxy, closes the write services and leaves Stolon's books. */
  release(when: ReleaseWhen = 'configured'): Promise<void> {
    return this.#proxy.release(when, () => {
      this.#desired = withoutMaster(this.#desired, this.spec, this.#master());
      this.#o.publish();
    });
  }

  /** The part in Stolon's proxy protocol; without a registration for any other cluster. */
  get proxy(): Pick<ProxyPart, 'registration' | 'releases' | 'watchdogDeadlines'> {
    return this.#proxy;
  }

  /** A target has had a turn: it may have let go of what it held. */
  turned(): void {
    if (!this.#closed) this.#proxy.wake();
  }

  /** The newest view with what the probes say; undefined until etcd has been read. */
  view(): ClusterView | undefined {
    const confirmedAt = this.mirror.snapshot()?.confirmedAt;
    if (this.#view === undefined || confirmedAt === undefined) return this.#view;
    return this.#laidOver(this.#view, confirmedAt);
  }

  #laidOver(records: ClusterView, confirmedAt: Millis): ClusterView {
    const view = withProbes(withConfirmation(records, confirmedAt), this.#prober?.readings() ?? new Map());
    return withRegistration(view, this.#proxy.state());
  }

  /** Asks the member's PostgreSQL; needs a probe. */
  async query(_member: string, _text: string): Promise<QueryAnswer> {
    return { ok: false, error: 'no probe is configured' };
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
      !this.#standstill.waiting &&
      this.#decision?.probeHard.length === 0
    );
  }

  #pass(): void {
    if (this.#closed || this.#proxy.releasing) return;
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
    this.#proxy.wake();
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

  #stood(stoodMs: number): void {
    if (this.#records === undefined) return;
    this.#o.journal.add({
      kind: 'view',
      cluster: this.spec.name,
      text: `pgrouted itself stood still for ${Math.round(stoodMs)} ms; nothing is judged before etcd has been asked again`,
    });
  }

  #awaitsFreshFacts(confirmedAt: Millis, now: Millis): boolean {
    this.#standstill.notice(now);
    // Stolon may have named another by now: then nothing is worth waiting for.
    if (this.#proxy.lostTouch(confirmedAt, BLIND_GRACE_MS.passive, now)) this.#standstill.forget();
    const until = this.#standstill.waitUntil(confirmedAt, now);
    if (until !== undefined) this.#reviewAt(until);
    return until !== undefined;
  }

  #master(): string | undefined {
    const leadership = this.#view?.leadership;
    return leadership?.kind === 'held' ? leadership.member : undefined;
  }

  #holds(): string | undefined {
    const writes = writeBackends(this.spec);
    const open = writes.find((backend) => !this.#desired.some((one) => one.backend === backend));
    const all = this.#desired.map(({ backend }) => backend);
    return open === undefined ? this.#o.holds(all) : `it is not decided yet what ${open} shall hold`;
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
