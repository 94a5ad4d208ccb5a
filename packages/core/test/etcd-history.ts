// A model of etcd for property tests: a history of revisions, what was committed at each, and what watches and reads of it give.
import fc from 'fast-check';
import type { KeyValue, ResponseHeader, WatchEvent } from '../src/etcd/messages.ts';
import type { Reading } from '../src/etcd/prefix-view.ts';
import { millis, revision } from '../src/model/units.ts';

/** One revision: what it did to which keys of the prefix. Empty: a write elsewhere. */
type Change = readonly { readonly key: string; readonly remove: boolean }[];

export interface History {
  readonly head: number;
  /** The events of revision `at`, 1 being the first. */
  readonly events: (at: number) => readonly WatchEvent[];
  /** All keys as they were committed at revision `at`; 0: before anything. */
  readonly committed: (at: number) => ReadonlyMap<string, KeyValue>;
  /** A linearizable answer given at revision `at`. */
  readonly reading: (at: number, more?: Partial<ResponseHeader> & { readonly sentAt?: number }) => Reading;
}

export function historyOf(changes: readonly Change[]): History {
  const committed: ReadonlyMap<string, KeyValue>[] = [new Map()];
  const events: (readonly WatchEvent[])[] = [[]];
  for (const change of changes) {
    const at = revision(committed.length);
    const before = committed[committed.length - 1] ?? new Map<string, KeyValue>();
    const entries = new Map(before);
    const happened: WatchEvent[] = [];
    for (const { key, remove } of change) {
      if (remove) {
        if (entries.delete(key)) happened.push({ type: 'delete', key, modRevision: at });
      } else {
        const createRevision = entries.get(key)?.createRevision ?? at;
        const kv = { key, value: `${key}@${at}`, modRevision: at, createRevision, lease: '0' };
        entries.set(key, kv);
        happened.push({ type: 'put', kv });
      }
    }
    committed.push(entries);
    events.push(happened);
  }
  const at = (index: number) => committed[index] ?? new Map<string, KeyValue>();
  return {
    head: changes.length,
    events: (index) => events[index] ?? [],
    committed: at,
    reading: (index, { sentAt = index, ...header } = {}) => ({
      header: { clusterId: '1', memberId: '1', revision: revision(index), raftTerm: 1n, ...header },
      kvs: [...at(index).values()],
      sentAt: millis(sentAt),
    }),
  };
}

const keyChange = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), remove: fc.boolean() });
// Within one revision etcd lets each key change once.
const change = fc.uniqueArray(keyChange, { selector: ({ key }) => key, maxLength: 3 });

/** Histories of up to 25 revisions over four keys. */
export const histories: fc.Arbitrary<History> = fc.array(change, { minLength: 1, maxLength: 25 }).map(historyOf);

export const byKey = (entries: ReadonlyMap<string, KeyValue>): readonly KeyValue[] =>
  [...entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
