// Answers of the Runtime API as typed values. Tables are read by the names in their header, since columns differ by version while the
// format number stays 1. Text that is none of the known tables is kept as a note: it is logged, and never taken as proof of anything.

/** The worker process that answered. */
export interface WorkerFact {
  readonly pid: number;
  /** Unix seconds; undefined before HAProxy 2.4. */
  readonly startTimeSec: number | undefined;
  readonly uptimeSec: number;
  readonly version: string;
  /** A reload has begun: this worker takes no more connections and refuses to change servers. */
  readonly stopping: boolean;
  /** Open client connections; those of the Runtime API do not count. */
  readonly currConns: number;
}

/** One server line of a backend as HAProxy holds it. */
export interface ServerFact {
  readonly backend: string;
  readonly server: string;
  /** HAProxy's numbers of the backend and, in it, of the server. */
  readonly backendId: number;
  readonly id: number;
  /** An IP address, or `-` while the name is not resolved. */
  readonly address: string;
  readonly port: number;
  /** The name that is resolved at run time, if the line has one. */
  readonly fqdn: string | undefined;
  /** `srv_admin_state`: 01 forced maint, 02 inherited maint, 04 disabled in the file (marker only), 08 forced drain, 10 inherited drain, 20 name not resolved. */
  readonly adminState: number;
  /** `srv_op_state`: 0 stopped, 1 starting, 2 running, 3 stopping. */
  readonly operState: number;
  /** The weight now and the one from the file; 0 now means: no new connections. */
  readonly weight: number;
  readonly initialWeight: number;
  /** The line has a health check or an agent of its own. */
  readonly checked: boolean;
  /** Its checks run, as far as its state lets them: those of a server that was added have to be begun. */
  readonly checksEnabled: boolean;
  /** It has an agent, which may set its weight. */
  readonly agent: boolean;
  /** HAProxy may send it new connections: `(admin & 0x3B) == 0 && op != 0`. */
  readonly inRotation: boolean;
  readonly maint: boolean;
  readonly drain: boolean;
  /**
   * Sessions on it in this worker (`scur`), and those that wait in its own queue (`qcur`): it is given these as others end, in maint too. Undefined: was not
   * asked.
   */
  readonly sessions: number | undefined;
  /** The line bears `backup`; undefined: not known yet (it comes with the sessions). */
  readonly backup?: boolean | undefined;
}

export interface TargetFacts {
  readonly worker: WorkerFact;
  readonly servers: readonly ServerFact[];
}

/** What one answer held, whatever was asked. */
export interface ParsedAnswer {
  readonly worker: WorkerFact | undefined;
  readonly servers: readonly ServerFact[];
  /** The last `show stat` of the answer for each server, by `backend/server`, and the greatest of all in the answer. */
  readonly sessions: ReadonlyMap<string, number>;
  readonly mostSessions: ReadonlyMap<string, number>;
  /** Which servers bear `backup`, by `backend/server`; those that were not asked about are not in it. */
  readonly backups: ReadonlyMap<string, boolean>;
  /** How many `show servers state` tables there were. */
  readonly tables: number;
  /** Lines that belong to no known table, such as `No such server.` */
  readonly notes: readonly string[];
  /** Lines of known tables that could not be read. */
  readonly broken: readonly string[];
}

/** Any of these admin bits keeps a server out of rotation; 04 is only a marker. */
const OUT = 0x3b;
const FORCED_MAINT = 0x01;
const MAINT = 0x23;
const DRAIN = 0x18;
const INFO = new Set(['Pid', 'Uptime_sec', 'Start_time_sec', 'CurrConns', 'Version', 'Stopping']);
const CHECK_CONFIGURED = 0x02;
const CHECK_ENABLED = 0x04;

export const serverKey = (of: { readonly backend: string; readonly server: string }): string =>
  `${of.backend}/${of.server}`;

