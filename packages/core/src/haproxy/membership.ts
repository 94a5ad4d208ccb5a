// Which server line of a HAProxy backend stands for which member. Pure, and the same for every router that sees the same lines and members, so that two
// of them never fight over a line. It says nothing about what a line shall hold.
//
//   own line by its name -> backup line by its name -> own line by its address -> spare that leads to the member -> line that was added for it
import { type ServersSpec, serversDefault } from '../model/service.ts';
import type { Address } from '../model/view.ts';
import { isDialable } from './commands.ts';
import type { ServerFact } from './parse.ts';

/** `own`: from haproxy.cfg. `backup`: its second line, which bears `backup` there. `spare`: got the address at run time. `added`: by `add server`. */
export type LineKind = 'own' | 'backup' | 'spare' | 'added';

/** What a line stands for. */
export interface Standing<M> {
  readonly member: M;
  readonly kind: LineKind;
}

interface Named {
  readonly member: string;
  readonly address: Address | undefined;
}

/** What each of these lines (all of one backend) stands for. A line that is not in it stands for nobody. A member has at most one line beside its backup line. */
export function standings<M extends Named>(
  lines: readonly ServerFact[],
  members: readonly M[],
  spec: ServersSpec = serversDefault,
): ReadonlyMap<ServerFact, Standing<M>> {
  const claims = new Map<ServerFact, Standing<M>>();
  const served = new Set<M>();
  const byName = new Map(lines.map((line) => [line.server, line]));
  const free = (line: ServerFact): boolean => !claims.has(line);
  const named = (template: string, kind: LineKind, fits: (line: ServerFact, member: M) => boolean): void => {
    for (const member of members) {
      const line = byName.get(nameOf(template, member.member));
      if (line === undefined || !free(line) || (kind !== 'backup' && served.has(member)) || !fits(line, member))
        continue;
      claims.set(line, { member, kind });
      if (kind !== 'backup') served.add(member);
    }
  };
  const addressed = (kind: LineKind, fits: (line: ServerFact) => boolean): void => {
    for (const member of members) {
      // A spare that nobody has yet leads to a placeholder, which is nobody's address.
      const real = kind !== 'spare' || (member.address !== undefined && isDialable(member.address));
      if (served.has(member) || !real) continue;
      const line = lines.find((one) => free(one) && fits(one) && sameAddress(one, member.address));
      if (line === undefined) continue;
      claims.set(line, { member, kind });
      served.add(member);
    }
  };
  if (spec.match !== 'address') named(spec.name, 'own', (line) => !isSpare(line, spec));
  if (spec.backupName !== undefined) named(spec.backupName, 'backup', (line) => !isSpare(line, spec));
  if (spec.match !== 'name')
    addressed('own', (line) => !isSpare(line, spec) && !isAdded(line, spec) && !isBackup(line, spec));
  if (spec.spares !== undefined) addressed('spare', (line) => isSpare(line, spec));
  if (spec.add !== undefined) {
    named(
      `${spec.add.prefix}{member}`,
      'added',
      (line, { address }) => address === undefined || sameAddress(line, address),
    );
  }
  return claims;
}

/** The line's name of a member. */
export const nameOf = (template: string, member: string): string => template.split('{member}').join(member);

/** A line of a `server-template`: the prefix and a number. It stands for whom it leads to, never for a name. */
export const isSpare = ({ server }: ServerFact, { spares }: ServersSpec): boolean =>
  spares !== undefined && server.startsWith(spares) && /^\d+$/.test(server.slice(spares.length));

/** A line that bears the prefix of those that are added at run time. One that is `disabled` in haproxy.cfg was not added. */
export const isAdded = ({ server, adminState }: ServerFact, { add }: ServersSpec): boolean =>
  add !== undefined && server.startsWith(add.prefix) && (adminState & DISABLED_IN_FILE) === 0;

/** The name is that of somebody's backup line, whether or not there is such a member. */
function isBackup({ server }: ServerFact, { backupName }: ServersSpec): boolean {
  const [before, after] = backupName?.split('{member}') ?? [];
  if (before === undefined || after === undefined || before.length + after.length === 0) return false;
  return server.length > before.length + after.length && server.startsWith(before) && server.endsWith(after);
}

/** The line is `disabled` in haproxy.cfg: a marker only, which stays. */
export const DISABLED_IN_FILE = 0x04;

/** The line leads to this address, by whatever spelling, or resolves this host name. */
export function sameAddress(line: ServerFact, address: Address | undefined): boolean {
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
