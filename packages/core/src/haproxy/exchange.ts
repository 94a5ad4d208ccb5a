// A transaction with its read-back: sends commands to one HAProxy and returns what it holds afterwards, as told by the same worker.
// The text of a reply proves nothing; the tables that are asked for in the same line do.
import { lines, SHOW_ALL, SHOW_ALL_SESSIONS, showBackend, showCounts } from './commands.ts';
import { countsSessions, type DesiredBackend } from './desired.ts';
import {
  type ParsedAnswer,
  parseAnswer,
  type ServerFact,
  sameWorker,
  serverKey,
  type TargetFacts,
  type WorkerFact,
} from './parse.ts';
import type { RuntimeFailure, RuntimeSocket } from './runtime.ts';
import { lineAfter, linesAfter, linesIn, type WholeTable } from './server-lines.ts';

export type ReadBack =
  | {
      readonly kind: 'facts';
      readonly facts: TargetFacts;
      /** The most sessions that each server was seen with in this exchange, by `backend/server`. */
      readonly mostSessions: ReadonlyMap<string, number>;
      /** Text that is no table: what HAProxy said about a command. For the log. */
      readonly notes: readonly string[];
    }
  /** The lines were taken by different workers: a reload came in between. */
  | { readonly kind: 'moved' }
  | RuntimeFailure;

/** What of HAProxy is read back. */
export interface Scope {
  /** What is driven: lines of other backends are not looked at. */
  readonly backends: readonly DesiredBackend[];
  /** Which of them are read; of the others the facts stay as they are known. Undefined: all. */
  readonly only?: readonly DesiredBackend[] | undefined;
  /** All are read by one command, and taken apart as far as they have changed. */
  readonly table?: WholeTable | undefined;
  /** Of these the sessions are counted, whatever else is. Undefined: of all that are read, unless there is something to do. */
  readonly counted?: ReadonlySet<string> | undefined;
}

/** Where the sessions of more backends than this, or of most of them, are counted those of all are (2000 backends on HAProxy 2.6.12: 0.17 ms for one, 42 ms for all). */
const COUNTED_ONE_BY_ONE = 256;

/**
 * Sends the commands, then reads back. `known` are earlier facts, used for HAProxy's own numbers and, as far as the same worker answers, for what is
 * not read. Commands that don't fit into one line go in several, in order; the first failure ends it.
 */
export async function exchange(
  socket: RuntimeSocket,
  commands: readonly string[],
  { backends, only = backends, table, counted: alsoCounted }: Scope,
  known: TargetFacts | undefined,
  /** Backends that a line is leaving: its sessions count. */
  leaving: ReadonlySet<string> = new Set(),
): Promise<ReadBack> {
  const linesBefore = linesIn(known?.servers ?? []);
  const idOf = (backend: string): number | undefined => linesBefore(backend)[0]?.backendId;
  const names = namesOf(backends);
  const all = table !== undefined && (alsoCounted?.size ?? 0) > Math.min(COUNTED_ONE_BY_ONE, backends.length / 2);
  const counted = all ? new Set(names) : countedOf(only, { alsoCounted, leaving, calm: commands.length === 0 });
  const reads =
    table === undefined
      ? only.flatMap(({ backend }) => showBackend(backend, idOf(backend), counted.has(backend)))
      : [
          SHOW_ALL,
          ...(all ? [SHOW_ALL_SESSIONS] : [...counted].flatMap((backend) => showCounts(backend, idOf(backend)))),
        ];
  const batches: (readonly ServerFact[])[] = [];
  const sessions = new Map<string, number>();
  const mostSessions = new Map<string, number>();
  const backups = new Map<string, boolean>();
  const notes: string[] = [];
  let worker: WorkerFact | undefined;
  let unchanged = false;
  for (const line of lines(commands, reads)) {
    const answer = await socket.transact(line);
    if (answer.kind !== 'answer') return answer;
    const whole = table !== undefined && line.includes(SHOW_ALL) ? table.parse(answer.text) : undefined;
    const parsed = whole?.parsed ?? parseAnswer(answer.text);
    const broken = incomplete(parsed, answer.text, line);
    if (broken !== undefined || parsed.worker === undefined) {
      return { kind: 'protocol', error: `${socket.path}: ${broken ?? '"show info" was not answered'}` };
    }
    if (worker !== undefined && !sameWorker(worker, parsed.worker)) return { kind: 'moved' };
    worker = parsed.worker;
    if (whole !== undefined) unchanged = whole.unchanged;
    batches.push(parsed.servers);
    for (const [key, count] of parsed.sessions) sessions.set(key, count);
    for (const [key, is] of parsed.backups) backups.set(key, is);
    for (const [key, count] of parsed.mostSessions) mostSessions.set(key, Math.max(count, mostSessions.get(key) ?? 0));
    notes.push(...parsed.notes);
  }
  if (worker === undefined) return { kind: 'moved' };
  const same = known !== undefined && sameWorker(known.worker, worker);
  // What is not read is known of another worker only: all has to be read.
  if (!same && only.length < backends.length) return { kind: 'moved' };
  const before = same ? known.servers : [];
  const linesOf = linesIn(before);
  const counting = (server: ServerFact, earlier: ServerFact | undefined): ServerFact => {
    const key = serverKey(server);
    const sessionsNow = counted.has(server.backend) ? sessions.get(key) : earlier?.sessions;
    return lineAfter(server, earlier, { sessions: sessionsNow, backup: backups.get(key) ?? earlier?.backup });
  };
  const read =
    same && unchanged
      ? new Map([...counted].map((one) => [one, linesOf(one).map((line) => counting(line, line))] as const))
      : grouped(only, batches.flat(), linesOf, counting);
  return {
    kind: 'facts',
    facts: { worker, servers: linesAfter(before, names, read) },
    mostSessions,
    notes,
  };
}

