// What a target tells: reports as things happen, and its status at any time. Values only.
import type { Reason } from '../model/reason.ts';
import type { Millis } from '../model/units.ts';
import type { HoldStatus } from './hold.ts';
import type { OldWorkerStatus } from './old-workers.ts';
import type { TargetFacts } from './parse.ts';
import type { Missing, PlannedServer } from './plan.ts';

export interface Drifted extends PlannedServer {
  readonly found: 'ready' | 'drain' | 'maint' | 'down';
  readonly restored: 'ready' | 'drain' | 'maint';
}

export type TargetReport =
  /**
   * Read back: these servers of one backend take no new connection. `exclusive`: none of those that had to go into maint has a session left
   * either, in any worker that can be reached; `sessionsEnded` had one. In read services sessions are left alone.
   */
  | {
      readonly kind: 'fenced';
      readonly serial: number;
      readonly at: Millis;
      readonly backend: string;
      readonly exclusive: boolean;
      readonly servers: readonly PlannedServer[];
      readonly sessionsEnded: number;
    }
  /** Read back: these servers of one backend are in rotation. */
  | {
      readonly kind: 'opened';
      readonly serial: number;
      readonly at: Millis;
      readonly backend: string;
      readonly exclusive: boolean;
      readonly servers: readonly PlannedServer[];
    }
  /** Read back: everything is as decided. Once for each decision, and again after each disturbance. */
  | { readonly kind: 'converged'; readonly serial: number; readonly at: Millis }
  /** Another worker answers than before (a reload or a restart): it is told everything. `previousPid` is undefined for the first one seen. */
  | {
      readonly kind: 'reloaded';
      readonly at: Millis;
      readonly pid: number;
      readonly previousPid: number | undefined;
      readonly version: string;
    }
  /** Someone else changed servers; they have been put back. */
  | { readonly kind: 'drift'; readonly serial: number; readonly at: Millis; readonly servers: readonly Drifted[] }
  /** There is no answer, `why` and for people `error`. Told once, until `back`. */
  | {
      readonly kind: 'unreachable';
      readonly at: Millis;
      readonly why: 'not_running' | 'no_permission' | 'protocol';
      readonly error: string;
    }
  /** It takes connections and gives no answer: nobody knows what it does. */
  | { readonly kind: 'hung'; readonly at: Millis; readonly error: string }
  | { readonly kind: 'back'; readonly at: Millis; readonly afterMs: number }
  /** Fenced servers of a write service still have sessions after a second; nobody is let in meanwhile. Told once for each fence. */
  | {
      readonly kind: 'sessions_remain';
      readonly serial: number;
      readonly at: Millis;
      readonly backend: string;
      /** In the current worker and in old ones. */
      readonly sessions: number;
    }
  /** What HAProxy doesn't have. Told when the list changes; empty: all is there again. */
  | { readonly kind: 'missing'; readonly serial: number; readonly at: Millis; readonly missing: readonly Missing[] }
  /** Something that haproxy.cfg lacks, found for the first time. */
  | { readonly kind: 'lint'; readonly at: Millis; readonly findings: readonly Reason[] }
  /** `authorize` said no: the server stays out. Asked again every 250 ms; told once for each decision. */
  | { readonly kind: 'refused'; readonly serial: number; readonly at: Millis; readonly server: PlannedServer }
  /** HAProxy's own watchdog had closed this backend at `at`, because it had not heard of us in time; told once, when it hears of us again. */
  | { readonly kind: 'watchdog_fired'; readonly at: Millis; readonly backend: string };

export type TargetState = 'unknown' | 'reachable' | 'not_running' | 'hung' | 'no_permission' | 'broken';

export interface TargetCounters {
  /** Lines sent that were to change something. */
  readonly transactions: number;
  /** Lines sent in all. */
  readonly exchanges: number;
  /** Servers put back after someone else had changed them. */
  readonly corrections: number;
  readonly reloads: number;
  readonly failures: number;
  /** Sessions ended on fenced servers, old workers included. */
  readonly sessionsEnded: number;
  readonly refusals: number;
}

export interface TargetStatus {
  readonly name: string;
  readonly socket: string;
  readonly state: TargetState;
  /** Why it is not reachable, for people. */
  readonly error: string | undefined;
  /** The last read-back, however old; undefined: there was none. */
  readonly facts: TargetFacts | undefined;
  readonly readAt: Millis | undefined;
  readonly submittedSerial: number | undefined;
  readonly convergedSerial: number | undefined;
  /** Last read back as holding the newest decision. */
  readonly converged: boolean;
  readonly problems: readonly Reason[];
  /** The master socket is connected: a reload is noticed at once. Undefined: none is configured. */
  readonly masterConnected: boolean | undefined;
  readonly oldWorkers: readonly OldWorkerStatus[];
  /** HAProxy's own watchdog (haproxy/pgrouted-watchdog.lua). Undefined: nothing asks for it. `unknown`: not asked yet, or no answer. */
  readonly watchdog: 'armed' | 'absent' | 'unknown' | undefined;
  /** Connections that wait for a server (haproxy/pgrouted-hold.lua). Undefined: no backend relies on it. */
  readonly hold: HoldStatus | undefined;
  readonly counters: TargetCounters;
}
