// One cluster: its feed, its loop and its part in Stolon's proxy protocol, tied together, and what others may ask of it. Judges nothing itself.
import type { EtcdClient } from '../etcd/client.ts';
import type { MirrorStatus } from '../etcd/mirror.ts';
import type { DesiredBackend } from '../haproxy/desired.ts';
import type { Clock } from '../model/clock.ts';
import type { Decision } from '../model/decision.ts';
import type { Log } from '../model/log.ts';
import { withRegistration } from '../model/overlay.ts';
import type { Override } from '../model/override.ts';
import { type Late, lateness } from '../model/progress.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { Millis, Revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import type { Registration } from '../stolon/registration.ts';
import { ClusterLoop } from './cluster-loop.ts';
import { closedWrites, readsOnMaster, withoutMaster } from './desired-of.ts';
import type { Feed } from './feed.ts';
import { type FeedOptions, feedOf } from './feed-of.ts';
import type { Journal } from './journal.ts';
import { memberStatuses, type Status } from './member-status.ts';
import { ProxyPart, type ReleaseWhen, writeBackends } from './proxy-part.ts';
import type { Heart } from './standstill.ts';
import { StatusMemory } from './status-memory.ts';

export interface ClusterControllerOptions {
  readonly spec: ClusterSpec;
  /** Undefined: no cluster is read from etcd. */
  readonly client: EtcdClient | undefined;
  /** The records below a prefix of etcd. Undefined: as `client`. */
  readonly records: FeedOptions['records'];
  readonly clock: Clock;
  /** Beats for all clusters together. */
  readonly heart: Heart;
  readonly log: Log;
  readonly journal: Journal;
  /** A member of which nothing younger is known is `unavailable` in the PgRoute66 lists. */
  readonly maxAgeMs: number;
  /** Operators' own words about this cluster, those that stand now. Undefined: not read yet; nothing is judged without them. */
  readonly overrides: () => readonly Override[] | undefined;
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
  readonly #o: ClusterControllerOptions;
  readonly #feed: Feed;
  readonly #loop: ClusterLoop;
  readonly #proxy: ProxyPart;
  readonly #statuses: StatusMemory;
  #refused = false;

