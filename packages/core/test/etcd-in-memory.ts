// An etcd in memory, as the router's clients and mirrors show it: for tests of what is made of its keys. Confirmed every 250 ms on the test's clock; a prefix may be
// forbidden. How the real ones keep their promises is shown with a real etcd (integration/test/etcd-*.test.ts).
import { Entries, type Grouping, together } from '../src/etcd/entries.ts';
import { EtcdError } from '../src/etcd/errors.ts';
import type { KeyValue } from '../src/etcd/messages.ts';
import type {
  MirrorChange,
  MirrorEvent,
  MirrorSnapshot,
  MirrorStatus,
  ProofResult,
} from '../src/etcd/mirror-change.ts';
import type { Clock, Timer } from '../src/model/clock.ts';
import { type Revision, revision } from '../src/model/units.ts';

/** By its endpoint. */
const known = new Map<string, EtcdInMemory>();

export class EtcdInMemory {
  readonly endpoint = `http://memory${known.size}:2379`;
  readonly keys = new Map<string, KeyValue>();
  readonly mirrors = new Set<MemoryMirror>();
  /** Prefixes that may not be read as a whole; what is below them may. */
  readonly forbidden = new Set<string>();
  #revision = 1n;

  constructor() {
    known.set(this.endpoint, this);
  }

  get revision(): Revision {
    return revision(this.#revision);
  }

  put(key: string, value: string): void {
    this.#revision += 1n;
    const createRevision = this.keys.get(key)?.createRevision ?? this.revision;
    const kv = { key, value, modRevision: this.revision, createRevision, lease: '0' };
    this.keys.set(key, kv);
    this.#tell(key, { type: 'put', kv });
  }

  deleteBelow(prefix: string): void {
    for (const key of [...this.keys.keys()].filter((one) => one.startsWith(prefix))) {
      this.#revision += 1n;
      this.keys.delete(key);
      this.#tell(key, { type: 'delete', key, modRevision: this.revision });
    }
  }

  #tell(key: string, event: MirrorEvent): void {
    for (const mirror of [...this.mirrors]) if (key.startsWith(mirror.prefix)) mirror.tell(event);
  }
}

/** Takes the place of `EtcdClient`. */
export class MemoryClient {
  readonly etcd: EtcdInMemory;
  readonly members = [];

  constructor({ spec }: { readonly spec: { readonly endpoints: readonly string[] } }) {
    const etcd = known.get(spec.endpoints[0] ?? '');
    if (etcd === undefined) throw new Error('no such etcd');
    this.etcd = etcd;
  }

  async close(): Promise<void> {}
}

export interface MemoryMirrorOptions {
  readonly client: MemoryClient;
  readonly prefix: string;
  readonly clock: Clock;
  readonly grouping?: Grouping;
  readonly onFailure?: (error: EtcdError) => void;
}

/** Takes the place of `EtcdMirror`. */
export class MemoryMirror {
  readonly prefix: string;
  readonly #o: MemoryMirrorOptions;
  readonly #listeners = new Set<(change: MirrorChange) => void>();
  #entries: Entries | undefined;
  #confirmedAt: MirrorSnapshot['confirmedAt'] | undefined;
  #beat: Timer | undefined;

  constructor(o: MemoryMirrorOptions) {
    this.#o = o;
    this.prefix = o.prefix;
  }

  start(): void {
    this.#o.client.etcd.mirrors.add(this);
    this.#beat = this.#o.clock.after(0, () => this.#prove());
  }

  async close(): Promise<void> {
    this.#o.client.etcd.mirrors.delete(this);
    this.#beat?.cancel();
    this.#listeners.clear();
  }

  snapshot(): MirrorSnapshot | undefined {
    const { etcd } = this.#o.client;
    if (this.#entries === undefined || this.#confirmedAt === undefined) return undefined;
    return { revision: etcd.revision, confirmedAt: this.#confirmedAt, entries: this.#entries.whole(), clusterId: '1' };
  }

  group(name: string): ReadonlyMap<string, KeyValue> {
    return this.#entries?.group(name) ?? new Map();
  }

  groups(): readonly string[] {
    return [...(this.#entries?.names() ?? [])];
  }

  onChange(listener: (change: MirrorChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async prove(): Promise<ProofResult> {
    const { client, clock } = this.#o;
    if (this.#entries === undefined) return { ok: false, error: 'nothing was listed' };
    this.#confirmedAt = clock.now();
    this.#emit((snapshot) => ({ kind: 'confirmed', snapshot }));
    return { ok: true, at: clock.now(), revision: client.etcd.revision };
  }

  status(): MirrorStatus {
    const relists = { start: 1, compacted: 0, behind: 0, rewind: 0, cluster_changed: 0 };
    return { members: [], error: undefined, counters: { events: 0, proofs: 0, failedProofs: 0, relists } };
  }

  tell(event: MirrorEvent): void {
    if (this.#entries === undefined) return;
    this.#entries = this.#entries.after([event]);
    this.#emit((snapshot) => ({ kind: 'events', revision: snapshot.revision, events: [event], snapshot }));
  }

  #prove(): void {
    const { client, clock, grouping = together, onFailure } = this.#o;
    this.#beat = clock.after(250, () => this.#prove());
    if (client.etcd.forbidden.has(this.prefix)) {
      onFailure?.(new EtcdError('forbidden', 'etcdserver: permission denied'));
      return;
    }
    const first = this.#entries === undefined;
    this.#confirmedAt = clock.now();
    this.#entries ??= Entries.of(
      grouping,
      [...client.etcd.keys.values()].filter(({ key }) => key.startsWith(this.prefix)),
    );
    this.#emit((snapshot) =>
      first ? { kind: 'relisted', why: 'start', snapshot, historyLost: false } : { kind: 'confirmed', snapshot },
    );
  }

  #emit(changeOf: (snapshot: MirrorSnapshot) => MirrorChange): void {
    const snapshot = this.snapshot();
    if (snapshot !== undefined) for (const listener of [...this.#listeners]) listener(changeOf(snapshot));
  }
}
