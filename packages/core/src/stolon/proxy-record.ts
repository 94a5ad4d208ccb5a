// This router's record `proxies/info/<uid>` in etcd: one put at a time, each with a new infoUID and a new lease (as stolon-proxy 0.17.0 does: the
// sentinel sees life by the infoUID), and each only on top of the one before, so that a late put never undoes a later one.
import type { Clock } from '../model/clock.ts';
import { type Millis, type Revision, revision } from '../model/units.ts';
import { proxyInfoJson } from './proxy-info.ts';

/** The part of an etcd client that is needed here. All reject when etcd does not do it, or when it is not known whether it did. */
export interface ProxyStore {
  grantLease(ttlS: number): Promise<{ readonly lease: string }>;
  write(
    writes: readonly ProxyWrite[],
    conditions: readonly { readonly key: string; readonly modRevision: Revision }[],
  ): Promise<
    | { readonly done: true; readonly revision: Revision }
    | { readonly done: false; readonly found: readonly { readonly modRevision: Revision }[] }
  >;
}

export type ProxyWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease: string }
  | { readonly type: 'delete'; readonly key: string };

/** Stolon's floor for every lease. */
const MIN_TTL_S = 20;
/** A lease that was granted in advance is used within this time, so that it lasts as long as it should from the put on. */
const LEASE_KEEPS_MS = 1_000;
/** A record that is found changed is taken as it is and written over, this often for one put. */
const ATTEMPTS = 3;

interface Lease {
  readonly ttlS: number;
  readonly at: Millis;
  readonly id: Promise<string>;
}

export class ProxyRecordWriter {
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #newUid: () => string;
  #store: ProxyStore;
  #uid: string;
  #sent = false;
  /** Of our record as etcd last told; 0: there is none. */
  #revision: Revision = revision(0);
  #lease: Lease | undefined;

  /** `prefix`: the cluster's, with a slash at the end. `newUid`: 8 random hex digits. */
  constructor(prefix: string, store: ProxyStore, clock: Clock, newUid: () => string) {
    this.#prefix = prefix;
    this.#store = store;
    this.#clock = clock;
    this.#newUid = newUid;
    this.#uid = newUid();
  }

  get uid(): string {
    return this.#uid;
  }

  /** A put was sent, whether or not its answer came: the record may be there. */
  get mayExist(): boolean {
    return this.#sent;
  }

  get key(): string {
    return `${this.#prefix}proxies/info/${this.#uid}`;
  }

  /** Another client of the same etcd. */
  useStore(store: ProxyStore): void {
    this.#store = store;
    this.#lease = undefined;
  }

  /** Has a lease granted for a put that will come within the second, so that this put takes one round trip. */
  prepare(timeoutMs: number): void {
    this.#lease = this.#grant(ttlOf(timeoutMs));
  }

  /** Resolves with the instant at which the put that etcd took was sent. Rejects when it is not known to be done; the next put finds out. */
  async put(generation: number, timeoutMs: number): Promise<Millis> {
    const lease = await this.#takeLease(ttlOf(timeoutMs));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const value = proxyInfoJson({ infoUid: this.#newUid(), uid: this.#uid, generation, timeoutMs });
      const first = !this.#sent;
      this.#sent = true;
      const sentAt = this.#clock.now();
      const written = await this.#store.write(
        [{ type: 'put', key: this.key, value, lease }],
        [{ key: this.key, modRevision: this.#revision }],
      );
      if (written.done) {
        this.#revision = written.revision;
        return sentAt;
      }
      const found = written.found[0]?.modRevision;
      // Another proxy has this uid already, before we ever wrote it: take another.
      if (first && found !== undefined) this.#uid = this.#newUid();
      else this.#revision = found ?? revision(0);
    }
    throw new Error(`${this.key} is being written by somebody else`);
  }

  /** Deletes the record, if there may be one. Rejects when etcd is not known to have done it: then its lease ends it. */
  async delete(): Promise<void> {
    if (!this.#sent) return;
    await this.#store.write([{ type: 'delete', key: this.key }], []);
    this.#revision = revision(0);
    this.#sent = false;
  }

  #takeLease(ttlS: number): Promise<string> {
    const prepared = this.#lease;
    this.#lease = undefined;
    const fits = prepared?.ttlS === ttlS && this.#clock.now() - prepared.at < LEASE_KEEPS_MS;
    return fits ? prepared.id : this.#grant(ttlS).id;
  }

  #grant(ttlS: number): Lease {
    const id = this.#store.grantLease(ttlS).then(({ lease }) => lease);
    // Whoever takes it hears of a failure; one that nobody takes is no loss.
    id.catch(() => {});
    return { ttlS, at: this.#clock.now(), id };
  }
}

/** Stolon: max(2 x proxyTimeout, 20 s), in whole seconds. */
const ttlOf = (timeoutMs: number): number => Math.max(MIN_TTL_S, Math.ceil((2 * timeoutMs) / 1_000));
