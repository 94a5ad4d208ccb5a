// What we know of one prefix of etcd, as an immutable value, and how it changes: by events of a watch and by linearizable reads.
// No I/O and no clock. The rules make any number of watch streams, in any interleaving, and reads that come late, lead to the committed state.
import type { Revision } from '../model/units.ts';
import { Entries, type Grouping } from './entries.ts';
import type { KeyValue, WatchEvent } from './messages.ts';

export interface PrefixState {
  /** All events of the prefix up to and including this revision are in. */
  readonly revision: Revision;
  readonly entries: Entries;
  /** Keys deleted lately, with the revision that did it, so that an older read of them is known to be older. */
  readonly gone: ReadonlyMap<string, Revision>;
}

/** What a linearizable read of the prefix gave: all of it, at one revision. With values or, for a proof, without. */
export interface Listing {
  readonly revision: Revision;
  readonly entries: ReadonlyMap<string, KeyValue>;
}

export const listingOf = (revision: Revision, kvs: readonly KeyValue[]): Listing => ({
  revision,
  entries: new Map(kvs.map((kv) => [kv.key, kv])),
});

export const stateOf = ({ revision, entries }: Listing, grouping: Grouping): PrefixState => ({
  revision,
  entries: Entries.of(grouping, entries.values()),
  gone: new Map(),
});

const modRevisionOf = (event: WatchEvent): Revision =>
  event.type === 'put' ? event.kv.modRevision : event.modRevision;

/** One revision's events and the state that they lead to. */
export interface Step {
  readonly events: readonly WatchEvent[];
  readonly state: PrefixState;
}

/**
 * The steps that a delivery of a watch stream leads to, one for each revision that is new. etcd sends the events of a stream in order, and
 * all of one revision in one delivery; other streams may have been quicker, so what is known already is passed over.
 */
export function stepsOf(state: PrefixState, events: readonly WatchEvent[]): readonly Step[] {
  const byRevision = new Map<Revision, WatchEvent[]>();
  for (const event of events) {
    const modRevision = modRevisionOf(event);
    if (modRevision <= state.revision) continue;
    const group = byRevision.get(modRevision);
    if (group === undefined) byRevision.set(modRevision, [event]);
    else group.push(event);
  }
  const steps: Step[] = [];
  let current = state;
  for (const [modRevision, group] of byRevision) {
    current = afterRevision(current, modRevision, group);
    steps.push({ events: group, state: current });
  }
  return steps;
}

function afterRevision(state: PrefixState, revision: Revision, events: readonly WatchEvent[]): PrefixState {
  return { revision, entries: state.entries.after(events), gone: goneAfter(state.gone, revision, events) };
}

function goneAfter(
  before: PrefixState['gone'],
  revision: Revision,
  events: readonly WatchEvent[],
): PrefixState['gone'] {
  if (before.size === 0 && events.every(({ type }) => type === 'put')) return before;
  const gone = new Map(before);
  for (const event of events) {
    if (event.type === 'put') gone.delete(event.kv.key);
    else gone.set(event.key, revision);
  }
  return gone;
}

/**
 * Whether the state agrees with a linearizable read. A key that changed after the read says nothing; each other key has to be there with
 * the same modRevision, or be missing on both sides.
 */
export function agrees(state: PrefixState, listing: Listing): boolean {
  for (const [key, { modRevision }] of listing.entries) {
    const ours = state.entries.get(key)?.modRevision ?? state.gone.get(key);
    if (ours === undefined) return false;
    if (ours <= listing.revision && (ours !== modRevision || !state.entries.has(key))) return false;
  }
  for (const { key, modRevision } of state.entries.values()) {
    if (modRevision <= listing.revision && !listing.entries.has(key)) return false;
  }
  return true;
}

/** The state after a read that agrees: nothing of ours lies between the two revisions, and older reads are of no more interest. */
export function confirmedBy(state: PrefixState, at: Revision): PrefixState {
  const revision = greaterOf(at, state.revision);
  if (revision === state.revision && state.gone.size === 0) return state;
  return { revision, entries: state.entries, gone: laterThan(state.gone, at) };
}

/** The state after a read with values that is believed: it decides for every key that has not changed since. */
export function mergedWith(state: PrefixState, listing: Listing, grouping: Grouping): PrefixState {
  const entries = new Map<string, KeyValue>();
  for (const kv of state.entries.values()) if (kv.modRevision > listing.revision) entries.set(kv.key, kv);
  for (const [key, kv] of listing.entries) {
    const later = (state.gone.get(key) ?? 0n) > listing.revision;
    if (!later && !entries.has(key)) entries.set(key, kv);
  }
  return {
    revision: greaterOf(listing.revision, state.revision),
    entries: Entries.of(grouping, entries.values()),
    gone: laterThan(state.gone, listing.revision),
  };
}

const laterThan = (gone: ReadonlyMap<string, Revision>, revision: Revision): ReadonlyMap<string, Revision> =>
  gone.size === 0 ? gone : new Map([...gone].filter(([, at]) => at > revision));

function greaterOf(one: Revision, other: Revision): Revision {
  if (one > other) return one;
  return other;
}
