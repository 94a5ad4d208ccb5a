// Which server line of HAProxy stands for which member, and what it shall hold. Pure.
// A desired server is found by name, else by address and port; a line that no desired server claims shall be in maint.
import type { ServerState } from '../model/decision.ts';
import type { Address } from '../model/view.ts';
import type { DesiredBackend, DesiredServer } from './desired.ts';
import { heldState, type ServerFact } from './parse.ts';

/** A server line with what it shall hold. */
export interface Wanted {
  readonly line: ServerFact;
  readonly state: ServerState;
  /** Undefined: no desired server claims the line. */
  readonly member: string | undefined;
  /** Its sessions have to end. */
  readonly ends: boolean;
}

export interface Match {
  readonly wanted: readonly Wanted[];
  /** Desired servers that HAProxy has no line for. */
  readonly missing: readonly DesiredServer[];
  /** More than one server was asked for (or to be kept) in a write service: none is let in. */
  readonly contradiction: boolean;
}

/** The line of `backend` that stands for a member, looked up alone: the one of its name, else the first with its address. */
export function matchServer(
  servers: readonly ServerFact[],
  backend: string,
  member: string,
  address: Address | undefined,
): ServerFact | undefined {
  const lines = servers.filter((server) => server.backend === backend);
  return lines.find((line) => line.server === member) ?? lines.find((line) => sameAddress(line, address));
}

/** Lays the desired servers of one backend over its lines. */
export function match(servers: readonly ServerFact[], desired: DesiredBackend): Match {
  const lines = servers.filter((server) => server.backend === desired.backend);
  const claims = new Map<ServerFact, DesiredServer>();
  const missing: DesiredServer[] = [];
  const byName = new Map(lines.map((line) => [line.server, line]));
  const unnamed = desired.servers.filter((server) => {
    const line = byName.get(server.member);
    if (line === undefined || claims.has(line)) return true;
    claims.set(line, server);
    return false;
  });
  for (const server of unnamed) {
    const line = lines.find((candidate) => !claims.has(candidate) && sameAddress(candidate, server.address));
    if (line === undefined) missing.push(server);
    else claims.set(line, server);
  }
  const asked = lines.map((line) => {
    const server = claims.get(line);
    const state = stateFor(line, server?.state);
    return { line, member: server?.member, state, ends: state === 'maint' && server?.ends === true };
  });
  if (!desired.exclusive) return { wanted: asked, missing, contradiction: false };

  const contradiction = desired.servers.filter(({ state }) => state === 'ready' || state === 'keep').length > 1;
  const opening = !contradiction && asked.some((server) => server.state === 'ready');
  return {
    // A server that may keep its sessions (drain) loses them once another one is to be let in: one writer.
    wanted: asked.map((server): Wanted => {
      const out = server.state === 'ready' ? contradiction : opening;
      const state = out ? 'maint' : server.state;
      return { ...server, state, ends: state === 'maint' };
    }),
    missing,
    contradiction,
  };
}

/** A server that is kept as it is stays in only if it takes new connections now: one that drains, by whatever means, is on its way out. */
function stateFor(line: ServerFact, desired: DesiredServer['state'] | undefined): ServerState {
  if (desired === undefined) return 'maint';
  if (desired !== 'keep') return desired;
  return heldState(line) === 'ready' ? 'ready' : 'maint';
}

function sameAddress(line: ServerFact, address: Address | undefined): boolean {
  if (address === undefined || line.port !== address.port) return false;
  const host = canonical(address.host);
  return host === canonical(line.address) || (line.fqdn !== undefined && host === line.fqdn.toLowerCase());
}

/** IPv6 addresses have many spellings; everything else is compared as it is, without regard to case. */
function canonical(host: string): string {
  if (!host.includes(':')) return host.toLowerCase();
  return URL.canParse(`http://[${host}]/`) ? new URL(`http://[${host}]/`).hostname : host;
}

/** The line stands for the member by its name but leads to another address than the member's record says (both being IP addresses). */
export function leadsElsewhere(line: ServerFact, address: Address | undefined): boolean {
  const isIp = (host: string) => /^[0-9.]+$/.test(host) || host.includes(':');
  if (address === undefined || line.address === '-' || !isIp(address.host)) return false;
  return !sameAddress(line, address);
}
