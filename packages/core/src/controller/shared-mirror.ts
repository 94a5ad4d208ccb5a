// One mirror of a whole namespace in etcd for all clusters below it: one list, one watch on each etcd member, one proof every 250 ms, however many clusters
// there are. Each cluster sees its own part and is woken by events of that alone; a confirmation wakes only those that wait for one.
//
// What a cluster is told may wait for a moment where thousands are told something (slices.ts), and then comes as one; whoever asks how fresh a cluster's part is, or has
// it proven, is told first. So nobody takes a fresh proof for one of what was not told yet.
//
// A confirmation can't change what was decided on a view that was fresh, so most clusters never hear of it. What they must hear of is its absence: the mirror
// keeps one timer for all of them, set anew with each confirmation.
import type { EtcdClient } from '../etcd/client.ts';
import { byName } from '../etcd/entries.ts';
import type { EtcdError } from '../etcd/errors.ts';
import {
  EtcdMirror,
  type MirrorChange,
  type MirrorEvent,
  type MirrorSnapshot,
  type MirrorStatus,
} from '../etcd/mirror.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { after, type Millis } from '../model/units.ts';
import type { Attention, PrefixRecords } from './prefix-records.ts';
import { Slices } from './slices.ts';

export interface SharedMirrorOptions {
  readonly client: EtcdClient;
  /** Of all clusters, with a slash at the end; what follows it up to the next slash tells them apart. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The rights do not cover the prefix, and nothing was read yet: told once. */
  readonly onForbidden?: () => void;
}

/** A timer that comes so late says that we have too much to do. */
const LATE_MS = 50;
const ASKED_FOR_MS = 300;

type Listener = (change: MirrorChange) => void;

/** One cluster's part of it. */
interface Part {
  readonly name: string;
  readonly listeners: Set<Listener>;
  attention: Attention;
  onAged: () => void;
  /** The keys as they were told last. */
  told: MirrorSnapshot['entries'] | undefined;
  /** What is still to be told. */
  due: Exclude<MirrorChange, { kind: 'relisted' }> | undefined;
}

const keyOf = (event: MirrorEvent): string => (event.type === 'put' ? event.kv.key : event.key);

export class SharedMirror {
  readonly prefix: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #mirror: EtcdMirror;
  readonly #nameOf: (key: string) => string;
  readonly #parts = new Map<string, Set<Part>>();
  readonly #waiting = new Set<Part>();
  readonly #slices: Slices<Part>;
  readonly #onNames = new Set<(names: ReadonlySet<string>, all?: boolean) => void>();
  #started = false;
  #leastMs = Number.POSITIVE_INFINITY;
  #aging: Timer | undefined;

