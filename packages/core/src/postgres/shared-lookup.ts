// Looks up the addresses of host names with one request a name at a time. The system's resolver works on four threads for the whole process and can't be
// stopped, so a name server that is gone must not be asked again and again for one name: other names would wait behind it. Keeps no answers.
import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;
type Waiting = Parameters<Resolve>[2];

/** A lookup for sockets; who asks for a name that is being looked up already shares the answer. */
export function sharedLookup(resolve: Resolve = lookup): LookupFunction {
  const underWay = new Map<string, readonly Waiting[]>();
  return (hostname, options, callback) => {
    const tell: Waiting = (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error ?? new Error(`${hostname} has no address`), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    };
    const asked: LookupAllOptions = { ...options, all: true };
    const key = JSON.stringify([hostname, asked]);
    const others = underWay.get(key);
    underWay.set(key, [...(others ?? []), tell]);
    if (others !== undefined) return;
    resolve(hostname, asked, (error, addresses) => {
      const waiting = underWay.get(key) ?? [];
      underWay.delete(key);
      for (const each of waiting) each(error, addresses);
    });
  };
}
