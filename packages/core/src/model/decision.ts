// Decision: for each service and member ready, drain or maint, each with its reason.
import type { RoutingMemory } from './memory.ts';
import type { Reason } from './reason.ts';
import type { ServiceRole } from './service.ts';
import type { Millis, Revision } from './units.ts';

/**
 * `ready`: takes new connections. `drain`: no new ones, open sessions stay. `maint`: no new ones; in a write service open sessions are ended.
 * These are HAProxy's words, HAProxy's meaning.
 */
export type ServerState = 'ready' | 'drain' | 'maint';

export interface Verdict {
  readonly member: string;
  /** What its line shall hold; where it has a backup line as well (`backup`), what it would have to hold without that. */
  readonly state: ServerState;
  readonly reason: Reason;
  /** Read services: its open sessions are ended. In a write service those of a server in maint always are. */
  readonly ends?: boolean | undefined;
  /** 0 to 256; undefined: as in haproxy.cfg. */
  readonly weight?: number | undefined;
  /**
   * Services with backup lines (`servers.backupName`): what the member's own line and its backup line shall hold. HAProxy falls back by itself then.
   */
  readonly lines?: { readonly own: ServerState; readonly backup: ServerState } | undefined;
  /** The id of the override that this verdict rests on. */
  readonly override?: string | undefined;
}

export interface ServiceDecision {
  readonly service: string;
  readonly backends: readonly string[];
  readonly role: ServiceRole;
  /** One for each member of the view, sorted by name. */
  readonly verdicts: readonly Verdict[];
  /** Why the service as a whole is open or closed, and on whom. */
  readonly reason: Reason;
  /**
   * True for at most a second after the first look at a cluster: what the first probe will say is not known yet, so whatever a target
   * holds for this service should stay as it is. A router that starts must not close a correct server for want of having asked.
   */
  readonly undecided?: boolean | undefined;
  /**
   * Undecided, but about one member only: its server stays as it is (in if it is in, never let in), and every other server is decided. Undefined: nothing in
   * the service is decided, every server stays as it is. In Stolon it may last for some sleepIntervals: until Stolon has enabled a proxy that has just
   * started.
   */
  readonly keep?: string | undefined;
}

export interface Decision {
  readonly cluster: string;
  /** The revision of the view that was decided on. */
  readonly revision: Revision;
  readonly services: readonly ServiceDecision[];
  readonly alarms: readonly Reason[];
  /** Members to be probed in a tight loop, because a switch hangs on what they say. */
  readonly probeHard: readonly string[];
  /** Without any new fact, the same view may be decided otherwise from this instant on. */
  readonly reviewAt: Millis | undefined;
  /**
   * `reviewAt` in its two parts. `age`: what the view's age since its last confirmation changes, so that a confirmation puts it off. `facts`: all else.
   * Undefined: not told apart.
   */
  readonly reviewBy?: { readonly age: Millis | undefined; readonly facts: Millis | undefined } | undefined;
  /** To be given to `decide` with the next picture. */
  readonly memory: RoutingMemory;
}
