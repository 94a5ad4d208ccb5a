// The only place where command text is made. Names come from HAProxy's own listing and are checked again, so that nothing an etcd record
// says can reach a command line: `;`, line ends, spaces and `\` are what would split one. Two things from etcd do reach one, each through a parser of its
// own: the address of a spare or added line, and the name of an added one.
import { isIP } from 'node:net';
import type { ServerState } from '../model/decision.ts';
import type { Address } from '../model/view.ts';
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

/**
 * Gives the line this weight, 0 to 256. Nothing and the weight from the file are told as percentages, which static algorithms (`balance source`, `static-rr`,
 * ...) take too; they refuse all others.
 */
export function setWeight(server: ServerName, weight: number, initial: number): string {
  if (!Number.isInteger(weight) || weight < 0 || weight > 256) throw new Error(`not a weight: ${weight}`);
  const text = weight === initial ? '100%' : weight === 0 ? '0%' : String(weight);
  return `set server ${path(server)} weight ${text}`;
}

/** HAProxy can be given this address: it is an IP address of one server, not a name, not "any". HAProxy itself takes a port of 99999 for 34463. */
export function isDialable({ host, port }: Address): boolean {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return false;
  if (isIP(host) === 4) return host !== '0.0.0.0';
  return isIP(host) === 6 && !host.includes('%') && !/^[0:]+$/.test(host);
}

/** Leads the line to another address. Sessions that it has stay where they are, so it must have none; and it must be in maint. */
export function setAddress(server: ServerName, address: Address): string {
  if (!isDialable(address)) throw new Error('an address that is not one may not reach a command');
  return `set server ${path(server)} addr ${address.host} port ${address.port}`;
}

/** A word of HAProxy's language that `add server` may bear. `enabled` would let the server in at once; `<<` begins a payload. */
export const isParameter = (word: string): boolean =>
  /^[!-~]{1,256}$/.test(word) && !/[;\\]/.test(word) && word !== '<<' && word !== 'enabled';

/** Adds a server in maint (HAProxy >= 2.6). */
export function addServer(server: ServerName, address: Address, parameters: readonly string[]): string {
  if (!isDialable(address)) throw new Error('an address that is not one may not reach a command');
  if (!parameters.every(isParameter)) throw new Error('a word that is not a parameter may not reach a command');
  const host = isIP(address.host) === 6 ? `[${address.host}]` : address.host;
  return ['add server', path(server), `${host}:${address.port}`, ...parameters].join(' ');
}

/** HAProxy refuses it for a server that is not in maint, or that has a connection. */
export const deleteServer = (server: ServerName): string => `del server ${path(server)}`;

/** Begins the checks of an added server. */
export const enableHealth = (server: ServerName): string => `enable health ${path(server)}`;

/** HAProxy's own watchdog (haproxy/pgrouted-watchdog.lua) closes the backend so many milliseconds from now, unless it is told again before. */
export const armWatchdog = (backend: string, ms: number): string => `pgrouted watchdog ${wholeMs(ms)} ${safe(backend)}`;

export const SHOW_WATCHDOG = 'pgrouted watchdog';

/** What haproxy/pgrouted-hold.lua tells. */
export const SHOW_HOLD = 'pgrouted hold';

export const disarmWatchdog = (backend: string): string => `pgrouted watchdog off ${safe(backend)}`;

/** The watchdog takes an hour at most. */
const wholeMs = (ms: number): number => Math.min(3_600_000, Math.max(0, Math.floor(ms)));

export const SHOW_INFO = 'show info';

export const SHOW_LEVEL = 'show cli level';

/**
 * Asks for the servers of a backend and, if `sessions`, for their session counts. `backendId` is HAProxy's number of the backend, where it is
 * known: a frontend of the same name would hide the backend from `show stat NAME`.
 */
export function showBackend(backend: string, backendId: number | undefined, sessions: boolean): readonly string[] {
  if (!isSafeName(backend)) return [];
  return [`show servers state ${backend}`, ...(sessions ? [showSessions(backend, backendId)] : [])];
}

/** The server lines of all backends. */
export const SHOW_ALL = 'show servers state';

/** As `showSessions`, of a backend whose name may be such that it can't be asked about. */
export const showCounts = (backend: string, backendId: number | undefined): readonly string[] =>
  isSafeName(backend) ? [showSessions(backend, backendId)] : [];

/** Asks for the session counts of a backend's servers. */
export const showSessions = (backend: string, backendId: number | undefined): string =>
  `show stat ${backendId ?? backend} 4 -1`;

/** Asks for the session counts of all servers. HAProxy goes through all its proxies for each `show stat`, so one for all is cheaper than some hundred for one each. */
export const SHOW_ALL_SESSIONS = 'show stat -1 4 -1';

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
