// A store for tests of a fold: put, delete, expire, each at a revision of its own, each giving the next view.
import { type Millis, millis, revision } from '../src/model/units.ts';
import type { ClusterView } from '../src/model/view.ts';
import type { StoreEntry, StoreRecords } from '../src/store/entries.ts';

/** Changes of one revision: key below the prefix -> new value, undefined deletes. */
export type Changes = Readonly<Record<string, string | undefined>>;

export type Fold = (records: StoreRecords, before: ClusterView | undefined, now: Millis) => ClusterView;

export class StoreKeys {
  readonly #prefix: string;
  readonly #fold: Fold;
  readonly #entries = new Map<string, StoreEntry>();
  #revision = 10n;
  #now = 100_000;
  #view: ClusterView | undefined;

  /** The first view is that of these keys, each written at a revision of its own before anybody looked. */
  constructor(prefix: string, fold: Fold, keys: Readonly<Record<string, string>>) {
    this.#prefix = prefix;
    this.#fold = fold;
    for (const [key, value] of Object.entries(keys)) this.#apply({ [key]: value });
    this.#look();
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
    return this.#look();
  }

  /** Several revisions that are seen only as one new list. */
  unseen(...revisions: readonly Changes[]): ClusterView {
    for (const changes of revisions) this.#apply(changes);
    return this.#look();
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
    return this.#look();
  }

  #apply(changes: Changes): void {
    this.#revision += 1n;
    for (const [key, value] of Object.entries(changes)) {
      const full = this.#prefix + key;
      if (value === undefined) {
        this.#entries.delete(full);
        continue;
      }
      const createRevision = this.#entries.get(full)?.createRevision ?? revision(this.#revision);
      this.#entries.set(full, { value, modRevision: revision(this.#revision), createRevision, lease: '0' });
    }
  }

  #look(): ClusterView {
    const records = { revision: revision(this.#revision), confirmedAt: this.now, entries: new Map(this.#entries) };
    this.#view = this.#fold(records, this.#view, this.now);
    return this.#view;
  }
}
