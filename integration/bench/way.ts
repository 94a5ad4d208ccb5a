// Where the time goes between "PostgreSQL takes writes" and the first write through pgrouted: its own journal, the observer of HAProxy and the
// writer laid on one line. Pure.
import type { JournalEntry } from '@pgrouted/core/status/schema';
import type { Observed, Switched } from './outcome.ts';

/** Milliseconds after the independent witness had read that the new PostgreSQL takes writes; null: not seen. */
export interface Way {
  /** pgrouted's own probe said so (journal, whole milliseconds). */
  readonly provenMs: number | null;
  /** pgrouted had read back that HAProxy lets the new server in (journal, whole milliseconds). */
  readonly openedMs: number | null;
  /** The observer read from HAProxy that the new server is in rotation. */
  readonly inRotationMs: number | null;
  /** The writer began the try that led to the first write. */
  readonly tryBeganMs: number | null;
  readonly firstWriteMs: number | null;
}

/** `journal`: the entries of this switch. `toInstant` turns a time of day (milliseconds since 1970) into an instant of `nowMs`. */
export function wayOf(
  { to, beganAt, writableAt }: Switched,
  journal: readonly JournalEntry[],
  observed: Observed,
  toInstant: (wallMs: number) => number,
): Way {
  const entry = (matches: (entry: JournalEntry) => boolean): number | null => {
    const found = journal.findLast((candidate) => candidate.member === to && matches(candidate));
    return found === undefined ? null : toInstant(Date.parse(found.at)) - writableAt;
  };
  const since = (instant: number | undefined): number | null => (instant === undefined ? null : instant - writableAt);
  const first = observed.attempts.find(
    ({ outcome, endedAt }) => endedAt >= beganAt && outcome.kind === 'committed' && outcome.server === to,
  );
  return {
    provenMs: entry(({ kind, to: said }) => kind === 'probe' && said === 'primary'),
    openedMs: entry(({ kind, service }) => kind === 'opened' && service === 'primary'),
    inRotationMs: since(
      observed.changes?.find(({ receivedAt, ready }) => receivedAt >= beganAt && ready.includes(to))?.receivedAt,
    ),
    tryBeganMs: since(first?.beganAt),
    firstWriteMs: since(first?.endedAt),
  };
}
