// What one target shall hold: the decision in HAProxy's words. Plain values; made by the controller, taken by `plan`.
import type { ServerState } from '../model/decision.ts';
import type { Leaving, ServersSpec } from '../model/service.ts';
import type { Address } from '../model/view.ts';

export interface DesiredServer {
  /** The member's name. The server line is found by this name, else by the address. Never put into a command. */
  readonly member: string;
  readonly address: Address | undefined;
  /** `keep`: as it is; in if it takes connections now, else maint. It is never let in by that. */
  readonly state: ServerState | 'keep';
  /**
   * In a read service: sessions on it are ended when it is in maint, as they are in a write service. For a server that takes writes and must not: a client
   * that reached it here could write to it. Undefined: they are left alone.
   */
  readonly ends?: boolean | undefined;
  /** 0 to 256; undefined: as in haproxy.cfg. */
  readonly weight?: number | undefined;
  /** Where the member has a backup line in the backend: what its own line and that one shall hold. `state` counts where it has none. */
  readonly lines?: { readonly own: ServerState; readonly backup: ServerState } | undefined;
}

export interface DesiredBackend {
  readonly backend: string;
  /** A write service: at most one server may accept, and the old one's sessions end before the next is let in. */
  readonly exclusive: boolean;
  /** New connections are to wait in HAProxy while it has no server: HAProxy needs pgrouted-hold.lua. Nothing of this is told to HAProxy. */
  readonly holds?: boolean | undefined;
  /** Which lines stand for which member. Undefined: as where the operator does not say. */
  readonly match?: ServersSpec | undefined;
  /** What becomes of sessions on a line that stands for a member no more. Undefined: they are left alone. */
  readonly removed?: { readonly leaving: Leaving; readonly drainTimeoutMs: number } | undefined;
  /** Servers of the backend that match none of these go to maint. */
  readonly servers: readonly DesiredServer[];
}

export interface Desired {
  /** Raised with each new decision; reports name the one they carried out. */
  readonly serial: number;
  readonly backends: readonly DesiredBackend[];
}

/** Whether its sessions count: some may have to end. */
export const endsSessions = ({ exclusive, servers }: DesiredBackend): boolean =>
  exclusive || servers.some(({ ends }) => ends === true);

/** Whether HAProxy has to tell its sessions with each read-back: some may have to end, or a line without any may be given to another member. */
export const countsSessions = (backend: DesiredBackend): boolean =>
  endsSessions(backend) || backend.match?.spares !== undefined || backend.match?.add !== undefined;

/** Both ask for the same. */
export function sameBackend(a: DesiredBackend, b: DesiredBackend): boolean {
  if (a === b) return true;
  return (
    a.backend === b.backend &&
    a.exclusive === b.exclusive &&
    a.holds === b.holds &&
    a.match === b.match &&
    a.removed?.leaving === b.removed?.leaving &&
    a.removed?.drainTimeoutMs === b.removed?.drainTimeoutMs &&
    a.servers.length === b.servers.length &&
    a.servers.every((server, i) => {
      const other = b.servers[i];
      return (
        other !== undefined &&
        server.member === other.member &&
        server.state === other.state &&
        server.ends === other.ends &&
        server.weight === other.weight &&
        server.lines?.own === other.lines?.own &&
        server.lines?.backup === other.lines?.backup &&
        server.address?.host === other.address?.host &&
        server.address?.port === other.address?.port
      );
    })
  );
}