  constructor(o: ClusterControllerOptions) {
    const { spec, client } = o;
    this.#o = o;
    this.spec = spec;
    this.#feed = feedOf({
      ...o,
      onNews: (note) => this.#loop.news(note),
      onConfirmed: () => this.#loop.confirmed(this.#refused),
      onReading: (member, state) => this.#loop.reading(member, state),
    });
    this.#loop = new ClusterLoop({ ...o, feed: this.#feed, proxy: () => this.#proxy });
    this.#statuses = new StatusMemory((now) => {
      const view = this.view();
      return view === undefined ? undefined : memberStatuses(spec, view, now, o.maxAgeMs);
    });
    const { prefix } = this.#feed;
    this.#proxy = new ProxyPart({
      ...o,
      store: client === undefined || prefix === undefined ? undefined : { client, prefix },
      registration: o.registration,
      decidedView: () => this.#loop.view,
      holds: () => this.#holds(),
      readsOnMaster: () => readsOnMaster(this.#loop.desired, this.#loop.leader),
      onAlive: () => {
        o.onAlive();
        this.#loop.pass();
      },
    });
  }

  start(): void {
    this.#feed.start();
    this.#loop.start();
  }

  /** Ends the loop. A registration as a Stolon proxy stays as it is: it can be handed to another controller, or runs out. */
  async stop(): Promise<void> {
    this.#loop.stop();
    await Promise.all([this.#feed.close(), this.#proxy.detach()]);
  }

  /** Before the end: as a registered Stolon proxy, closes the write services and leaves Stolon's books. */
  release(when: ReleaseWhen = 'configured'): Promise<void> {
    return this.#proxy.release(when, () =>
      this.#loop.override(withoutMaster(this.#loop.desired, this.spec, this.#loop.leader)),
    );
  }

  /** The cluster is gone: nothing is decided any more, and the write services are closed. `stop` is to follow when the targets have let go (`letGo`). */
  retire(): void {
    this.#loop.stop();
    this.#loop.override(closedWrites(this.spec));
  }

  /** No target holds anything in the write services but what is decided. */
  get letGo(): boolean {
    return this.#o.holds(writeBackends(this.spec)) === undefined;
  }

  /** Below which the cluster is read in etcd; undefined: it is not read from etcd. */
  get prefix(): string | undefined {
    return this.#feed.prefix;
  }

  /** The etcd members, as this cluster's feed sees them; undefined: it is not read from etcd. */
  get store(): MirrorStatus | undefined {
    return this.#feed.status();
  }

  /** What should have gone on by now, and did not. */
  late(now: Millis): readonly Late[] {
    const { name } = this.spec;
    return [
      lateness({ part: `the loop of cluster ${name}`, at: this.#loop.dueAt }, now),
      lateness({ part: `the reading of ${this.prefix}`, at: this.#feed.dueAt }, now),
      lateness({ part: `the registration of cluster ${name}`, at: this.#proxy.registration?.dueAt }, now),
    ].filter((late) => late !== undefined);
  }

  /** The part in Stolon's proxy protocol; without a registration for any other cluster. */
  get proxy(): Pick<ProxyPart, 'registration' | 'releases' | 'watchdogDeadlines'> {
    return this.#proxy;
  }

  /** The overrides are others than before. */
  overridden(): void {
    this.#loop.pass();
  }

  /** A target has had a turn: it may have let go of what it held. */
  turned(): void {
    if (!this.#loop.closed) this.#proxy.wake();
  }

  /** The newest view with what the probes say; undefined until something is known. */
  view(): ClusterView | undefined {
    const picture = this.#loop.view === undefined ? undefined : this.#feed.picture();
    return picture === undefined ? undefined : withRegistration(picture, this.#proxy.state());
  }

  decision(): Decision | undefined {
    return this.#loop.decision;
  }

  /** The newest decision and what follows from it, if it holds at this instant. `stalled`: this router stood still, and can't judge before it has asked again. */
  current(): { readonly decision: Decision; readonly desired: readonly DesiredBackend[] } | 'stalled' | undefined {
    if (!this.#loop.isCurrent()) return this.#loop.decision === undefined ? undefined : 'stalled';
    const { decision, desired } = this.#loop;
    return decision === undefined ? undefined : { decision, desired };
  }

  /** What the targets shall hold for this cluster. */
  desired(): readonly DesiredBackend[] {
    return this.#loop.desired;
  }

  /** PgRoute66's words for the members: the very same map until one of them changes, empty until something is known. */
  statuses(): ReadonlyMap<string, Status> {
    return this.#statuses.at(this.#loop.decision, this.#o.clock.now());
  }

  /** Something has been heard of every member: of its record, and, where PostgreSQL is asked, of that. */
  get known(): boolean {
    const { view } = this.#loop;
    if (view === undefined) return false;
    return (
      this.spec.probe === undefined ||
      view.members.every(({ address, probe }) => address === undefined || probe !== undefined)
    );
  }

  /** Of what revision the view is, and how old it may be at most; undefined until something is known. */
  freshness(): { readonly revision: Revision; readonly learntAt: Millis } | undefined {
    const learntAt = this.#feed.learntAt();
    const view = this.#loop.view;
    return view === undefined || learntAt === undefined ? undefined : { revision: view.revision, learntAt };
  }

  /** Asks the member's PostgreSQL; needs a probe. */
  query(member: string, text: string): Promise<QueryAnswer> {
    return this.#feed.query(member, text);
  }

  /**
   * Asked by a target right before it lets a server into a write service: does the newest decision name this member, on a view that is proven now
   * (feed.ts)? `restores`: the target held the server before under the same decision (a reload lost it); then a decision that stands without a proof
   * (grace, failsafe mode, pause; a primary that is silent for a moment) is enough.
   */
  authorize(open: Opened, restores: boolean): boolean | Promise<boolean> {
    if (!this.#loop.closed && this.#feed.isProven(this.#loop.view?.leadership) && this.#names(open)) {
      this.#refused = false;
      return true;
    }
    return this.#proveFor(open, restores);
  }

  async #proveFor(open: Opened, restores: boolean): Promise<boolean> {
    const proven = await this.#feed.prove(open.member);
    if (this.#loop.closed) return false;
    // What the proof brought has led to a pass of its own; a picture that was fresh and is confirmed once more is decided alike.
    this.#loop.confirmed(false);
    const allowed = this.#names(open) && (proven || restores);
    this.#refused = !allowed;
    if (!allowed) this.#loop.awaitConfirmation();
    return allowed;
  }

  #names(open: Opened): boolean {
    return (
      this.#loop.decision?.services.some(
        ({ backends, verdicts }) =>
          backends.includes(open.backend) &&
          verdicts.some(({ member, state }) => member === open.member && state === 'ready'),
      ) === true
    );
  }

  #holds(): string | undefined {
    const backends = this.#loop.desired.map(({ backend }) => backend);
    const open = writeBackends(this.spec).find((backend) => !backends.includes(backend));
    return open === undefined ? this.#o.holds(backends) : `it is not decided yet what ${open} shall hold`;
  }
}
