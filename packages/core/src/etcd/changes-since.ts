// What the watches have told since the last proof, so that the next proof has to ask for no more than that: which keys were changed, at which revision, and
// how many keys there were then. No I/O and no clock.
//
// Why that proves the whole prefix: etcd answers, at one revision H, with the keys that were changed after the last proof (its revision P), and with the
// number of all keys. What was there at P was proven. A key that was put since shows up in the answer, whoever lost the event. A key that was deleted
// since and is not there at H makes the number smaller than what we hold, and a deletion that we were told of did happen: so if the keys that were put are
// the same and the numbers are equal, the deletions are the same too.
import type { Revision } from '../model/units.ts';
import type { KeyValue } from './messages.ts';
import type { Step } from './prefix-state.ts';

/** More than this between two proofs is not kept: then the whole prefix is compared. */
const MOST_EVENTS = 50_000;

interface Told {
  readonly revision: Revision;
  readonly puts: readonly KeyValue[];
  readonly removed: readonly string[];
  /** How many keys there were after it. */
  readonly size: number;
}

export class ChangesSince {
  #proven: { readonly revision: Revision; readonly size: number } | undefined;
  #told: Told[] = [];
  #events = 0;

  /** The revision after which changes have to be asked for; undefined: only the whole prefix proves anything. */
  get since(): Revision | undefined {
    return this.#proven?.revision;
  }

  /** The whole prefix was compared, or listed, at this revision. Later events, if there are any, are to be told anew. */
  restart(revision: Revision, size: number): void {
    this.#proven = { revision, size };
    this.#told = [];
    this.#events = 0;
  }

  /** What the watches brought; each revision once, in order. */
  tell({ state, events }: Step): void {
    if (this.#proven === undefined) return;
    this.#events += events.length;
    if (this.#events > MOST_EVENTS) {
      this.forget();
      return;
    }
    this.#told.push({
      revision: state.revision,
      puts: events.flatMap((event) => (event.type === 'put' ? [event.kv] : [])),
      removed: events.flatMap((event) => (event.type === 'delete' ? [event.key] : [])),
      size: state.entries.size,
    });
  }

  forget(): void {
    this.#proven = undefined;
    this.#told = [];
    this.#events = 0;
  }

  /** Whether an answer of revision `at` (`changed`: the keys that were put after `since` or later, `count`: of all) shows what we were told, and no more. */
  agrees(at: Revision, changed: readonly KeyValue[], count: number): boolean {
    const proven = this.#proven;
    if (proven === undefined || at < proven.revision) return false;
    const expected = new Map<string, Revision>();
    let { size } = proven;
    for (const told of this.#told) {
      if (told.revision > at) break;
      for (const key of told.removed) expected.delete(key);
      for (const { key, modRevision } of told.puts) expected.set(key, modRevision);
      size = told.size;
    }
    const shown = changed.filter(({ modRevision }) => modRevision > proven.revision);
    return (
      count === size &&
      shown.length === expected.size &&
      shown.every(({ key, modRevision }) => expected.get(key) === modRevision)
    );
  }

  /** An answer of revision `at` has agreed. */
  advance(at: Revision): void {
    if (this.#proven === undefined || at <= this.#proven.revision) return;
    const past = this.#told.filter(({ revision }) => revision <= at);
    this.#proven = { revision: at, size: past.at(-1)?.size ?? this.#proven.size };
    this.#told = this.#told.filter(({ revision }) => revision > at);
    this.#events = this.#told.reduce((sum, { puts, removed }) => sum + puts.length + removed.length, 0);
  }
}