/** Reads the answer to any line made of `show info`, `show servers state`, `show stat` and commands that answer by an empty line. */
export function parseAnswer(
  text: string,
  /** May know a server line from before: `read` takes it apart. */
  known: (line: string, read: () => ServerFact | undefined) => ServerFact | undefined = (_, read) => read(),
): ParsedAnswer {
  const info = new Map<string, string>();
  const servers: ServerFact[] = [];
  const sessions = new Map<string, number>();
  const mostSessions = new Map<string, number>();
  const backups = new Map<string, boolean>();
  const notes: string[] = [];
  const broken: string[] = [];
  let tables = 0;
  let table: { readonly kind: 'info' } | { readonly kind: 'servers' | 'stat'; readonly columns: Columns } | undefined;

  for (const line of text.split('\n')) {
    if (line === '') {
      table = undefined;
    } else if (line.startsWith('# ') && line.includes('srv_name')) {
      tables += 1;
      table = { kind: 'servers', columns: columnsOf(line, ' ') };
    } else if (line.startsWith('# ') && line.includes(',svname,')) {
      table = { kind: 'stat', columns: columnsOf(line, ',') };
    } else if (table === undefined) {
      if (line.startsWith('Name: ')) table = { kind: 'info' };
      else if (line !== '1') notes.push(line);
    } else if (table.kind === 'info') {
      const colon = line.indexOf(': ');
      const name = line.slice(0, colon);
      if (INFO.has(name)) info.set(name, line.slice(colon + 2));
    } else if (table.kind === 'servers') {
      const { columns } = table;
      const server = known(line, () => serverOf(line.split(' '), columns));
      if (server === undefined) broken.push(line);
      else servers.push(server);
    } else {
      const row = statOf(line, table.columns);
      if (row === 'broken') broken.push(line);
      else if (row !== 'no server') {
        sessions.set(row.key, row.sessions);
        backups.set(row.key, row.backup);
        mostSessions.set(row.key, Math.max(row.sessions, mostSessions.get(row.key) ?? 0));
      }
    }
  }
  return {
    worker: workerOf(info),
    servers:
      sessions.size === 0
        ? servers
        : servers.map((server) => {
            const key = serverKey(server);
            return { ...server, sessions: sessions.get(key), backup: backups.get(key) };
          }),
    sessions,
    mostSessions,
    backups,
    tables,
    notes,
    broken,
  };
}

type Columns = ReadonlyMap<string, number>;

/** The last header of each kind with its columns: a HAProxy repeats the same two all day. */
const headers = new Map<string, { readonly header: string; readonly columns: Columns }>();

function columnsOf(header: string, separator: ' ' | ','): Columns {
  const earlier = headers.get(separator);
  if (earlier?.header === header) return earlier.columns;
  const names = header.slice('# '.length).split(separator);
  const columns = new Map(names.map((name, index) => [name, index]));
  headers.set(separator, { header, columns });
  return columns;
}

function workerOf(info: ReadonlyMap<string, string>): WorkerFact | undefined {
  const pid = natural(info.get('Pid'));
  const uptimeSec = natural(info.get('Uptime_sec'));
  const currConns = natural(info.get('CurrConns'));
  const version = info.get('Version');
  const stopping = info.get('Stopping');
  if (pid === undefined || uptimeSec === undefined || currConns === undefined) return undefined;
  if (version === undefined || stopping === undefined) return undefined;
  const startTimeSec = natural(info.get('Start_time_sec'));
  return { pid, startTimeSec, uptimeSec, version, stopping: stopping !== '0', currConns };
}

function serverOf(fields: readonly string[], columns: Columns): ServerFact | undefined {
  const text = (name: string): string | undefined => fields[columns.get(name) ?? -1];
  const number = (name: string): number | undefined => natural(text(name));
  const backend = text('be_name');
  const server = text('srv_name');
  const address = text('srv_addr');
  const fqdn = text('srv_fqdn');
  const backendId = number('be_id');
  const id = number('srv_id');
  const port = number('srv_port');
  const operState = number('srv_op_state');
  const adminState = number('srv_admin_state');
  const weight = number('srv_uweight');
  const initialWeight = number('srv_iweight');
  const check = number('srv_check_state');
  const agent = number('srv_agent_state') ?? 0;
  if (!backend || !server || !address || backendId === undefined || id === undefined || port === undefined)
    return undefined;
  if (operState === undefined || adminState === undefined || weight === undefined) return undefined;
  if (initialWeight === undefined || check === undefined) return undefined;
  return {
    backend,
    server,
    backendId,
    id,
    address,
    port,
    fqdn: fqdn === undefined || fqdn === '-' ? undefined : fqdn,
    adminState,
    operState,
    weight,
    initialWeight,
    checked: ((check | agent) & CHECK_CONFIGURED) !== 0,
    checksEnabled: (check & CHECK_ENABLED) !== 0,
    agent: (agent & CHECK_CONFIGURED) !== 0,
    inRotation: (adminState & OUT) === 0 && operState !== 0,
    maint: (adminState & MAINT) !== 0,
    drain: (adminState & DRAIN) !== 0,
    sessions: undefined,
  };
}

/** `type` 2 is a server. None of the columns read here can hold a quoted comma, and all come before the first that can. */
function statOf(
  line: string,
  columns: Columns,
): { readonly key: string; readonly sessions: number; readonly backup: boolean } | 'no server' | 'broken' {
  const [backend, server, type, scur, qcur, bck] = fieldsOf(line, statColumns(columns));
  if (!backend || !server || !type) return 'broken';
  if (type !== '2') return 'no server';
  const current = natural(scur);
  if (current === undefined) return 'broken';
  const sessions = current + (natural(qcur) ?? 0);
  return { key: serverKey({ backend, server }), sessions, backup: bck === '1' };
}

