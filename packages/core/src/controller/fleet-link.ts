// The fleet as one etcd tells it: the mirror of the prefix, this router's own records, and the writes of overrides. One for each client and prefix; a new
// configuration makes another. Keeps no override itself.
import type { EtcdClient } from '../etcd/client.ts';
import { messageOf } from '../etcd/errors.ts';
import { EtcdMirror, type MirrorChange } from '../etcd/mirror.ts';
import { Announcer } from '../fleet/announcer.ts';
import { FleetBook, type FleetEvent, type OverrideChange } from '../fleet/book.ts';
import { fleetRange, overrideKey } from '../fleet/keys.ts';
import { type KnownOverride, momentOf, overrideText } from '../fleet/override-record.ts';
import type { RouterFacts, RouterSelf } from '../fleet/router-record.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Override } from '../model/override.ts';
import type { FleetSpec } from '../model/spec.ts';
import { revision } from '../model/units.ts';

export interface FleetLinkOptions {
  readonly client: EtcdClient;
  readonly spec: FleetSpec;
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly self: RouterSelf;
  readonly clusters: () => readonly string[];
  readonly facts: () => (cluster: string) => RouterFacts | undefined;
  readonly busy: () => boolean;
  /** The overrides of the fleet have been read, or are others than before. */
  readonly onOverrides: (book: FleetBook, changes: readonly OverrideChange[]) => void;
  /** Whether the fleet can be read, or this router registered, or under what name, may be another than before. */
  readonly onChange: () => void;
}

/** Overrides come by the watch; a proof only finds out what a watch has missed. */
const PROOF_INTERVAL_MS = 5_000;
/** The first look, and the look after a write of our own. */
const LOOK_MS = 1_000;
/** What was lifted is told to every router, then it goes. */
const TOMBSTONE_TTL_S = 10;

/** Undefined: etcd took it. Else why it did not, or why nobody knows. */
export type Refusal = string | undefined;

export class FleetLink {
  readonly book: FleetBook;
  readonly announcer: Announcer;
  readonly #o: FleetLinkOptions;
  readonly #mirror: EtcdMirror;
  #problem: string | undefined;
  #readOnce = false;

  constructor(o: FleetLinkOptions) {
    const { client, spec, clock, log, name, self } = o;
    this.#o = o;
    this.book = new FleetBook(spec.prefix);
    // What goes wrong here is told once, in words of the fleet: without rights on the prefix nothing else suffers.
    const quiet: Log = {
      ...log,
      debug: log.debug.bind(log),
      info: () => {},
      warn: () => {},
      error: log.error.bind(log),
    };
    this.#mirror = new EtcdMirror({
      client,
      prefix: fleetRange(spec.prefix),
      clock,
      log: quiet,
      proofIntervalMs: PROOF_INTERVAL_MS,
    });
    this.#mirror.onChange((change) => this.#onMirror(change));
    this.announcer = new Announcer({
      store: client,
      prefix: spec.prefix,
      clock,
      self,
      name,
      clusters: o.clusters,
      facts: o.facts,
      busy: o.busy,
      isTaken: (wanted) => this.book.isTaken(wanted, self.instance, o.clusters()),
      onChange: o.onChange,
    });
  }

  /** Resolves when the fleet has been read, or could not be within a second. Goes on in any case. */
  async start(): Promise<void> {
    this.#mirror.start();
    const first = await this.#mirror.prove(LOOK_MS);
    if (!first.ok) this.#problem = first.error;
    this.#o.onChange();
    this.announcer.start();
  }

  /** Whether etcd lets us read the prefix, and has done so. */
  get isRead(): boolean {
    return this.#readOnce;
  }

  /** Why it can't be read now; undefined: it can. */
  get problem(): string | undefined {
    return this.#mirror.status().error ?? this.#problem;
  }

  async put(cluster: string, override: Override): Promise<Refusal> {
    if (!this.#readOnce) return this.problem ?? 'the fleet has not been read yet';
    const { client, spec, clock } = this.#o;
    const key = overrideKey(spec.prefix, cluster, override.id);
    try {
      const leftMs = override.until === undefined ? undefined : override.until - clock.now();
      const lease =
        leftMs === undefined ? '0' : (await client.grantLease(Math.max(1, Math.ceil(leftMs / 1_000)))).lease;
      const put = { type: 'put' as const, key, value: overrideText(override), lease };
      const answer = await client.write([put], [{ key, modRevision: revision(0) }]);
      if (!answer.done) return `${key} exists already`;
    } catch (error) {
      return messageOf(error);
    }
    await this.#mirror.prove(LOOK_MS);
    return undefined;
  }

  /** Leaves a record of who took it back, which goes by itself. */
  async lift(cluster: string, { override, entry }: KnownOverride, by: string): Promise<Refusal> {
    const { client, clock, spec } = this.#o;
    const key = overrideKey(spec.prefix, cluster, override.id);
    try {
      const { lease } = await client.grantLease(TOMBSTONE_TTL_S);
      const value = overrideText(override, { by, at: clock.wall().toISOString() });
      const put = { type: 'put' as const, key, value, lease };
      const answer = await client.write([put], [{ key, modRevision: entry.modRevision }]);
      // Somebody else was faster: it is gone, or lifted, or another one; the mirror tells which.
      if (!answer.done && answer.found.length > 0) return `${key} has just been changed by somebody else`;
    } catch (error) {
      return messageOf(error);
    }
    await this.#mirror.prove(LOOK_MS);
    return undefined;
  }

  /** `leave`: this router's records are taken away, since it ends or is another one from now on. */
  async stop(leave: boolean): Promise<void> {
    await this.announcer.stop(leave);
    await this.#mirror.close();
  }

  #onMirror(change: MirrorChange): void {
    this.#problem = undefined;
    if (change.kind === 'confirmed') return;
    const first = !this.#readOnce;
    this.#readOnce = true;
    const changes =
      change.kind === 'relisted'
        ? this.book.replace(change.snapshot.entries.values(), momentOf(this.#o.clock))
        : this.book.apply(change.events.map(eventOf), momentOf(this.#o.clock));
    if (first || changes.length > 0) this.#o.onOverrides(this.book, changes);
  }
}

type MirrorEvent = Extract<MirrorChange, { readonly kind: 'events' }>['events'][number];

const eventOf = (event: MirrorEvent): FleetEvent =>
  event.type === 'put' ? { type: 'put', entry: event.kv } : { type: 'delete', key: event.key };
