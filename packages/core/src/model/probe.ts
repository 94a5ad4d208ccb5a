// What a SQL connection to a member said. The words follow what a DBA would conclude, not what the driver threw.
import type { Lsn, Millis } from './units.ts';

/** PostgreSQL answered. `at` is when the question was *sent*: the answer is at least as young as that. */
export type ProbeAnswer =
  | {
      readonly kind: 'primary';
      readonly at: Millis;
      readonly timeline: number | undefined;
      readonly position: Lsn | undefined;
    }
  | {
      readonly kind: 'standby';
      readonly at: Millis;
      readonly timeline: number | undefined;
      readonly receivePosition: Lsn | undefined;
      readonly replayPosition: Lsn | undefined;
      /** Milliseconds since the newest transaction that was replayed; 0 where all that was received is replayed. Undefined: not asked, or none replayed yet. */
      readonly replayDelayMs?: number | undefined;
    };

export type ProbeReading =
  | ProbeAnswer
  /** SQLSTATE 57P03, "the database system is starting up" (or not yet accepting connections). */
  | { readonly kind: 'starting'; readonly at: Millis; readonly error: string }
  /** SQLSTATE 57P03 "shutting down" or 57P01/57P02: it ends our session because it stops. */
  | { readonly kind: 'stopping'; readonly at: Millis; readonly error: string }
  /** Connection refused or reset: no PostgreSQL is there. */
  | { readonly kind: 'down'; readonly at: Millis; readonly error: string }
  /** No answer within the deadline, or no route: nothing is known. */
  | { readonly kind: 'silent'; readonly at: Millis; readonly error: string }
  /** A PostgreSQL is there but doesn't talk to us: password, pg_hba, TLS, too many connections. */
  | { readonly kind: 'denied'; readonly at: Millis; readonly error: string };

export interface ProbeState {
  readonly latest: ProbeReading;
  /** The last time it said what it is, and what. Equal to `latest` unless that is no answer. */
  readonly lastAnswer: ProbeAnswer | undefined;
  /** When the first of the answers `primary` was asked for that nothing but silence has interrupted since. */
  readonly primarySince?: Millis | undefined;
  /** When the last answer `primary` was asked for, whatever came after. */
  readonly lastPrimaryAt?: Millis | undefined;
}

/** The state after one more reading. */
export function withReading(before: ProbeState | undefined, reading: ProbeReading): ProbeState {
  const isAnswer = reading.kind === 'primary' || reading.kind === 'standby';
  return {
    latest: reading,
    lastAnswer: isAnswer ? reading : before?.lastAnswer,
    primarySince: primarySince(before, reading),
    lastPrimaryAt: reading.kind === 'primary' ? reading.at : before?.lastPrimaryAt,
  };
}

function primarySince(before: ProbeState | undefined, { kind, at }: ProbeReading): Millis | undefined {
  switch (kind) {
    case 'primary':
      return before?.primarySince ?? at;
    case 'silent':
    case 'denied':
      return before?.primarySince;
    case 'standby':
    case 'starting':
    case 'stopping':
    case 'down':
      return undefined;
  }
}
