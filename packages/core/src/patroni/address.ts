// Where a member's PostgreSQL listens, from Patroni's conn_url. Written by hand because URL parsers refuse what libpq allows (several hosts).
import type { Address } from '../model/view.ts';
import { hasControlCharacter } from '../store/names.ts';

const DEFAULT_PORT = 5432;

/**
 * The first host of `postgres://[user@]host[:port][,host2...]/...`. IPv6 hosts come without brackets; a missing port is 5432.
 * Undefined: there is no host that a TCP connection could be made to.
 */
export function addressOf(connUrl: string): Address | undefined {
  const match = /^postgres(?:ql)?:\/\/(?:[^@/?#]*@)?([^/?#]*)/i.exec(connUrl);
  const first = match?.[1]?.split(',').find((part) => part !== '');
  if (first === undefined) return undefined;
  const parts = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\s:[\]%;'"\\]+))(?::(\d{1,5}))?$/.exec(first);
  const host = parts?.[1] ?? parts?.[2];
  const port = parts?.[3] === undefined ? DEFAULT_PORT : Number(parts[3]);
  if (host === undefined || host.length > 255 || hasControlCharacter(host) || port < 1 || port > 65_535)
    return undefined;
  return { host, port };
}