const STAT_FIELDS = ['pxname', 'svname', 'type', 'scur', 'qcur', 'bck'] as const;

/** At which place among `STAT_FIELDS` each column stands; -1: not among them. Up to the last that is. */
const statPlaces = new WeakMap<Columns, readonly number[]>();

function statColumns(columns: Columns): readonly number[] {
  const known = statPlaces.get(columns);
  if (known !== undefined) return known;
  const at = STAT_FIELDS.map((name) => columns.get(name) ?? -1);
  const places = Array.from({ length: Math.max(...at) + 1 }, (_, column) => at.indexOf(column));
  statPlaces.set(columns, places);
  return places;
}

/** The fields at these places. A row has a hundred, most of which nobody reads: to split it would cost several times as much. */
function fieldsOf(line: string, places: readonly number[]): readonly (string | undefined)[] {
  const fields: (string | undefined)[] = [];
  let from = 0;
  for (const place of places) {
    const to = line.indexOf(',', from);
    if (place !== -1) fields[place] = line.slice(from, to === -1 ? undefined : to);
    if (to === -1) break;
    from = to + 1;
  }
  return fields;
}

function natural(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Both facts are of one process. A container may give each start the same pid, so the start time (or a shrunken uptime) counts too. */
export function sameWorker(earlier: WorkerFact, later: WorkerFact): boolean {
  if (earlier.pid !== later.pid) return false;
  if (earlier.startTimeSec !== undefined && later.startTimeSec !== undefined) {
    return earlier.startTimeSec === later.startTimeSec;
  }
  return later.uptimeSec >= earlier.uptimeSec;
}

/**
 * Somebody has put it into maint, so it stays there until somebody lifts it. A server that is out only because its name doesn't resolve, or
 * because the one it tracks is out, comes back by itself.
 */
export const isHeldInMaint = (server: ServerFact): boolean => (server.adminState & FORCED_MAINT) !== 0;

/** In maint for as long as nobody lifts it, and without a session in the worker that was asked. */
export const isGone = (server: ServerFact): boolean => isHeldInMaint(server) && server.sessions === 0;

/** The state that a person would name: what the admin bits say, with `down` for a server that its own check (or none) keeps stopped. */
export function heldState(server: ServerFact): 'ready' | 'drain' | 'maint' | 'down' {
  if (server.maint) return 'maint';
  // HAProxy itself calls a server whose weight someone set to 0 draining.
  if (server.drain || (server.weight === 0 && server.initialWeight > 0)) return 'drain';
  return server.inRotation ? 'ready' : 'down';
}

/** Sessions of a worker by `show sess`, those of the Runtime API itself left out. */
export interface SessionFact {
  readonly id: string;
  readonly backend: string;
  readonly server: string;
  /** Flags of its request channel (`rq[f=`) and of its server side (`scb=[`, from 2.6 on), in HAProxy's own words. */
  readonly requestFlags?: number | undefined;
  readonly serverFlags?: number | undefined;
}

/** Reads the answer to `show sess`. A session that can't be read has no backend and no server. */
export function parseSessions(text: string): readonly SessionFact[] {
  const sessions: SessionFact[] = [];
  for (const line of text.split('\n')) {
    const match = /^(0x[0-9a-f]{1,16}): .*? be=(\S+) srv=(\S+) /.exec(line);
    const [, id, backend, server] = match ?? [];
    if (id !== undefined && backend !== undefined && server !== undefined) {
      const requestFlags = hexadecimal(/ rq\[f=([0-9a-f]{1,8})h,/.exec(line)?.[1]);
      const serverFlags = hexadecimal(/ scb=\[\d+,([0-9a-f]{1,8})h,/.exec(line)?.[1]);
      sessions.push({ id, backend, server, requestFlags, serverFlags });
    } else if (line.startsWith('0x')) {
      sessions.push({ id: line.slice(0, line.indexOf(':')), backend: '', server: '' });
    }
  }
  return sessions;
}

const hexadecimal = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number.parseInt(text, 16);

/**
 * HAProxy has told the server that this client says no more, so nothing can reach it by this session: the client is gone, the server has not answered yet. No
 * command ends such a session before HAProxy 3.2. The flags are `CF_SHUTW` up to 2.7 and `SC_FL_SHUT_DONE` from 2.8 to 3.2; of others nothing is assumed.
 */
export function isShut({ requestFlags = 0, serverFlags = 0 }: SessionFact, version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const release = Number(major) * 100 + Number(minor);
  if (release >= 202 && release <= 207) return (requestFlags & 0x2000) !== 0;
  return release >= 208 && release <= 302 && (serverFlags & 0x2_0000) !== 0;
}
