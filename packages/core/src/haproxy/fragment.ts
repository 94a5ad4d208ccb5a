// Prints the part of a haproxy.cfg that pgrouted drives: listeners, backends, a stats socket. Pure text. It stands alone: it takes nothing from
// a `defaults` section, so it may follow any other configuration (`haproxy -f haproxy.cfg -f pgrouted.cfg`).
import { type HoldSpec, isWriteService, type ServersSpec, type ServiceRole } from '../model/service.ts';
import { isSafeName } from './commands.ts';
import { checkPort, type FragmentMember, hostText, refuseTwins, serverLines } from './fragment-lines.ts';

export type { FragmentMember } from './fragment-lines.ts';

export interface FragmentService {
  readonly name: string;
  /** Clients reach the first one; listeners for the others are written by hand. */
  readonly backends: readonly string[];
  readonly role: ServiceRole;
  /** Where clients connect. Undefined: 5000 for the first write service and 5001 for the first read service, as in Patroni's own examples, then the next free one. */
  readonly port?: number | undefined;
  /** Where the servers lead instead of the member's port: to a pooler. */
  readonly serverPort?: number | undefined;
  readonly servers?: ServersSpec | undefined;
  readonly hold?: HoldSpec | undefined;
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
  /** Where pgrouted-hold.lua is installed: needed where a service has `hold`. */
  readonly holdLua?: string;
  /** Where HAProxy asks pgrouted about each server (`GET /haproxy/<backend>/<server>`), so that a dead pgrouted closes the services. */
  readonly failClosed?: { readonly host: string; readonly port: number };
}

/** The fragment; throws on a name, address or port that HAProxy would not take, naming it. */
export function haproxyFragment(options: FragmentOptions): string {
  checkPath(options.socket, 'the stats socket');
  if (options.watchdogLua !== undefined) checkPath(options.watchdogLua, 'the path of pgrouted-watchdog.lua');
  const services = withPorts(options.services);
  refuseTwins(
    'backend',
    services.flatMap(({ backends }) => backends),
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
    ...holdLines(options),
    ...services.flatMap((service) => serviceLines(service, options)),
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

function holdLines({ services, holdLua }: FragmentOptions): readonly string[] {
  if (services.every(({ hold }) => hold === undefined)) return [];
  if (holdLua === undefined) throw new Error('a service has a hold, and nothing says where pgrouted-hold.lua is');
  checkPath(holdLua, 'the path of pgrouted-hold.lua');
  return ['    # Lets new connections wait while a write service has no server.', `    lua-load ${holdLua}`];
}

const FIRST_PORT = { write: 5000, read: 5001 } as const;

interface ListeningService extends FragmentService {
  readonly port: number;
}

function withPorts(services: readonly FragmentService[]): readonly ListeningService[] {
  const taken = new Set(services.flatMap(({ port }) => port ?? []));
  return services.map((service) => {
    let port = service.port ?? FIRST_PORT[isWriteService(service) ? 'write' : 'read'];
    while (service.port === undefined && taken.has(port)) port += 1;
    taken.add(port);
    return { ...service, port };
  });
}

function serviceLines(service: ListeningService, options: FragmentOptions): readonly string[] {
  const { name, backends, role, port } = service;
  const wrong = backends.find((backend) => !isSafeName(backend));
  const [first, ...more] = backends;
  if (wrong !== undefined || first === undefined)
    throw new Error(`not a name for a HAProxy backend: ${JSON.stringify(wrong)}`);
  checkPort(port, `service ${JSON.stringify(name)}`);
  const what = isWriteService({ role }) ? 'writes: at most one server at any time' : 'reads';
  return [
    '',
    `# ${isSafeName(name) ? `Service ${name}, ` : ''}${what}.`,
    // From HAProxy 3.3 on a frontend may not have its backend's name.
    `frontend ${first}_in`,
    '    mode tcp',
    `    bind ${options.bind === undefined ? '' : hostText(options.bind)}:${port}`,
    '    option clitcpka',
    '    # Long, since an idle session in a connection pool is nothing unusual; dead peers are found by TCP keepalive.',
    '    timeout client 12h',
    ...waitingLines(first, service.hold),
    `    default_backend ${first}`,
    ...backendLines(first, service, options),
    ...more.flatMap((backend) => [
      '',
      '# The same servers, for a listener of your own.',
      ...backendLines(backend, service, options).slice(1),
    ]),
  ];
}

/** HAProxy's own limit only has to be longer than the action's. */
const INSPECT_BEYOND_MS = 15_000;

const waitingLines = (backend: string, hold: HoldSpec | undefined): readonly string[] =>
  hold === undefined
    ? []
    : [
        `    # New connections wait for a server, ${hold.waitMs / 1000} s at most, and ${hold.most} of them at most.`,
        `    tcp-request inspect-delay ${Math.ceil((hold.waitMs + INSPECT_BEYOND_MS) / 1000)}s`,
        `    tcp-request content lua.pgrouted_hold ${backend} ${hold.waitMs} ${hold.most}`,
      ];

function backendLines(
  backend: string,
  service: ListeningService,
  { members, failClosed }: FragmentOptions,
): readonly string[] {
  const { role, servers, serverPort, hold } = service;
  const fallback = servers?.backupName !== undefined;
  return [
    '',
    `backend ${backend}`,
    '    mode tcp',
    `    balance ${isWriteService({ role }) ? 'roundrobin' : 'leastconn'}`,
    '    option srvtcpka',
    '    # A connection that can not be made goes to whichever server is open by then.',
    '    option redispatch',
    '    retries 2',
    '    timeout connect 2s',
    ...(hold === undefined ? ['    timeout queue 5s'] : queueLines),
    '    timeout server 12h',
    ...(fallback
      ? ['    # Every backup line that is ready serves, once no other one does.', '    option allbackups']
      : []),
    ...(failClosed !== undefined ? failClosedLines(failClosed) : fallback ? tcpCheckLines : []),
    ...serverLines(members, { port: serverPort, servers, checked: failClosed !== undefined || fallback }),
  ];
}

/** A guess at max_connections would be worse than none. */
const queueLines = [
  '    # Those that have waited come all at once. With "default-server maxconn N", N below what the servers accept, HAProxy lets in as',
  '    # many as there is room for and keeps the others in its queue.',
  '    timeout queue 30s',
];

/** Without a controller HAProxy has to find out by itself that the servers above the backup lines are gone. */
const tcpCheckLines = [
  '    # Finds dead servers, so that the backup lines take over even while pgrouted is away.',
  '    option tcp-check',
  '    timeout check 400ms',
  '    default-server inter 1s fall 2 rise 1',
];

function failClosedLines({ host, port }: NonNullable<FragmentOptions['failClosed']>): readonly string[] {
  checkPort(port, "pgrouted's HTTP API");
  return [
    '    # HAProxy asks pgrouted about each server, so that a dead or stalled pgrouted closes the service. Sessions are left alone.',
    '    option httpchk',
    `    http-check connect addr ${hostText(host)} port ${port}`,
    '    http-check send meth GET uri-lf /haproxy/%[be_name]/%[srv_name] ver HTTP/1.1 hdr Host pgrouted',
    '    http-check send-state',
    '    http-check expect status 200',
    '    timeout check 400ms',
    '    default-server inter 500ms fastinter 250ms downinter 500ms fall 2 rise 1',
  ];
}

function checkPath(path: string, what: string): void {
  if (/^\/[A-Za-z0-9_.:/+@-]+$/.test(path)) return;
  throw new Error(`${what} must be an absolute path without spaces: ${JSON.stringify(path)}`);
}