/** Whose sessions are counted. */
function countedOf(
  only: readonly DesiredBackend[],
  {
    alsoCounted,
    leaving,
    calm,
  }: { readonly alsoCounted: Scope['counted']; readonly leaving: ReadonlySet<string>; readonly calm: boolean },
): ReadonlySet<string> {
  if (alsoCounted !== undefined) return leaving.size === 0 ? alsoCounted : new Set([...alsoCounted, ...leaving]);
  // Where something waits for sessions to end they are counted each time; elsewhere they are told to people only, so that no command waits for them.
  const counts = (one: DesiredBackend): boolean => calm || countsSessions(one) || leaving.has(one.backend);
  return new Set(only.filter(counts).map(({ backend }) => backend));
}

const knownNames = new WeakMap<readonly DesiredBackend[], readonly string[]>();

function namesOf(backends: readonly DesiredBackend[]): readonly string[] {
  const known = knownNames.get(backends);
  if (known !== undefined) return known;
  const made = backends.map(({ backend }) => backend);
  knownNames.set(backends, made);
  return made;
}

/** The lines of these backends, each with what is known of it besides. Of a line that was told twice the last counts. */
function grouped(
  only: readonly DesiredBackend[],
  servers: readonly ServerFact[],
  linesOf: (backend: string) => readonly ServerFact[],
  counting: (server: ServerFact, earlier: ServerFact | undefined) => ServerFact,
): ReadonlyMap<string, readonly ServerFact[]> {
  const found = new Map<string, Map<string, ServerFact>>(only.map(({ backend }) => [backend, new Map()]));
  for (const server of servers) found.get(server.backend)?.set(server.server, server);
  return new Map(
    [...found].map(([backend, lines]) => {
      const earlier = new Map(linesOf(backend).map((line) => [line.server, line]));
      return [backend, [...lines.values()].map((line) => counting(line, earlier.get(line.server)))];
    }),
  );
}

/** Each `show servers state` must have been answered by a whole table or by a refusal; otherwise the answer was cut off. */
function incomplete(parsed: ParsedAnswer, text: string, line: readonly string[]): string | undefined {
  const [broken] = parsed.broken;
  if (broken !== undefined) return `an unreadable line: ${broken.slice(0, 200)}`;
  if (!text.endsWith('\n\n')) return 'the answer was cut off';
  const asked = line.filter((command) => command.startsWith(SHOW_ALL)).length;
  const refused = parsed.notes.filter((note) => note === "Can't find backend.").length;
  return parsed.tables + refused < asked ? 'a table is missing in the answer' : undefined;
}
