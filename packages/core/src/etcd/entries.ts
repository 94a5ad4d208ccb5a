// The keys of a prefix as an immutable table in groups: a change copies the group that it touches and the list of groups, so that one key more or less
// among thousands costs little. No I/O; it knows nothing of revisions but what the values bear.
import type { KeyValue, WatchEvent } from './messages.ts';

type Group = ReadonlyMap<string, KeyValue>;

const nothing: Group = new Map();

/** Which group a key belongs to. */
export type Grouping = (key: string) => string;

/** All keys in one group: right for a prefix of one cluster. */
export const together: Grouping = () => '';

/** A group for each name that follows `prefix` in a key, up to the next slash. */
export const byName =
  (prefix: string): Grouping =>
  (key) => {
    const end = key.indexOf('/', prefix.length);
    return key.slice(prefix.length, end === -1 ? undefined : end);
  };

export class Entries {
  readonly size: number;
  readonly #grouping: Grouping;
  readonly #groups: ReadonlyMap<string, Group>;

  private constructor(grouping: Grouping, groups: ReadonlyMap<string, Group>, size: number) {
    this.#grouping = grouping;
    this.#groups = groups;
    this.size = size;
  }

  static of(grouping: Grouping, kvs: Iterable<KeyValue>): Entries {
    const groups = new Map<string, Map<string, KeyValue>>();
    let size = 0;
    for (const kv of kvs) {
      const name = grouping(kv.key);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, new Map([[kv.key, kv]]));
      else group.set(kv.key, kv);
      size += 1;
    }
    return new Entries(grouping, groups, size);
  }

  get(key: string): KeyValue | undefined {
    return this.#groups.get(this.#grouping(key))?.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The keys of one group: the very same map until one of them changes. */
  group(name: string): Group {
    return this.#groups.get(name) ?? nothing;
  }

  /** The names of the groups that have keys. */
  names(): IterableIterator<string> {
    return this.#groups.keys();
  }

  *values(): Generator<KeyValue, void> {
    for (const group of this.#groups.values()) yield* group.values();
  }

  /** All keys as one map: made for the asking unless there is but one group. */
  whole(): Group {
    const [first = nothing, ...others] = this.#groups.values();
    if (others.length === 0) return first;
    return new Map([...this.values()].map((kv) => [kv.key, kv]));
  }

  /** The table after these events. */
  after(events: readonly WatchEvent[]): Entries {
    const touched = new Map<string, Map<string, KeyValue>>();
    let { size } = this;
    for (const event of events) {
      const key = event.type === 'put' ? event.kv.key : event.key;
      const name = this.#grouping(key);
      const group = touched.get(name) ?? new Map(this.#groups.get(name));
      touched.set(name, group);
      size -= group.size;
      if (event.type === 'put') group.set(key, event.kv);
      else group.delete(key);
      size += group.size;
    }
    const groups = new Map(this.#groups);
    for (const [name, group] of touched) {
      if (group.size === 0) groups.delete(name);
      else groups.set(name, group);
    }
    return new Entries(this.#grouping, groups, size);
  }
}
