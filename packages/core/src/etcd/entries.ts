// The keys of a prefix as an immutable table in groups: a change copies the group that it touches and a small part of the list of groups, so that one key more
// or less among thousands costs little, and thousands of changes cost no more than so many. No I/O; it knows nothing of revisions but what the values bear.
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

/** The list of groups lies in so many parts. */
const PARTS = 64;

function partOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i += 1) hash = (hash * 31 + name.charCodeAt(i)) & 0xffffff;
  return hash % PARTS;
}

type Groups = readonly ReadonlyMap<string, Group>[];
const noGroups: Groups = Array.from({ length: PARTS }, () => new Map());

export class Entries {
  readonly size: number;
  readonly #grouping: Grouping;
  readonly #parts: Groups;

  private constructor(grouping: Grouping, parts: Groups, size: number) {
    this.#grouping = grouping;
    this.#parts = parts;
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
    return new Entries(grouping, withGroups(noGroups, groups), size);
  }

  get(key: string): KeyValue | undefined {
    return this.group(this.#grouping(key)).get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The keys of one group: the very same map until one of them changes. */
  group(name: string): Group {
    return this.#parts[partOf(name)]?.get(name) ?? nothing;
  }

  /** The names of the groups that have keys. */
  *names(): Generator<string, void> {
    for (const part of this.#parts) yield* part.keys();
  }

  *values(): Generator<KeyValue, void> {
    for (const group of this.#groups()) yield* group.values();
  }

  /** All keys as one map: made for the asking unless there is but one group. */
  whole(): Group {
    const [first = nothing, second] = this.#groups();
    if (second === undefined) return first;
    return new Map([...this.values()].map((kv) => [kv.key, kv]));
  }

  /** The table after these events. */
  after(events: readonly WatchEvent[]): Entries {
    const touched = new Map<string, Map<string, KeyValue>>();
    let { size } = this;
    for (const event of events) {
      const key = event.type === 'put' ? event.kv.key : event.key;
      const name = this.#grouping(key);
      const group = touched.get(name) ?? new Map(this.group(name));
      touched.set(name, group);
      size -= group.size;
      if (event.type === 'put') group.set(key, event.kv);
      else group.delete(key);
      size += group.size;
    }
    return new Entries(this.#grouping, withGroups(this.#parts, touched), size);
  }

  *#groups(): Generator<Group, void> {
    for (const part of this.#parts) yield* part.values();
  }
}

/** These groups in place of those of their names; an empty one is none. */
function withGroups(parts: Groups, groups: ReadonlyMap<string, Group>): Groups {
  const changed = new Map<number, Map<string, Group>>();
  for (const [name, group] of groups) {
    const index = partOf(name);
    const part = changed.get(index) ?? new Map(parts[index]);
    changed.set(index, part);
    if (group.size === 0) part.delete(name);
    else part.set(name, group);
  }
  return parts.map((part, index) => changed.get(index) ?? part);
}
