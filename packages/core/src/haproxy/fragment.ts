// Prints the part of a haproxy.cfg that pgrouted drives: listeners, backends, a stats socket. Pure text. It stands alone: it takes nothing from
// a `defaults` section, so it may follow any other configuration (`haproxy -f haproxy.cfg -f pgrouted.cfg`).
import { isIP } from 'node:net';
import type { ServiceRole } from '../model/service.ts';
import { isSafeName } from './commands.ts';

export interface FragmentService {
  readonly name: string;
  readonly backend: string;
  readonly role: ServiceRole;
  /** Where clients connect. Default 5000 for the primary, 5001 for replicas, as in Patroni's own examples. */
  readonly port?: number;
}

export interface FragmentMember {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface FragmentOptions {
  /** The stats socket that pgrouted is configured with. */
  readonly socket: string;
  readonly services: readonly FragmentService[];
  readonly members: readonly FragmentMember[];
  /** The address to listen on. Default: all. */
  readonly bind?: string;
  /** Where pgrouted-watchdog.lua is installed; loads it. Needs a HAProxy that was built with Lua. */
  readonly watchdogLua?: string;
}

/** The fragment; throws on a name, address or port that HAProxy would not take, naming it. */
export function haproxyFragment(options: FragmentOptions): string {
  checkPath(options.socket, 'the stats socket');
  if (options.watchdogLua !== undefined) checkPath(options.watchdogLua, 'the path of pgrouted-watchdog.lua');
  const servers = serverLines(options.members);
  const services = options.services.map((service) => ({
    ...service,
    port: service.port ?? (service.role === 'primary' ? DEFAULT_PORT.primary : DEFAULT_PORT.replica),
  }));
  refuseTwins(
    'backend',
    services.map(({ backend }) => backend),
  );
  refuseTwins(
    'port',
    services.map(({ port }) => String(port)),
  );
  return [
    '# Made by "pgrouted haproxy-config". Clients connect to the ports below; pgrouted tells HAProxy over the stats socket which',
    '# server may take them. Every server starts "disabled", so that a HAProxy that has just been started or reloaded sends nobody',
    '# to the wrong server: pgrouted notices within milliseconds and lets the right ones in.',
    '',
    'global',
    '    # pgrouted needs "level admin" and write permission. Leave this line out if your configuration has it already.',
    `    stats socket ${options.socket} mode 660 level admin`,
    '    # Room for pgrouted (up to 5 connections) beside your own tools.',
    '    stats maxconn 20',
    '    stats timeout 30s',
    ...watchdogLines(options.watchdogLua),
    ...services.flatMap((service) => serviceLines(service, servers, options.bind)),
    '',
  ].join('\n');
}

const watchdogLines = (path: string | undefined): readonly string[] =>
  path === undefined
    ? []
    : [
        '    # Lets HAProxy close the write services by itself when pgrouted is killed or frozen while it is registered as a Stolon proxy.',
        `    lua-load ${path}`,
      ];

const DEFAULT_PORT = { primary: 5000, replica: 5001 } as const;

function serviceLines(
  { name, backend, role, port }: Required<FragmentService>,
  servers: readonly string[],
  bind: string | undefined,
): readonly string[] {
  if (!isSafeName(backend)) throw new Error(`not a name for a HAProxy backend: ${JSON.stringify(backend)}`);
  checkPort(port, `service ${JSON.stringify(name)}`);
  const what = role === 'primary' ? 'writes: at most one server at any time' : 'reads';
  return [
    '',
    `# ${isSafeName(name) ? `Service ${name}, ` : ''}${what}.`,
    // From HAProxy 3.3 on a frontend may not have its backend's name.
    `frontend ${backend}_in`,
    '    mode tcp',
    `    bind ${bind === undefined ? '' : hostText(bind)}:${port}`,
    '    option clitcpka',
    '    # Long, since an idle session in a connection pool is nothing unusual; dead peers are found by TCP keepalive.',
    '    timeout client 12h',
    `    default_backend ${backend}`,
    '',
    `backend ${backend}`,
    '    mode tcp',
    `    balance ${role === 'primary' ? 'roundrobin' : 'leastconn'}`,
    '    option srvtcpka',
    '    # A connection that can not be made goes to whichever server is open by then.',
    '    option redispatch',
    '    retries 2',
    '    timeout connect 2s',
    '    timeout queue 5s',
    '    timeout server 12h',
    ...servers,
  ];
}

function serverLines(members: readonly FragmentMember[]): readonly string[] {
  const safe = new Set(members.map(({ name }) => name).filter(isSafeName));
  refuseTwins(
    'member',
    members.map(({ name }) => name),
  );
  let unnamed = 0;
  return members.map(({ name, host, port }) => {
    checkPort(port, `member ${JSON.stringify(name)}`);
    let server = name;
    // A name that HAProxy can't hold gets a number; pgrouted finds the line by its address.
    while (!safe.has(name) && (server === name || safe.has(server))) {
      unnamed += 1;
      server = `server-${unnamed}`;
    }
    // Without this a host name that can't be resolved keeps HAProxy from starting.
    const lenient = isIP(host) === 0 ? ' init-addr last,libc,none' : '';
    return `    server ${server} ${hostText(host)}:${port} disabled${lenient}`;
  });
}

function hostText(host: string): string {
  const version = isIP(host);
  if (version === 6) return `[${host}]`;
  if (version === 4 || /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(host)) return host;
  throw new Error(`neither an IP address nor a host name: ${JSON.stringify(host)}`);
}

function checkPath(path: string, what: string): void {
  if (/^\/[A-Za-z0-9_.:/+@-]+$/.test(path)) return;
  throw new Error(`${what} must be an absolute path without spaces: ${JSON.stringify(path)}`);
}

function checkPort(port: number, of: string): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`not a port: ${port} (${of})`);
}

function refuseTwins(what: string, names: readonly string[]): void {
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin !== undefined) throw new Error(`${what} ${JSON.stringify(twin)} is named twice`);
}
