// What a running router offers to those who ask: the HTTP API, metrics, logs. Answers come from memory and never wait for anything.
import type { ControlSpec } from '../config/config.ts';
import type { OverrideAction } from '../model/override.ts';
import type {
  EventsDocument,
  FleetDocument,
  JournalEntry,
  OverrideDocument,
  StatusDocument,
} from '../status/schema.ts';
import type { LineCheck } from './haproxy-check.ts';

export type { LineCheck } from './haproxy-check.ts';

/** A member as the PgRoute66 lists name it. */
export interface MemberAnswer {
  readonly cluster: string;
  readonly member: string;
  /** `unavailable` too where what is known is older than `http.max_age`. */
  readonly status: 'primary' | 'standby' | 'unavailable';
  /** The groups that it is in, without `all`. */
  readonly groups: readonly string[];
}

/** All that the PgRoute66 lists answer from. Asked for with each request, so it is the very same object as long as nothing in it changes. */
export interface MembersAnswer {
  readonly members: readonly MemberAnswer[];
  /** The kinds of sources, sorted, with a comma between them: `patroni, stolon`. */
  readonly source: string;
}

/** The facts of the `X-Pgrouted-*` headers. */
export interface Freshness {
  /** Of the view; the oldest if several clusters are asked. Undefined: nothing was read yet. */
  readonly revision: string | undefined;
  /** Milliseconds since the (oldest) view was confirmed; source `postgres`: since the oldest of the servers' last readings was asked for. */
  readonly ageMs: number | undefined;
}

/** What GET /v1/NAME/availability gives: how old the row that the primary's clock wrote is on that member. Texts are PgRoute66's (0.8). */
export type AvailabilityAnswer =
  | { readonly kind: 'ok' }
  /** Seconds, both. */
  | { readonly kind: 'exceeded'; readonly limit: number; readonly age: number }
  /** `text`: `invalid` for a name that nobody has, else what went wrong. */
  | { readonly kind: 'failed'; readonly text: string }
  /** It writes, and the configuration does not allow that. */
  | { readonly kind: 'not_allowed' };

/** A health check in Patroni's words (patroni/api.py, 4.1), for any member. */
export interface CheckQuestion {
  readonly member: string;
  /** What stands behind `/check/`: `primary`, `replica`, `read-only-sync`, ... */
  readonly kind: string;
  /** Query parameters as written; each key may come several times, the first one that is not empty counts. */
  readonly query: readonly (readonly [key: string, value: string])[];
}

export interface CheckAnswer {
  readonly status: 200 | 503;
  /** What the member is now, whatever was asked: may take writes, is a running standby, or neither of both. */
  readonly standing: 'primary' | 'standby' | 'neither';
  /** Why `status` is what it is, in a sentence; why nothing can be said where members of several clusters share the name and are not the same. */
  readonly reason: string;
  /** For people who look: what the member is, in Patroni's words. No secret. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What an operator asks for. Texts as they came; checked against what is known before anything is done. */
export interface OverrideRequest {
  /** May be left out where there is one cluster only. */
  readonly cluster: string | undefined;
  readonly member: string;
  /** Undefined: in all services of the cluster. */
  readonly service: string | undefined;
  readonly action: OverrideAction;
  readonly owner: string;
  readonly reason: string;
  /** Undefined: until it is lifted. `at`: ISO 8601. */
  readonly ends: { readonly forMs: number } | { readonly at: string } | undefined;
}

export type OverrideAnswer =
  /** Set, or lifted. `why` it is for this router alone; undefined: the fleet has it. */
  { readonly kind: 'done'; readonly override: OverrideDocument; readonly why: string | undefined } | OverrideRefusal;

/** `unknown`: there is no such cluster, member, service or override. `unfit`: it can't be meant. `unavailable`: not now. */
export interface OverrideRefusal {
  readonly kind: 'refused';
  readonly as: 'unknown' | 'unfit' | 'unavailable';
  readonly error: string;
  readonly remedy: string;
}

export interface RouterApi {
  status(): StatusDocument;
  /** Journal entries with a greater `seq`, oldest first, at most `limit` of the newest. */
  events(afterSeq: number, limit: number): EventsDocument;
  /** Calls `listener` with each new entry; returns how to stop. */
  onEvent(listener: (entry: JournalEntry) => void): () => void;
  /** Each configured write service has a server that a target holds ready now. Where no service is configured: something is known of each cluster. */
  ready(): boolean;
  /**
   * For a moment after a start or a new configuration not enough is known to answer for members: resolves when it is, after a second at the latest.
   * Undefined: answers are good now.
   */
  settling(): Promise<void> | undefined;
  members(): MembersAnswer;
  freshness(): Freshness;
  /** Undefined: there is no such member (or several clusters have one, and the answers differ). */
  check(question: CheckQuestion): CheckAnswer | undefined;
  /** For HAProxy's own check: would this server line be set ready now, on what can be proven now? Cheap enough for hundreds of questions in a second. */
  checkLine(backend: string, server: string): LineCheck;
  /** `limitS`: seconds. Waits for PostgreSQL, but never longer than the probe's connect_timeout a server. */
  availability(member: string, limitS: number): Promise<AvailabilityAnswer>;
  /** Who may set and lift overrides, as it is configured now. */
  control(): ControlSpec;
  /** The routers that share a prefix in etcd. */
  fleet(): FleetDocument;
  /** All that count now. */
  overrides(): readonly OverrideDocument[];
  /** Waits for etcd, for a few seconds at most; what etcd does not take is kept by this router alone. */
  setOverride(request: OverrideRequest): Promise<OverrideAnswer>;
  /** `by`: who takes it back. */
  liftOverride(cluster: string, id: string, by: string): Promise<OverrideAnswer>;
}
