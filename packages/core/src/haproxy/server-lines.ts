// The server lines of a HAProxy by backend, and kept as the very same objects for as long as they read the same: with thousands of lines, what has not changed
// must cost nothing. Values in, values out.
import { type ParsedAnswer, parseAnswer, type ServerFact } from './parse.ts';

type Lines = readonly ServerFact[];
type ByBackend = ReadonlyMap<string, Lines>;

const tables = new WeakMap<Lines, ByBackend>();
const none: Lines = [];

/** The lines of one backend. */
export const linesOf = (servers: Lines, backend: string): Lines => byBackend(servers).get(backend) ?? none;

/** The same for who asks about thousands of backends. */
export function linesIn(servers: Lines): (backend: string) => Lines {
  const table = byBackend(servers);
  return (backend) => table.get(backend) ?? none;
}

function byBackend(servers: Lines): ByBackend {
  const known = tables.get(servers);
  if (known !== undefined) return known;
  const table = new Map<string, ServerFact[]>();
  for (const server of servers) {
    const lines = table.get(server.backend);
    if (lines === undefined) table.set(server.backend, [server]);
    else lines.push(server);
  }
  tables.set(servers, table);
  return table;
}

/** The lines of these backends: as they were read just now where they were read, else as they were known. The same list if nothing is different. */
export function linesAfter(known: Lines, backends: readonly string[], read: ReadonlyMap<string, Lines>): Lines {
  const before = byBackend(known);
  const changed = [...read].filter(([backend, now]) => !sameLines(before.get(backend) ?? none, now));
  const stay = backends.reduce((count, backend) => (before.has(backend) ? count + 1 : count), 0);
  if (stay === before.size && changed.every(([backend, now]) => before.has(backend) && now.length > 0)) {
    if (changed.length === 0) return known;
    const table = new Map(before);
    for (const [backend, now] of changed) table.set(backend, now);
    return listed(table);
  }
  const otherwise = new Map(changed);
  const table = new Map<string, Lines>();
  for (const backend of backends) {
    const lines = otherwise.get(backend) ?? before.get(backend);
    if (lines !== undefined && lines.length > 0) table.set(backend, lines);
  }
  return listed(table);
}

function listed(table: ByBackend): Lines {
  const servers: ServerFact[] = [];
  for (const lines of table.values()) for (const line of lines) servers.push(line);
  tables.set(servers, table);
  return servers;
}

const readFields = [
  'server',
  'backendId',
  'id',
  'address',
  'port',
  'fqdn',
  'adminState',
  'operState',
  'weight',
  'initialWeight',
  'checked',
  'checksEnabled',
  'agent',
] as const satisfies readonly (keyof ServerFact)[];

const fields = [...readFields, 'sessions', 'backup'] as const;

const sameLines = (a: Lines, b: Lines): boolean =>
  a === b || (a.length === b.length && a.every((line, i) => line === b[i] || sameLine(line, b[i])));

/** The line as it was known, if that is what was read now: with these sessions, and `backup` as given. */
export function lineAfter(
  read: ServerFact,
  earlier: ServerFact | undefined,
  { sessions, backup }: Pick<ServerFact, 'sessions' | 'backup'>,
): ServerFact {
  const same =
    earlier !== undefined &&
    earlier.sessions === sessions &&
    earlier.backup === backup &&
    readFields.every((field) => earlier[field] === read[field]);
  return same ? earlier : { ...read, sessions, backup };
}

const sameLine = (a: ServerFact, b: ServerFact | undefined): boolean =>
  b !== undefined && fields.every((field) => a[field] === b[field]);

/** The column that is another in each answer: seconds since the last change. It is the tenth in every version. Those below two stay. */
const CHANGED_AT = 9;
const CHANGED_COLUMN = 'srv_time_since_last_change';
const SINCE = /^((?:\S+ ){9})(?:[2-9]|\d\d+) /gm;
/** The line was changed less than two seconds ago: after the look before, if one comes each second. */
const JUST_CHANGED = /^(?:\S+ ){9}[01] /;

/**
 * Reads the answer to `show servers state` of all backends again and again: a line that reads as it did the last time is not taken apart again, and an answer
 * that is the same as a whole is not even looked at line by line.
 */
export class WholeTable {
  #text = '';
  #table: ParsedAnswer | undefined;
  #facts: ReadonlyMap<string, ServerFact> = new Map();
  #changedLines: ReadonlyMap<string, string> = new Map();

  /** What is known besides was read in another way since, or what was parsed last was not taken: the next answer is compared with nothing. */
  forget(): void {
    this.#text = '';
  }

  /** Backends with a line that may have been another between the last two answers, though it may read the same again. */
  get justChanged(): ReadonlySet<string> {
    return new Set(this.#changedLines.values());
  }

  /** All but the table is read anew each time. `unchanged`: the servers are the very same as the last time. */
  parse(text: string): { readonly parsed: ParsedAnswer; readonly unchanged: boolean } {
    const start = text.indexOf('\n# be_id ');
    const end = text.indexOf('\n\n', start);
    const header = text.slice(start + 3, text.indexOf('\n', start + 3)).split(' ');
    if (start === -1 || end === -1 || header[CHANGED_AT] !== CHANGED_COLUMN) {
      return { parsed: parseAnswer(text), unchanged: false };
    }
    const others = parseAnswer(text.slice(0, start) + text.slice(end));
    const table = text.slice(start, end).replace(SINCE, '$1- ');
    const unchanged = table === this.#text && this.#table !== undefined;
    const read = unchanged ? this.#table : this.#read(table);
    this.#text = table;
    this.#table = read;
    const { servers = [], tables = 0, notes = [], broken = [] } = read ?? {};
    return {
      parsed: {
        ...others,
        servers,
        tables: tables + others.tables,
        notes: [...others.notes, ...notes],
        broken: [...others.broken, ...broken],
      },
      unchanged,
    };
  }

  #read(table: string): ParsedAnswer {
    const facts = new Map<string, ServerFact>();
    const changed = new Map<string, string>();
    const parsed = parseAnswer(table, (line, read) => {
      const known = this.#facts.get(line);
      const fact = known ?? read();
      if (fact === undefined) return undefined;
      facts.set(line, fact);
      if (known === undefined ? JUST_CHANGED.test(line) : this.#changedLines.has(line)) changed.set(line, fact.backend);
      return fact;
    });
    this.#facts = facts;
    this.#changedLines = changed;
    return parsed;
  }
}
