// A store in memory with etcd's promises as far as the fleet rests on them: transactions under conditions, leases that end on a clock and take their keys along.
import type { FleetCondition, FleetEntry, FleetStore, FleetWrite, FleetWritten } from '../src/fleet/store.ts';
import type { Clock } from '../src/model/clock.ts';
import { type Revision, revision } from '../src/model/units.ts';

export class MemoryStore implements FleetStore {
  readonly transactions: (readonly FleetWrite[])[] = [];
  readonly #clock: Clock;
  readonly #entries = new Map<string, FleetEntry>();
  readonly #leases = new Map<string, { readonly ttlMs: number; until: number }>();
  #revision = 100;
  #serial = 0;
  #failure: string | undefined;
  #loses = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is there now, without what has run out. */
  get entries(): ReadonlyMap<string, FleetEntry> {
    this.#expire();
    return this.#entries;
  }

  /** From now on every call fails so; undefined: none does. */
  fail(error: string | undefined): void {
    this.#failure = error;
  }

  /** The next transaction is done, and its answer lost. */
  loseAnswer(): void {
    this.#loses = true;
  }

  /** Somebody else writes. */
  put(key: string, value: string, lease = '0'): void {
    this.#revision += 1;
    this.#entries.set(key, { key, value, lease, modRevision: this.#now() });
  }

  async grantLease(ttlS: number): Promise<{ readonly lease: string }> {
    this.#check();
    this.#serial += 1;
    const ttlMs = ttlS * 1_000;
    this.#leases.set(String(this.#serial), { ttlMs, until: this.#clock.now() + ttlMs });
    return { lease: String(this.#serial) };
  }

  async keepLease(lease: string): Promise<boolean> {
    this.#check();
    const held = this.#leases.get(lease);
    if (held === undefined) return false;
    held.until = this.#clock.now() + held.ttlMs;
    return true;
  }

  async revokeLease(lease: string): Promise<void> {
    this.#check();
    this.#end(lease);
  }

  async write(writes: readonly FleetWrite[], conditions: readonly FleetCondition[]): Promise<FleetWritten> {
    this.#check();
    if (writes.length > 128 || conditions.length > 128) throw new Error('too many operations');
    const holds = conditions.every(
      ({ key, modRevision }) => (this.#entries.get(key)?.modRevision ?? 0n) === modRevision,
    );
    if (!holds) {
      const found = conditions.flatMap(({ key }) => this.#entries.get(key) ?? []);
      return { done: false, revision: this.#now(), found };
    }
    this.#revision += 1;
    this.transactions.push(writes);
    for (const write of writes) {
      if (write.type === 'delete') this.#entries.delete(write.key);
      else this.#entries.set(write.key, { ...write, modRevision: this.#now() });
    }
    if (this.#loses) {
      this.#loses = false;
      throw new Error('no answer');
    }
    return { done: true, revision: this.#now() };
  }

  #now(): Revision {
    return revision(this.#revision);
  }

  #check(): void {
    this.#expire();
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  #expire(): void {
    for (const [lease, { until }] of this.#leases) if (this.#clock.now() > until) this.#end(lease);
  }

  #end(lease: string): void {
    this.#leases.delete(lease);
    for (const [key, entry] of this.#entries) if (entry.lease === lease) this.#entries.delete(key);
  }
}
