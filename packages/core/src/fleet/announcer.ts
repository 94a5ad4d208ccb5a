// This router in etcd, one record for each cluster under one lease: written when something in it changes, in batches, and kept alive in between. It never reads
// what the others say; who has its name it is told.
//
//   silent ──something to say──▶ collecting (200 ms, and while HAProxy is being told) ──▶ writing ──▶ resting ──something changed──▶ collecting
//                                                                                         └─refused─▶ waiting ──5 s──▶ writing
//   lease gone (etcd was away for longer than it lasts): everything is written anew
import type { Timer } from '../model/clock.ts';
import { type Revision, revision } from '../model/units.ts';
import type { AnnouncerOptions } from './announcer-options.ts';
import { routerKey } from './keys.ts';
import { type RouterFacts, readRouter, routerText } from './router-record.ts';
import type { FleetWrite, FleetWritten } from './store.ts';

export const LEASE_TTL_S = 15;
const KEEP_ALIVE_MS = 5_000;
const COLLAPSE_MS = 200;
/** A HAProxy that is told something for longer than this is waited for no more. */
const LONGEST_COLLAPSE_MS = 1_000;
/** etcd takes 128 operations in one transaction unless told otherwise (`--max-txn-ops`). */
const BATCH = 100;

interface Written {
  readonly text: string;
  readonly modRevision: Revision;
}

