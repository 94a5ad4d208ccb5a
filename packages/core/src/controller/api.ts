// What a running router offers to those who ask: the HTTP API, metrics, logs. Answers come from memory and never wait for anything.
import type { EventsDocument, JournalEntry, StatusDocument } from '../status/schema.ts';

/** A member as the PgRoute66 lists name it. */
export interface MemberAnswer {
  readonly cluster: string;
  readonly member: string;
  readonly status: 'primary' | 'standby' | 'unavailable';
}

/** All that the PgRoute66 routes answer from, with the facts of their `X-Pgrouted-*` headers. */
export interface MembersAnswer {
  readonly members: readonly MemberAnswer[];
  /** Of the view; the oldest if several clusters are asked. Undefined: nothing was read yet. */
  readonly revision: string | undefined;
  /** Milliseconds since the (oldest) view was confirmed. */
  readonly ageMs: number | undefined;
  readonly source: string;
}

export interface RouterApi {
  status(): StatusDocument;
  /** Journal entries with a greater `seq`, oldest first, at most `limit` of the newest. */
  events(afterSeq: number, limit: number): EventsDocument;
  /** Calls `listener` with each new entry; returns how to stop. */
  onEvent(listener: (entry: JournalEntry) => void): () => void;
  /** Each configured write service has a server that a target holds ready now. */
  ready(): boolean;
  members(): MembersAnswer;
}
