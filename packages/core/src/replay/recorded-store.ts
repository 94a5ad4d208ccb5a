// etcd as the recording tells it: the keys at each step, all events of one revision applied together.
import { type Millis, millis, type Revision, revision } from '../model/units.ts';
import type { StoreEntry, StoreRecords } from '../store/entries.ts';
import type { RecordedChange, RecordedEvent } from './recorded-lines.ts';

/** What happens at one instant as one step: the first snapshot, one revision, or a change of confirmation. */
export interface Step {
  readonly atMs: number;
  readonly changes: readonly RecordedChange[];
  readonly confirmation: 'confirmed' | 'unconfirmed' | undefined;
}

/** Groups events into steps: the keys of the start are one, and so are all changes of one revision. In the order of time. */
export function stepsOf(events: Iterable<RecordedEvent>): readonly Step[] {
  const inTime = [...events].sort((a, b) => a.t_ms - b.t_ms);
  const steps: { atMs: number; changes: RecordedChange[]; confirmation: Step['confirmation'] }[] = [];
  let open: RecordedChange | undefined;
  for (const event of inTime) {
    if (!('key' in event)) {
      steps.push({ atMs: event.t_ms, changes: [], confirmation: event.type });
      open = undefined;
      continue;
    }
    const last = steps.at(-1);
    if (last !== undefined && open !== undefined && together(open, event)) last.changes.push(event);
    else steps.push({ atMs: event.t_ms, changes: [event], confirmation: undefined });
    open = event;
  }
  return steps;
}

function together(a: RecordedChange, b: RecordedChange): boolean {
  return (a.init === true && b.init === true) || (a.init === b.init && a.mod_revision === b.mod_revision);
}

export class RecordedStore {
  #entries: ReadonlyMap<string, StoreEntry> = new Map();
  #revision: Revision = revision(0);
  #confirmedAt: Millis = millis(0);
  #confirming = true;

  apply({ atMs, changes, confirmation }: Step): void {
    if (confirmation !== undefined) {
      this.#confirming = confirmation === 'confirmed';
      this.#confirmedAt = millis(atMs);
    }
    const entries = new Map(this.#entries);
    for (const change of changes) {
      const modRevision = revision(change.mod_revision);
      if (modRevision > this.#revision) this.#revision = modRevision;
      if (change.type === 'delete') {
        entries.delete(change.key);
        continue;
      }
      const was = entries.get(change.key);
      const createRevision = was === undefined && change.init !== true ? modRevision : was?.createRevision;
      entries.set(change.key, { value: change.value, modRevision, createRevision, lease: change.lease });
    }
    this.#entries = entries;
  }

  /** When the view was last confirmed: now, unless the recording says that etcd did not confirm it. */
  confirmedAt(now: Millis): Millis {
    if (this.#confirming) this.#confirmedAt = now;
    return this.#confirmedAt;
  }

  records(now: Millis): StoreRecords {
    return { revision: this.#revision, confirmedAt: this.confirmedAt(now), entries: this.#entries };
  }
}
