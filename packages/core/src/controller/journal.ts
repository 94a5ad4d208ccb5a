// The journal: the ordered record of views, decisions, plans and faults, with times. Kept in memory, bounded; files are written by others
// who listen. It records, and never decides.
import type { Clock } from '../model/clock.ts';
import { explainReason, type Reason } from '../model/reason.ts';
import type { EventsDocument, JournalEntry, ReasonDocument } from '../status/schema.ts';

/** An entry before the journal has given it its number and its times. */
export type NewEntry = Omit<JournalEntry, 'seq' | 'at' | 'tMs'>;

export const reasonDocument = (reason: Reason): ReasonDocument => ({
  code: reason.code,
  text: explainReason(reason),
  facts: { ...reason.facts },
});

export class Journal {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #listeners = new Set<(entry: JournalEntry) => void>();
  #entries: JournalEntry[] = [];
  #lastSeq = 0;

  /** `limit`: how many entries stay in memory. */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  add(entry: NewEntry): JournalEntry {
    this.#lastSeq += 1;
    const full: JournalEntry = {
      seq: this.#lastSeq,
      at: this.#clock.wall().toISOString(),
      tMs: Math.round(this.#clock.now() * 1000) / 1000,
      ...entry,
    };
    this.#entries.push(full);
    // Cut in blocks: shifting a long array for each entry would cost more than the entry.
    if (this.#entries.length > this.#limit * 1.25) this.#entries = this.#entries.slice(-this.#limit);
    for (const listener of this.#listeners) listener(full);
    return full;
  }

  /** Entries after `afterSeq`, oldest first; the newest `limit` of them. */
  since(afterSeq: number, limit: number): EventsDocument {
    const oldest = this.#entries[0]?.seq ?? this.#lastSeq + 1;
    const wanted = this.#entries.filter((entry) => entry.seq > afterSeq);
    const entries = limit < wanted.length ? wanted.slice(wanted.length - limit) : wanted;
    return { entries, lastSeq: this.#lastSeq, lost: afterSeq + 1 < oldest && this.#lastSeq > afterSeq };
  }

  /** Calls `listener` with each new entry, at once and in order; returns how to stop. */
  onEntry(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
