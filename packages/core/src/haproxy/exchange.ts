// A transaction with its read-back: sends commands to one HAProxy and returns what it holds afterwards, as told by the same worker.
// The text of a reply proves nothing; the tables that are asked for in the same line do.
import { lines, showBackend } from './commands.ts';
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

/**
 * Sends the commands, then reads the named backends. `known` are earlier facts of the same worker, used for HAProxy's own numbers.
 * Commands that don't fit into one line go in several, in order; the first failure ends it.
 */
export async function exchange(
  socket: RuntimeSocket,
  commands: readonly string[],
  backends: readonly DesiredBackend[],
  known: TargetFacts | undefined,
  /** Backends that a line is leaving: its sessions count. */
  leaving: ReadonlySet<string> = new Set(),
): Promise<ReadBack> {
  const ids = new Map(known?.servers.map(({ backend, backendId }) => [backend, backendId]));
  // Where something waits for sessions to end they are counted each time; elsewhere they are told to people only, so that no command waits for them.
  const calm = commands.length === 0;
  const counts = (one: DesiredBackend): boolean => calm || countsSessions(one) || leaving.has(one.backend);
  const counted = new Set(backends.filter(counts).map(({ backend }) => backend));
  const reads = backends.flatMap(({ backend }) => showBackend(backend, ids.get(backend), counted.has(backend)));
  const before = new Map(known?.servers.map((server) => [serverKey(server), server]));
  const servers = new Map<string, ServerFact>();
  const sessions = new Map<string, number>();
  const mostSessions = new Map<string, number>();
  const backups = new Map<string, boolean>();
  const notes: string[] = [];
  let worker: WorkerFact | undefined;
  for (const line of lines(commands, reads)) {
    const answer = await socket.transact(line);
    if (answer.kind !== 'answer') return answer;
    const parsed = parseAnswer(answer.text);
    const broken = incomplete(parsed, answer.text, line);
    if (broken !== undefined || parsed.worker === undefined) {
      return { kind: 'protocol', error: `${socket.path}: ${broken ?? '"show info" was not answered'}` };
    }
    if (worker !== undefined && !sameWorker(worker, parsed.worker)) return { kind: 'moved' };
    worker = parsed.worker;
    for (const server of parsed.servers) servers.set(serverKey(server), server);
    for (const [key, count] of parsed.sessions) sessions.set(key, count);
    for (const [key, is] of parsed.backups) backups.set(key, is);
    for (const [key, count] of parsed.mostSessions) mostSessions.set(key, Math.max(count, mostSessions.get(key) ?? 0));
    notes.push(...parsed.notes);
  }
  if (worker === undefined) return { kind: 'moved' };
  return {
    kind: 'facts',
    facts: {
      worker,
      servers: [...servers.values()].map((server) => {
        const key = serverKey(server);
        const earlier = before.get(key);
        return {
          ...server,
          sessions: counted.has(server.backend) ? sessions.get(key) : earlier?.sessions,
          backup: backups.get(key) ?? earlier?.backup,
        };
      }),
    },
    mostSessions,
    notes,
  };
}

/** Each `show servers state` must have been answered by a whole table or by a refusal; otherwise the answer was cut off. */
function incomplete(parsed: ParsedAnswer, text: string, line: readonly string[]): string | undefined {
  const [broken] = parsed.broken;
  if (broken !== undefined) return `an unreadable line: ${broken.slice(0, 200)}`;
  if (!text.endsWith('\n\n')) return 'the answer was cut off';
  const asked = line.filter((command) => command.startsWith('show servers state ')).length;
  const refused = parsed.notes.filter((note) => note === "Can't find backend.").length;
  return parsed.tables + refused < asked ? 'a table is missing in the answer' : undefined;
}
