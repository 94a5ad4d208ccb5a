// The journal: the ordered record of views, decisions, plans and faults, with times. Kept in memory, bounded; files are written by others
// who listen. It records, and never decides.
import type { Clock, Timer } from '../model/clock.ts';
import { explainReason, type Reason } from '../model/reason.ts';
import type { Millis } from '../model/units.ts';
import type { EventsDocument, JournalEntry, ReasonDocument } from '../status/schema.ts';

/** An entry before the journal has given it its number and its times. */
export type NewEntry = Omit<JournalEntry, 'seq' | 'at' | 'tMs'>;

export const reasonDocument = (reason: Reason): ReasonDocument => ({
  code: reason.code,
  text: explainReason(reason),
  facts: { ...reason.facts },
});

/** What is written down waits this long, so that it never stands between an event and HAProxy. */
const WRITE_AFTER_MS = 5;

/** Of many entries so much is written at once, with a pause after it. */
const AT_ONCE_MS = 5;
const PAUSE_MS = 20;

/** When something happened, taken before it is written down. */
interface Stamp {
  readonly wall: Date;
  readonly now: Millis;
}

export class Journal {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #listeners = new Set<(entry: JournalEntry) => void>();
  #entries: JournalEntry[] = [];
  #lastSeq = 0;
  #waiting: { readonly stamp: Stamp; readonly entries: () => readonly NewEntry[] }[] = [];
  #timer: Timer | undefined;

  /** `limit`: how many entries stay in memory. */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  add(entry: NewEntry): void {
    this.later(() => [entry]);
  }

  /**
   * Entries about what happens now, put into words a few milliseconds later: in the order of the calls, with the time of the call. What
   * they rest on must not change meanwhile.
   */
  later(entries: () => readonly NewEntry[]): void {
    this.#waiting.push({ stamp: { wall: this.#clock.wall(), now: this.#clock.now() }, entries });
    this.#timer ??= this.#clock.after(WRITE_AFTER_MS, () => this.#writeSome());
  }

  /** A thousand clusters that switch at once have thousands of entries: what is to be done for them comes in between. */
  #writeSome(): void {
    this.#timer = undefined;
    const due = this.#waiting;
    this.#waiting = [];
    const from = this.#clock.now();
    let written = 0;
    try {
      for (const { stamp, entries } of due) {
        written += 1;
        for (const entry of entries()) this.#write(entry, stamp);
        if (this.#clock.now() - from >= AT_ONCE_MS) break;
      }
    } finally {
      this.#waiting = [...due.slice(written), ...this.#waiting];
      if (this.#waiting.length > 0) this.#timer ??= this.#clock.after(PAUSE_MS, () => this.#writeSome());
    }
  }

  /** Writes down at once what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const due = this.#waiting;
    this.#waiting = [];
    for (const { stamp, entries } of due) for (const entry of entries()) this.#write(entry, stamp);
  }

  /** Entries after `afterSeq`, oldest first; the newest `limit` of them. */
  since(afterSeq: number, limit: number): EventsDocument {
    this.flush();
    const oldest = this.#entries[0]?.seq ?? this.#lastSeq + 1;
    const wanted = this.#entries.filter((entry) => entry.seq > afterSeq);
    const entries = limit < wanted.length ? wanted.slice(wanted.length - limit) : wanted;
    return { entries, lastSeq: this.#lastSeq, lost: afterSeq + 1 < oldest && this.#lastSeq > afterSeq };
  }

  /** Calls `listener` with each new entry, in order; returns how to stop. */
  onEntry(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #write(entry: NewEntry, { wall, now }: Stamp): void {
    this.#lastSeq += 1;
    const full: JournalEntry = {
      seq: this.#lastSeq,
      at: wall.toISOString(),
      tMs: Math.round(now * 1000) / 1000,
      ...entry,
    };
    this.#entries.push(full);
    // Cut in blocks: shifting a long array for each entry would cost more than the entry.
    if (this.#entries.length > this.#limit * 1.25) this.#entries = this.#entries.slice(-this.#limit);
    for (const listener of this.#listeners) listener(full);
  }
}
