// This router as a proxy in Stolon's books. It writes what announcement.ts says: each proxyCheckInterval, at once for a new generation that HAProxy
// has let go for; and it remembers what etcd took. It never touches HAProxy and never decides.
//
//   unknown to Stolon ──first put──▶ alive ──put each proxyCheckInterval──▶ alive ──leave()──▶ deleted
//                                      └──no put for 2 x proxyTimeout: Stolon goes on without us (decide closes after one)
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { RegistrationState } from '../model/proxies.ts';
import { after, type Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { type Announcement, isAcknowledged, nextAnnouncement } from './announcement.ts';
import { ProxyRecordWriter, type ProxyStore } from './proxy-record.ts';

export type { ProxyStore } from './proxy-record.ts';

/** Who looks after the registration: it outlives the controller that a reload of the configuration replaces. */
export interface RegistrationKeeper {
  readonly store: ProxyStore;
  /**
   * The newest decided view, and why HAProxy has not let go of what that decision keeps out (undefined: it has). Undefined as a whole: nothing has
   * been decided yet.
   */
  readonly look: () => { readonly view: ClusterView; readonly holds: string | undefined } | undefined;
  /** etcd took or refused something: the state is another one. */
  readonly onEvent: (event: RegistrationEvent) => void;
}

export type RegistrationEvent =
  /** `sinceSeenMs`: from seeing the generation to etcd's answer. */
  | { readonly kind: 'acknowledged'; readonly generation: number; readonly sinceSeenMs: number }
  | { readonly kind: 'renewed' }
  /** The first failure of a row, and the end of it. */
  | { readonly kind: 'failing'; readonly error: string }
  | { readonly kind: 'working' };

export interface RegistrationOptions {
  /** The cluster's prefix, with a slash at the end. */
  readonly prefix: string;
  readonly keeper: RegistrationKeeper;
  readonly clock: Clock;
  readonly log: Log;
  /** 8 random hex digits. */
  readonly newUid: () => string;
}

/** Stolon's defaults, in force until a spec has been published (stolon v0.17.0). */
const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_CHECK_MS = 5_000;
const RETRY_MS = 250;
/** A put has ended after this long, with the lease that it needs and what it has to find out before. */
const PUT_WITHIN_MS = 20_000;

export class Registration {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #record: ProxyRecordWriter;
  readonly #startedAt: Millis;
  #keeper: RegistrationKeeper | undefined;
  #acknowledged: RegistrationState['acknowledged'];
  #aliveAt: Millis | undefined;
  #registeredAt: Millis | undefined;
  #wasEnabled = false;
  #timeoutMs = DEFAULT_TIMEOUT_MS;
  #checkMs = DEFAULT_CHECK_MS;
  #hindrance: string | undefined;
  /** The generation for which a lease was asked for in advance. */
  #preparedFor: string | undefined;
  #writing: Promise<void> | undefined;
  #writingSince: Millis | undefined;
  #again = false;
  #dueAt: Millis | undefined;
  #timer: Timer | undefined;
  #failing = false;

  constructor({ prefix, keeper, clock, log, newUid }: RegistrationOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#keeper = keeper;
    this.#record = new ProxyRecordWriter(prefix, keeper.store, clock, newUid);
    this.#startedAt = clock.now();
  }

  state(): RegistrationState {
    return {
      uid: this.#record.uid,
      startedAt: this.#startedAt,
      acknowledged: this.#acknowledged,
      aliveAt: this.#aliveAt,
      registeredAt: this.#registeredAt,
      wasEnabled: this.#wasEnabled,
      timeoutMs: this.#timeoutMs,
      hindrance: this.#hindrance,
    };
  }

  /** By when the put under way is to have ended, well or not; undefined: none is. */
  get dueAt(): Millis | undefined {
    if (this.#writing === undefined || this.#writingSince === undefined) return undefined;
    return after(this.#writingSince, PUT_WITHIN_MS);
  }

  /** Stolon may know of this proxy. */
  get mayBeKnown(): boolean {
    return this.#record.mayExist;
  }

  /** Another controller looks after it from now on. */
  attach(keeper: RegistrationKeeper): void {
    this.#keeper = keeper;
    this.#record.useStore(keeper.store);
    this.wake();
  }

  /** Stops renewing once the put under way is through; the record stays until it is taken up again, or its lease ends. */
  async detach(): Promise<void> {
    this.#keeper = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
  }

  /** Deletes the record: from then on no failover waits for us. Rejects when etcd is not known to have done it: then its lease ends it. */
  async leave(): Promise<void> {
    await this.detach();
    this.#acknowledged = undefined;
    this.#aliveAt = undefined;
    this.#registeredAt = undefined;
    this.#wasEnabled = false;
    await this.#record.delete();
  }

  /** To be called whenever the decided view, or what HAProxy holds, may have changed. */
  wake(): void {
    if (this.#writing !== undefined) {
      this.#again = true;
      return;
    }
    const given = this.#keeper?.look();
    if (given === undefined) return;
    const { view, holds } = given;
    this.#wasEnabled ||= view.proxies?.enabled.some(({ uid }) => uid === this.#record.uid) === true;
    // What was acknowledged before etcd was restored to an earlier state says nothing about what it holds now.
    if (this.#acknowledged !== undefined && view.revision < this.#acknowledged.viewRevision) {
      this.#acknowledged = undefined;
    }
    const next = nextAnnouncement(view, this.state(), holds);
    this.#hindrance = next.hindrance;
    this.#prepare(view);
    if (next.kind === 'nothing') return;
    const now = this.#clock.now();
    const due = this.#dueAt === undefined || now >= this.#dueAt;
    const atOnce = next.announcement.news && !this.#failing;
    if (atOnce || due) this.#write(next.announcement, view);
    else this.#sleep(now);
  }

  /** While HAProxy is still being fenced for a new generation, etcd grants the lease already. */
  #prepare(view: ClusterView): void {
    const { proxies } = view;
    if (proxies === undefined || isAcknowledged(view, this.state())) return;
    const generation = `${proxies.clusterUid} ${proxies.generation}`;
    if (generation === this.#preparedFor) return;
    this.#preparedFor = generation;
    this.#record.prepare(Math.max(this.#timeoutMs, proxies.proxyTimeoutMs));
  }

  #write(announcement: Announcement, view: ClusterView): void {
    this.#timer?.cancel();
    this.#again = false;
    this.#writingSince = this.#clock.now();
    this.#writing = this.#record.put(announcement.generation, announcement.timeoutMs).then(
      (sentAt) => this.#took(announcement, view, sentAt),
      (error: unknown) => this.#failed(error instanceof Error ? error.message : String(error)),
    );
  }

  #took({ acknowledges, generation, timeoutMs, news }: Announcement, { proxies }: ClusterView, sentAt: Millis): void {
    this.#writing = undefined;
    const unbroken = this.#aliveAt !== undefined && sentAt - this.#aliveAt < this.#timeoutMs;
    if (!unbroken) this.#registeredAt = sentAt;
    this.#aliveAt = sentAt;
    // As stolon-proxy does: the spec's value counts for ourselves as soon as a put was done, also when a greater one was published.
    this.#timeoutMs = proxies?.proxyTimeoutMs ?? timeoutMs;
    this.#checkMs = proxies?.checkIntervalMs ?? DEFAULT_CHECK_MS;
    this.#dueAt = after(sentAt, this.#checkMs);
    if (acknowledges !== undefined) {
      this.#acknowledged = { ...acknowledges, at: news ? sentAt : (this.#acknowledged?.at ?? sentAt) };
    }
    const worked = this.#failing;
    this.#failing = false;
    if (worked) this.#keeper?.onEvent({ kind: 'working' });
    const sinceSeenMs = this.#clock.now() - (proxies?.generationSeenAt ?? sentAt);
    this.#keeper?.onEvent(news ? { kind: 'acknowledged', generation, sinceSeenMs } : { kind: 'renewed' });
    this.#goOn();
  }

  #failed(error: string): void {
    this.#writing = undefined;
    this.#dueAt = after(this.#clock.now(), Math.min(RETRY_MS, this.#checkMs));
    if (!this.#failing) {
      this.#failing = true;
      this.#log.warn({ key: this.#record.key, err: error }, 'the registration as a Stolon proxy could not be written');
      this.#keeper?.onEvent({ kind: 'failing', error });
    }
    this.#goOn();
  }

  #goOn(): void {
    if (this.#again) this.wake();
    else this.#sleep(this.#clock.now());
  }

  #sleep(now: Millis): void {
    this.#timer?.cancel();
    if (this.#dueAt === undefined || this.#keeper === undefined) return;
    this.#timer = this.#clock.after(Math.max(1, this.#dueAt - now), () => this.wake());
  }
}
