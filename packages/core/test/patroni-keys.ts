// Patroni's keys for tests of the fold: put, delete, expire, each at a revision of its own, each giving the next view.

import { type Millis, millis, revision } from '../src/model/units.ts';
import type { ClusterView } from '../src/model/view.ts';
import { patroniView } from '../src/patroni/view.ts';
import type { StoreEntry } from '../src/store/entries.ts';

export const prefix = '/service/demo/';

export const record = (changes: object = {}): string =>
  JSON.stringify({
    conn_url: 'postgres://10.0.0.1:5432/postgres',
    state: 'running',
    role: 'replica',
    version: '4.1.4',
    xlog_location: 1_000,
    timeline: 1,
    ...changes,
  });

export const primaryRecord = (changes: object = {}): string => record({ role: 'primary', ...changes });

/** A cluster of n1 (leader), n2, n3, all sound. */
export const soundKeys: Readonly<Record<string, string>> = {
  initialize: '7710219912996130783',
  config: '{"ttl":30,"loop_wait":10,"retry_timeout":10}',
  leader: 'n1',
  status: '{"optime":1000}',
  'members/n1': primaryRecord(),
  'members/n2': record(),
  'members/n3': record(),
};

/** Changes of one revision: key below the prefix -> new value, undefined deletes. */
export type Changes = Readonly<Record<string, string | undefined>>;

export class Keys {
  readonly #entries = new Map<string, StoreEntry>();
  #revision = 10n;
  #now = 100_000;
  #view: ClusterView | undefined;

  /** The view after these keys were listed for the first time. */
  static listed(keys: Readonly<Record<string, string>> = soundKeys): Keys {
    const store = new Keys();
    for (const [key, value] of Object.entries(keys)) store.#apply({ [key]: value });
    store.#fold();
    return store;
  }

  get view(): ClusterView {
    if (this.#view === undefined) throw new Error('nothing listed yet');
    return this.#view;
  }

  get now(): Millis {
    return millis(this.#now);
  }

  get revision(): bigint {
    return this.#revision;
  }

  /** Time passes, nothing is written. */
  wait(ms: number): this {
    this.#now += ms;
    return this;
  }

  /** One revision, and the view that it gives. */
  put(changes: Changes): ClusterView {
    this.#apply(changes);
    return this.#fold();
  }

  /** Several revisions that are seen only as one new list. */
  unseen(...revisions: readonly Changes[]): ClusterView {
    for (const changes of revisions) this.#apply(changes);
    return this.#fold();
  }

  /** etcd is restored to a backup of `revisions` ago, in which these keys differ from now. */
  restored(revisions: number, changes: Changes): ClusterView {
    this.#apply(changes);
    this.#revision -= BigInt(revisions) + 1n;
    for (const [key, entry] of this.#entries) {
      if (entry.modRevision <= this.#revision) continue;
      this.#entries.set(key, {
        ...entry,
        modRevision: revision(this.#revision),
        createRevision: revision(this.#revision),
      });
    }
    return this.#fold();
  }

  #apply(changes: Changes): void {
    this.#revision += 1n;
    for (const [key, value] of Object.entries(changes)) {
      const full = prefix + key;
      if (value === undefined) {
        this.#entries.delete(full);
        continue;
      }
      const createRevision = this.#entries.get(full)?.createRevision ?? revision(this.#revision);
      this.#entries.set(full, { value, modRevision: revision(this.#revision), createRevision, lease: '0' });
    }
  }

  #fold(): ClusterView {
    const records = { revision: revision(this.#revision), confirmedAt: this.now, entries: new Map(this.#entries) };
    this.#view = patroniView('demo', prefix, records, this.#view, this.now);
    return this.#view;
  }
}
