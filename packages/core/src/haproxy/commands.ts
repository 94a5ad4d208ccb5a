// The only place where command text is made. Names come from HAProxy's own listing and are checked again, so that nothing an etcd record
// says can reach a command line: `;`, line ends, spaces and `\` are what would split one.
import type { ServerState } from '../model/decision.ts';
import { MAX_LINE_BYTES } from './runtime.ts';

/** HAProxy's own alphabet for backend and server names; longer ones than 64 are not driven. */
const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;

export const isSafeName = (name: string): boolean => NAME.test(name);

export interface ServerName {
  readonly backend: string;
  readonly server: string;
}

const safe = (name: string): string => {
  if (!isSafeName(name)) throw new Error('a name that is not safe may not reach a command');
  return name;
};

const path = ({ backend, server }: ServerName): string => `${safe(backend)}/${safe(server)}`;

export const setState = (server: ServerName, state: ServerState): string => `set server ${path(server)} state ${state}`;

/** Ends the sessions on a server in the worker that answers; sessions in older workers are out of its reach. */
export const shutdownSessions = (server: ServerName): string => `shutdown sessions server ${path(server)}`;

/** Back to the weight from the file; a percentage is what static algorithms accept too. */
export const restoreWeight = (server: ServerName): string => `set server ${path(server)} weight 100%`;

/** Lifts a server without a check out of a `health down` that someone typed. */
export const healthUp = (server: ServerName): string => `set server ${path(server)} health up`;

/** HAProxy's own watchdog (haproxy/pgrouted-watchdog.lua) closes the backend so many milliseconds from now, unless it is told again before. */
export const armWatchdog = (backend: string, ms: number): string => `pgrouted watchdog ${wholeMs(ms)} ${safe(backend)}`;

export const SHOW_WATCHDOG = 'pgrouted watchdog';

export const disarmWatchdog = (backend: string): string => `pgrouted watchdog off ${safe(backend)}`;

/** The watchdog takes an hour at most. */
const wholeMs = (ms: number): number => Math.min(3_600_000, Math.max(0, Math.floor(ms)));

export const SHOW_INFO = 'show info';

/**
 * Asks for the servers of a backend and, if `sessions`, for their session counts. `backendId` is HAProxy's number of the backend, where it is
 * known: a frontend of the same name would hide the backend from `show stat NAME`.
 */
export function showBackend(backend: string, backendId: number | undefined, sessions: boolean): readonly string[] {
  if (!isSafeName(backend)) return [];
  return [`show servers state ${backend}`, ...(sessions ? [showSessions(backend, backendId)] : [])];
}

/** Asks for the session counts of a backend's servers. */
export const showSessions = (backend: string, backendId: number | undefined): string =>
  `show stat ${backendId ?? backend} 4 -1`;

/**
 * Splits commands into lines that every HAProxy version carries out as a whole, in their order. Each line begins with `show info`, which
 * tells the worker that took it. `reads` come after all commands.
 */
export function lines(commands: readonly string[], reads: readonly string[]): readonly (readonly string[])[] {
  const result: string[][] = [];
  let line = [SHOW_INFO];
  let bytes = SHOW_INFO.length + 1;
  for (const command of [...commands, ...reads]) {
    if (bytes + command.length + 1 > MAX_LINE_BYTES) {
      result.push(line);
      line = [SHOW_INFO];
      bytes = SHOW_INFO.length + 1;
    }
    line.push(command);
    bytes += command.length + 1;
  }
  result.push(line);
  return result;
}