export class Announcer {
  readonly #o: AnnouncerOptions;
  readonly #written = new Map<string, Written>();
  readonly #dirty = new Set<string>();
  #name: string;
  #renamedAt: number | undefined;
  #lease: string | undefined;
  #error: string | undefined;
  /** What came of the last write: the name, or why not. */
  #told: string | undefined;
  #collecting: { readonly since: number; readonly timer: Timer } | undefined;
  #beat: Timer | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: AnnouncerOptions) {
    this.#o = options;
    this.#name = options.name;
  }

  /** What this router is called now: its name, or the name and a number where another bears it. */
  get name(): string {
    return this.#name;
  }

  /** For how long another has borne the name that this one was given; undefined: nobody does. */
  get renamedForMs(): number | undefined {
    return this.#renamedAt === undefined ? undefined : this.#o.clock.now() - this.#renamedAt;
  }

  /** Why it is not registered; undefined: it is, or it has not tried yet. */
  get error(): string | undefined {
    return this.#error;
  }

  get registered(): boolean {
    return this.#lease !== undefined && this.#error === undefined && this.#told === this.#name;
  }

  start(): void {
    this.look();
    this.#beatLater();
  }

  /** Something may be another than before: of these clusters, or of all. */
  look(clusters: Iterable<string> = this.#o.clusters()): void {
    for (const cluster of clusters) this.#dirty.add(cluster);
    this.#collect();
  }

  /** `leave`: the records are taken away; else they run out by themselves, unless the same process writes them again. */
  async stop(leave: boolean): Promise<void> {
    this.#closed = true;
    this.#beat?.cancel();
    this.#collecting?.timer.cancel();
    await this.#writing;
    const lease = this.#lease;
    this.#lease = undefined;
    if (!leave || lease === undefined) return;
    // With its keys it needs the rights to them; a lease that stays ends them all the same.
    await this.#o.store.revokeLease(lease).catch(() => {});
  }

  #collect(since = this.#o.clock.now()): void {
    if (this.#closed || this.#collecting !== undefined || this.#writing !== undefined) return;
    if (this.#dirty.size === 0) return;
    const timer = this.#o.clock.after(COLLAPSE_MS, () => {
      this.#collecting = undefined;
      const patient = this.#o.clock.now() - since < LONGEST_COLLAPSE_MS;
      if (patient && this.#o.busy()) this.#collect(since);
      else this.#write();
    });
    this.#collecting = { since, timer };
  }

  #write(): void {
    if (this.#closed || this.#writing !== undefined) return;
    this.#writing = this.#writeAll()
      .then(
        () => this.#settled(undefined),
        (error: unknown) => this.#settled(error instanceof Error ? error.message : String(error)),
      )
      .then(() => {
        this.#writing = undefined;
        // Refused: the next beat tries again.
        if (this.#error === undefined) this.#collect();
      });
  }

  #settled(error: string | undefined): void {
    const before = this.#told;
    this.#error = error;
    this.#told = error ?? this.#name;
    if (this.#told !== before) this.#o.onChange();
  }

  async #writeAll(): Promise<void> {
    this.#chooseName();
    const { store, prefix, clusters } = this.#o;
    this.#lease ??= (await store.grantLease(LEASE_TTL_S)).lease;
    const wanted = new Set(clusters().map((cluster) => routerKey(prefix, cluster, this.#name)));
    const gone = [...this.#written.keys()].filter((key) => !wanted.has(key));
    await this.#inBatches(gone, () => (key) => ({ type: 'delete', key }));
    const due = new Map([...this.#dirty].map((cluster) => [routerKey(prefix, cluster, this.#name), cluster]));
    await this.#inBatches([...due.keys()], () => {
      const factsOf = this.#o.facts();
      return (key) => this.#putOf(key, due.get(key) ?? '', factsOf);
    });
  }

  /** `begin`: before each batch; what it gives makes the writes, undefined where there is nothing to write. */
  async #inBatches(keys: readonly string[], begin: () => (key: string) => FleetWrite | undefined): Promise<void> {
    for (let at = 0; at < keys.length; at += BATCH) {
      const write = begin();
      const writes = keys.slice(at, at + BATCH).flatMap((key) => write(key) ?? []);
      if (writes.length > 0) await this.#writeBatch(writes);
    }
  }

  #putOf(key: string, cluster: string, factsOf: (cluster: string) => RouterFacts | undefined): FleetWrite | undefined {
    const facts = factsOf(cluster);
    this.#dirty.delete(cluster);
    if (facts === undefined || this.#lease === undefined) return undefined;
    const value = routerText(this.#o.self, facts);
    if (this.#written.get(key)?.text === value) return undefined;
    return { type: 'put', key, value, lease: this.#lease };
  }

  async #writeBatch(writes: readonly FleetWrite[]): Promise<void> {
    try {
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        const conditions = writes.map(({ key }) => ({ key, modRevision: this.#revisionOf(key) }));
        const answer = await this.#o.store.write(writes, conditions);
        if (answer.done) {
          for (const write of writes) {
            if (write.type === 'delete') this.#written.delete(write.key);
            else this.#written.set(write.key, { text: write.value, modRevision: answer.revision });
          }
          return;
        }
        this.#adopt(writes, answer);
      }
      throw new Error(`${writes[0]?.key ?? 'the record'} is being written by somebody else`);
    } catch (error) {
      this.#dirtyAll();
      throw error;
    }
  }

  /** Takes what stands in etcd for what was written last. Throws where another process stands there. */
  #adopt(writes: readonly FleetWrite[], { found }: Extract<FleetWritten, { readonly done: false }>): void {
    for (const { key } of writes) {
      const entry = found.find((one) => one.key === key);
      if (entry === undefined) {
        this.#written.delete(key);
        continue;
      }
      const record = readRouter(entry);
      // Lost a race for the name: whoever asks next time knows of the other.
      if (!record.ok || record.value.instance !== this.#o.self.instance)
        throw new Error(`${key} belongs to another router of this name`);
      this.#written.set(key, { text: entry.value, modRevision: entry.modRevision });
    }
  }

  #revisionOf(key: string): Revision {
    return this.#written.get(key)?.modRevision ?? revision(0);
  }

  #chooseName(): void {
    const { name: own, isTaken, clock, onChange } = this.#o;
    const before = this.#name;
    let name = own;
    for (let number = 2; isTaken(name); number += 1) name = `${own}-${number}`;
    this.#renamedAt = name === own ? undefined : (this.#renamedAt ?? clock.now());
    if (name === before) return;
    this.#name = name;
    this.#dirtyAll();
    onChange();
  }

  #dirtyAll(): void {
    for (const cluster of this.#o.clusters()) this.#dirty.add(cluster);
  }

  #beatLater(): void {
    this.#beat = this.#o.clock.after(KEEP_ALIVE_MS, () => {
      void this.#keepAlive().finally(() => {
        if (this.#closed) return;
        this.#beatLater();
        this.#o.onChange();
      });
    });
  }

  async #keepAlive(): Promise<void> {
    await this.#writing;
    const lease = this.#lease;
    try {
      if (lease !== undefined && !(await this.#o.store.keepLease(lease))) {
        this.#lease = undefined;
        this.#written.clear();
        this.#dirtyAll();
      }
    } catch (error) {
      this.#settled(error instanceof Error ? error.message : String(error));
      return;
    }
    // The name may be free again; what was refused is tried again.
    if (this.#name !== this.#o.name || this.#error !== undefined) this.#dirtyAll();
    if (this.#dirty.size > 0) this.#write();
  }
}
