// The lines of a backend in the fragment of haproxy.cfg: one for each member, its backup line, spare lines. Pure text; throws on what HAProxy would not take.
import { isIP } from 'node:net';
import { type ServersSpec, serversDefault } from '../model/service.ts';
import { isSafeName } from './commands.ts';

export interface FragmentMember {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface LinesOptions {
  /** Where the servers lead instead of the member's port. */
  readonly port?: number | undefined;
  readonly servers?: ServersSpec | undefined;
  /** They are checked by HAProxy. */
  readonly checked: boolean;
}

/** As many members as come to a cluster before anybody writes lines for them. */
const SPARES = 4;
const POSTGRES_PORT = 5432;

/** The lines that stand for members of one backend, each `disabled`. */
export function serverLines(members: readonly FragmentMember[], options: LinesOptions): readonly string[] {
  const { port, servers = serversDefault, checked } = options;
  refuseTwins(
    'member',
    members.map(({ name }) => name),
  );
  const named = members.map((member) => ({ member, line: fill(servers.name, member.name) }));
  const safe = new Set(named.map(({ line }) => line).filter(isSafeName));
  let unnamed = 0;
  const behind = `${checked ? ' check' : ''} disabled`;
  const addressOf = ({ name, host, port: own }: FragmentMember): string => {
    checkPort(port ?? own, `member ${JSON.stringify(name)}`);
    return `${hostText(host)}:${port ?? own}`;
  };
  const own = named.map(({ member, line }) => {
    let server = line;
    if (!safe.has(line) && servers.match === 'name')
      throw new Error(`HAProxy can hold no line named ${JSON.stringify(line)}, and 'match: name' finds no other`);
    // A name that HAProxy can't hold gets a number; pgrouted finds the line by its address.
    while (!safe.has(line) && (server === line || safe.has(server))) {
      unnamed += 1;
      server = `server-${unnamed}`;
    }
    return { member, server, words: behind };
  });
  const { backupName } = servers;
  const backup =
    backupName === undefined
      ? []
      : members.map((member) => ({
          member,
          server: fill(backupName, member.name),
          words: ` ${checked ? 'check ' : ''}backup disabled`,
        }));
  // A backup line goes by its name alone.
  const lines = [...own, ...backup.filter(({ server }) => isSafeName(server))];
  refuseTwins(
    'server line',
    lines.map(({ server }) => server),
  );
  return [
    ...lines.map(
      ({ member, server, words }) => `    server ${server} ${addressOf(member)}${words}${lenient(member.host)}`,
    ),
    ...spareLines(servers.spares, port ?? members[0]?.port ?? POSTGRES_PORT, behind),
  ];
}

const fill = (template: string, member: string): string => template.replaceAll('{member}', member);

/** Without this a host name that can't be resolved keeps HAProxy from starting. */
const lenient = (host: string): string => (isIP(host) === 0 ? ' init-addr last,libc,none' : '');

function spareLines(prefix: string | undefined, port: number, behind: string): readonly string[] {
  if (prefix === undefined) return [];
  if (!isSafeName(prefix)) throw new Error(`not a name for spare lines: ${JSON.stringify(prefix)}`);
  return [
    '    # For members that come later: they get the address of one at run time.',
    `    server-template ${prefix} 1-${SPARES} 0.0.0.0:${port}${behind}`,
  ];
}

export function hostText(host: string): string {
  const version = isIP(host);
  if (version === 6) return `[${host}]`;
  if (version === 4 || /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(host)) return host;
  throw new Error(`neither an IP address nor a host name: ${JSON.stringify(host)}`);
}

export function checkPort(port: number, of: string): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`not a port: ${port} (${of})`);
}

export function refuseTwins(what: string, names: readonly string[]): void {
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin !== undefined) throw new Error(`${what} ${JSON.stringify(twin)} is named twice`);
}