  constructor({ client, prefix, clock, log, onForbidden }: SharedMirrorOptions) {
    this.prefix = prefix;
    this.#clock = clock;
    this.#log = log;
    this.#nameOf = byName(prefix);
    this.#slices = new Slices(clock, (part) => this.#tellDue(part));
    let told = false;
    const onFailure = ({ code }: EtcdError) => {
      if (code !== 'forbidden' || told || this.#mirror.snapshot() !== undefined) return;
      told = true;
      onForbidden?.();
    };
    const ways = { grouping: this.#nameOf, proofBy: 'changes', onFailure } as const;
    this.#mirror = new EtcdMirror({ client, prefix, clock, log, ...ways });
    this.#mirror.onChange((change) => this.#onChange(change));
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#mirror.start();
  }

  async close(): Promise<void> {
    this.#aging?.cancel();
    this.#slices.stop();
    this.#parts.clear();
    this.#waiting.clear();
    this.#onNames.clear();
    await this.#mirror.close();
  }

  status(): MirrorStatus {
    return this.#mirror.status();
  }

  /** The names that have keys; undefined until the first list. */
  names(): readonly string[] | undefined {
    return this.#mirror.snapshot() === undefined ? undefined : this.#mirror.groups();
  }

  /** The keys of one cluster. */
  keys(name: string): MirrorSnapshot['entries'] {
    return this.#mirror.group(name);
  }

  /** Calls `listener` with the names whose keys have changed; `all`: of a list, nothing else is there. Returns how to stop. */
  onNames(listener: (names: ReadonlySet<string>, all?: boolean) => void): () => void {
    this.#onNames.add(listener);
    return () => this.#onNames.delete(listener);
  }

  /** The part of one cluster: closing it leaves the mirror as it is. */
  part(name: string): PrefixRecords {
    const part: Part = {
      name,
      listeners: new Set(),
      attention: { each: true, agesAfterMs: undefined },
      onAged: () => {},
      told: undefined,
      due: undefined,
    };
    const dueAt = (): Millis | undefined => this.#mirror.dueAt;
    return {
      get dueAt() {
        return dueAt();
      },
      start: () => {
        this.start();
        const parts = this.#parts.get(name) ?? new Set();
        this.#parts.set(name, parts.add(part));
        this.#waiting.add(part);
        const snapshot = this.#snapshotOf(part);
        if (snapshot !== undefined) this.#tell(part, { kind: 'relisted', why: 'start', snapshot, historyLost: false });
      },
      close: async () => {
        part.listeners.clear();
        this.#slices.drop(part);
        this.#waiting.delete(part);
        const parts = this.#parts.get(name);
        parts?.delete(part);
        if (parts?.size === 0) this.#parts.delete(name);
      },
      snapshot: () => {
        this.#slices.settle(part);
        return this.#snapshotOf(part);
      },
      confirmedAt: () => {
        this.#slices.settle(part);
        return this.#mirror.snapshot()?.confirmedAt;
      },
      onChange: (listener) => {
        part.listeners.add(listener);
        return () => part.listeners.delete(listener);
      },
      prove: async (deadlineMs) => {
        const result = await this.#mirror.prove(deadlineMs);
        this.#slices.settle(part);
        return result;
      },
      status: () => this.#mirror.status(),
      attend: (attention, onAged) => this.#attend(part, attention, onAged),
    };
  }

  #attend(part: Part, attention: Attention, onAged: () => void): void {
    part.attention = attention;
    part.onAged = onAged;
    if (attention.each) this.#waiting.add(part);
    else this.#waiting.delete(part);
    const { agesAfterMs } = attention;
    if (agesAfterMs === undefined || agesAfterMs >= this.#leastMs) return;
    this.#leastMs = agesAfterMs;
    this.#setAging();
  }

  #snapshotOf({ name }: Part): MirrorSnapshot | undefined {
    const whole = this.#mirror.snapshot();
    if (whole === undefined) return undefined;
    const { revision, confirmedAt, clusterId } = whole;
    return { revision, confirmedAt, clusterId, entries: this.#mirror.group(name) };
  }

  #onChange(change: MirrorChange): void {
    switch (change.kind) {
      case 'confirmed':
        for (const part of [...this.#waiting]) this.#soon(part, change);
        break;
      case 'events':
        this.#onEvents(change);
        return;
      case 'relisted':
        for (const parts of [...this.#parts.values()]) for (const part of [...parts]) this.#relisted(part, change);
        for (const listener of [...this.#onNames]) listener(new Set(this.#mirror.groups()), true);
    }
    this.#setAging();
  }

  #onEvents(change: Extract<MirrorChange, { kind: 'events' }>): void {
    const byCluster = new Map<string, MirrorEvent[]>();
    for (const event of change.events) {
      const name = this.#nameOf(keyOf(event));
      const events = byCluster.get(name);
      if (events === undefined) byCluster.set(name, [event]);
      else events.push(event);
    }
    for (const [name, events] of byCluster) {
      for (const part of [...(this.#parts.get(name) ?? [])]) this.#soon(part, { ...change, events });
    }
    const names = new Set(byCluster.keys());
    for (const listener of [...this.#onNames]) listener(names, false);
  }

  /** What was listed anew concerns a cluster only if it has other keys than before; else it is confirmed. */
  #relisted(part: Part, change: Extract<MirrorChange, { kind: 'relisted' }>): void {
    const now = this.#mirror.group(part.name);
    const same = part.told !== undefined && change.why !== 'cluster_changed' && change.why !== 'rewind';
    if (!same || !hasSame(part.told, now)) {
      this.#slices.drop(part);
      part.due = undefined;
      this.#pass(part, change);
    } else if (this.#waiting.has(part)) this.#soon(part, { kind: 'confirmed', snapshot: change.snapshot });
  }

  /** Now, or with what comes for the part until then. */
  #soon(part: Part, change: Exclude<MirrorChange, { kind: 'relisted' }>): void {
    const { due } = part;
    if (due?.kind === 'events') {
      part.due = change.kind === 'events' ? { ...change, events: [...due.events, ...change.events] } : due;
    } else part.due = change;
    this.#slices.want(part);
  }

  #tellDue(part: Part): void {
    const { due } = part;
    part.due = undefined;
    if (due !== undefined) this.#pass(part, due);
  }

  /** The change as the part sees it. */
  #pass(part: Part, change: MirrorChange): void {
    const snapshot = this.#snapshotOf(part);
    if (snapshot !== undefined) this.#tell(part, { ...change, snapshot });
  }

  #tell(part: Part, change: MirrorChange): void {
    part.told = change.snapshot.entries;
    for (const listener of [...part.listeners]) {
      try {
        listener(change);
      } catch (err) {
        // One cluster's mistake must not keep the others from their changes.
        this.#log.error({ err, prefix: this.prefix, cluster: part.name }, 'a listener to etcd changes has failed');
      }
    }
  }

  /** One timer for all: the first instant at which any of them minds that there was no confirmation. */
  #setAging(): void {
    this.#aging?.cancel();
    const confirmedAt = this.#mirror.snapshot()?.confirmedAt;
    if (confirmedAt === undefined || this.#leastMs === Number.POSITIVE_INFINITY) return;
    const waitMs = after(confirmedAt, this.#leastMs) - this.#clock.now();
    const dueAt = after(this.#clock.now(), Math.max(0, waitMs) + 1);
    this.#aging = this.#clock.after(Math.max(0, waitMs) + 1, () => void this.#agedAt(dueAt));
  }

  /** Where we were late ourselves the answer of the last proof may wait unread: etcd is asked first, since a thousand judgements would make us later still. */
  async #agedAt(dueAt: Millis): Promise<void> {
    if (this.#clock.now() - dueAt > LATE_MS) await this.#mirror.prove(ASKED_FOR_MS);
    this.#aged();
  }

  #aged(): void {
    const confirmedAt = this.#mirror.snapshot()?.confirmedAt;
    if (confirmedAt === undefined) return;
    const ageMs = this.#clock.now() - confirmedAt;
    const parts = [...this.#parts.values()].flatMap((some) => [...some]);
    for (const part of parts) {
      const { agesAfterMs } = part.attention;
      if (agesAfterMs === undefined || agesAfterMs > ageMs) continue;
      part.attention = { ...part.attention, agesAfterMs: undefined };
      part.onAged();
    }
    this.#leastMs = Math.min(
      Number.POSITIVE_INFINITY,
      ...parts.flatMap(({ attention: { agesAfterMs } }) => agesAfterMs ?? []),
    );
    this.#setAging();
  }
}

const hasSame = (a: MirrorSnapshot['entries'] | undefined, b: MirrorSnapshot['entries']): boolean =>
  a !== undefined && a.size === b.size && [...b].every(([key, kv]) => a.get(key)?.modRevision === kv.modRevision);
