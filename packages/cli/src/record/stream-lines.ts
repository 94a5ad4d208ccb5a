// What a mirror of etcd tells, as the lines of a recorded stream:
//   {t_ms,type:"put"|"delete",key,value,lease,mod_revision}   keys present at the start first, with t_ms 0 and init:true
//   {t_ms,type:"unconfirmed"|"confirmed"}                     the proof that the view is current was lost, is back
// Times are whole milliseconds since the first list. No I/O.
import type { KeyValue, MirrorChange, MirrorSnapshot } from '@pgrouted/core/etcd/mirror';
import type { Millis } from '@pgrouted/core/model/units';
import { redact } from './redact.ts';

export class StreamLines {
  #startedAt: Millis | undefined;
  #last: MirrorSnapshot | undefined;
  #unconfirmed = false;
  #events = 0;
  #gaps = 0;

  /** Events written so far, without the keys of the start. */
  get events(): number {
    return this.#events;
  }

  /** How often a new list had to take the place of events: values between may be missing from the recording. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Undefined until the first list. */
  get startedAt(): Millis | undefined {
    return this.#startedAt;
  }

  /** The lines for one change of the mirror. */
  change(change: MirrorChange, now: Millis): readonly string[] {
    const before = this.#last;
    this.#last = change.snapshot;
    switch (change.kind) {
      case 'relisted':
        if (before === undefined) return this.#start(change.snapshot, now);
        this.#gaps += 1;
        return this.#difference(before, change.snapshot, now);
      case 'events':
        return change.events.map((event) =>
          event.type === 'put' ? this.#put(event.kv, now) : this.#delete(event.key, event.modRevision, now),
        );
      case 'confirmed':
        return [];
    }
  }

  /**
   * The line for the proof being lost or back; none if it is as before. `unconfirmed` carries the time of the last proof, since that
   * is the instant from which on nothing is sure: it may stand behind younger lines.
   */
  confirmation(isConfirmed: boolean, confirmedAt: Millis, now: Millis): readonly string[] {
    if (this.#startedAt === undefined || isConfirmed !== this.#unconfirmed) return [];
    this.#unconfirmed = !isConfirmed;
    return [
      isConfirmed
        ? line({ t_ms: this.#time(now), type: 'confirmed' })
        : line({ t_ms: this.#time(confirmedAt), type: 'unconfirmed' }),
    ];
  }

  #start(snapshot: MirrorSnapshot, now: Millis): readonly string[] {
    this.#startedAt = now;
    return byRevision(snapshot.entries.values()).map((kv) =>
      line({ t_ms: 0, type: 'put', ...written(kv), init: true }),
    );
  }

  /** A new list after lost events: what has changed since, as if it had happened now. */
  #difference(before: MirrorSnapshot, after: MirrorSnapshot, now: Millis): readonly string[] {
    const gone = [...before.entries.keys()].filter((key) => !after.entries.has(key));
    const changed = byRevision(after.entries.values()).filter(
      (kv) => before.entries.get(kv.key)?.modRevision !== kv.modRevision,
    );
    return [...gone.map((key) => this.#delete(key, after.revision, now)), ...changed.map((kv) => this.#put(kv, now))];
  }

  #put(kv: KeyValue, now: Millis): string {
    this.#events += 1;
    return line({ t_ms: this.#time(now), type: 'put', ...written(kv) });
  }

  #delete(key: string, revision: bigint, now: Millis): string {
    this.#events += 1;
    return line({ t_ms: this.#time(now), type: 'delete', key, value: '', lease: '0', mod_revision: Number(revision) });
  }

  #time(now: Millis): number {
    return Math.max(0, Math.round(now - (this.#startedAt ?? now)));
  }
}

const written = ({ key, value, lease, modRevision }: KeyValue) => ({
  key,
  value: redact(value),
  lease,
  mod_revision: Number(modRevision),
});

function byRevision(entries: Iterable<KeyValue>): readonly KeyValue[] {
  return [...entries].sort((a, b) => Number(a.modRevision - b.modRevision) || (a.key < b.key ? -1 : 1));
}

const line = (fields: Readonly<Record<string, unknown>>): string => `${JSON.stringify(fields)}\n`;
