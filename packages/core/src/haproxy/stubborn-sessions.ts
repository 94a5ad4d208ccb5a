// Sessions that outlive `shutdown sessions server` in the worker that takes new connections. Where a server that has to be empty has lost none for a while they
// are listed, through the worker's tail, and ended one by one; whoever ends in time is never listed. The list also shows what no command ends, and what nobody has
// to wait for (HAProxy 2.6.12, measured): a session whose client is gone while the server has not answered yet, and one that HAProxy counts though it has ended.
import type { Clock } from '../model/clock.ts';
import { after, longAgo, type Millis } from '../model/units.ts';
import { isSafeName, type ServerName } from './commands.ts';
import type { Wanted } from './match.ts';
import { isHeldInMaint, isShut, type ServerFact, type SessionFact, serverKey, type TargetFacts } from './parse.ts';
import { linesAfter, linesOf } from './server-lines.ts';
import { pauseAfter, sweep } from './sweep.ts';
import type { Tail } from './tail.ts';

/** Two tries to end them all at once have gone by, the second one some time ago. */
const RESIST_MS = 30;
/** Where clients come and go by themselves the number may fall for ever. */
const LONG_MS = 300;
/** A list is made for a tenth of the time at most. */
const COST = 10;
/** The backend of a connection to the Runtime API. */
const OUR_OWN = '<NONE>';

interface Resisting {
  readonly sessions: number;
  /** Since when there are no fewer, and since when there are any. */
  readonly since: Millis;
  readonly first: Millis;
}

export interface StubbornSurroundings {
  readonly clock: Clock;
  /** To the worker that was read back; undefined: none stands. */
  readonly tail: () => Pick<Tail, 'sessions' | 'shutdown'> | undefined;
  /** Sessions were listed, and those told to end that had to. */
  readonly onListed: () => void;
}

export class StubbornSessions {
  readonly #around: StubbornSurroundings;
  #resisting = new Map<string, Resisting>();
  /** Servers on which nobody is who could still reach them, and how many sessions HAProxy counted there at that time. */
  readonly #deserted = new Map<string, number>();
  #version = '';
  #round = 0;
  #busy = false;
  #nextAt = longAgo;

  constructor(around: StubbornSurroundings) {
    this.#around = around;
  }

  /**
   * The facts, with no session on servers that were found deserted: for as long as they are held in maint, where no new ones come, and HAProxy counts as many as
   * it did then.
   */
  corrected(facts: TargetFacts): TargetFacts {
    this.#version = facts.worker.version;
    if (this.#deserted.size === 0) return facts;
    const concerned = new Set([...this.#deserted.keys()].map((key) => key.slice(0, key.indexOf('/'))));
    const lines = [...concerned].map((backend) => {
      const read = linesOf(facts.servers, backend);
      return [backend, read.map((line) => this.#correctedLine(line))] as const;
    });
    const backends = [...new Set(facts.servers.map(({ backend }) => backend))];
    return { ...facts, servers: linesAfter(facts.servers, backends, new Map(lines)) };
  }

  #correctedLine(line: ServerFact): ServerFact {
    const counted = this.#deserted.get(serverKey(line));
    if (counted === undefined) return line;
    if (isHeldInMaint(line) && line.sessions === counted) return { ...line, sessions: 0 };
    this.#deserted.delete(serverKey(line));
    return line;
  }

  /** What was read back. Nobody waits for what it leads to. */
  read(wanted: readonly Wanted[]): void {
    const now = this.#around.clock.now();
    const resisting = new Map<string, Resisting>();
    for (const { line, ends } of wanted) {
      const { sessions = 0 } = line;
      if (!ends || sessions === 0 || !isHeldInMaint(line)) continue;
      if (!isSafeName(line.backend) || !isSafeName(line.server)) continue;
      const key = serverKey(line);
      const before = this.#resisting.get(key);
      const since = before !== undefined && sessions >= before.sessions ? before.since : now;
      resisting.set(key, { sessions, since, first: before?.first ?? now });
    }
    this.#resisting = resisting;
    if (resisting.size === 0) this.#round = 0;
    else if (!this.#busy && now >= this.#nextAt && this.#stubborn(now).size > 0) void this.#sweep(now);
  }

  /** These servers are about to be let in: whoever is on them from now on may stay. */
  opening(servers: readonly ServerName[]): void {
    for (const server of servers) {
      this.#resisting.delete(serverKey(server));
      this.#deserted.delete(serverKey(server));
    }
  }

  /** Another worker: nothing is known of its sessions. */
  otherWorker(): void {
    this.#resisting.clear();
    this.#deserted.clear();
    this.#round = 0;
  }

  #stubborn(now: Millis): ReadonlySet<string> {
    const stubborn = [...this.#resisting].filter(
      ([, { since, first }]) => now - since >= RESIST_MS || now - first >= LONG_MS,
    );
    return new Set(stubborn.map(([key]) => key));
  }

  async #sweep(begunAt: Millis): Promise<void> {
    const { clock, tail: current, onListed } = this.#around;
    const tail = current();
    if (tail === undefined) return;
    this.#busy = true;
    const ended = await sweep(tail, (sessions) => {
      if (current() !== tail) return [];
      // What resisted before the list was begun and does so still: meanwhile it may have been let in and taken out again, with others on it.
      const stubborn = this.#stubborn(begunAt);
      this.#desert(stubborn, sessions);
      return sessions.filter((session) => stubborn.has(serverKey(session)));
    });
    const now = clock.now();
    this.#busy = false;
    this.#round += 1;
    this.#nextAt = after(now, Math.max(pauseAfter(this.#round), COST * (now - begunAt)));
    if (ended !== undefined) onListed();
  }

  /** Finds out on which of these servers nobody is any more, if the list can be read whole: our own connection is in it too. */
  #desert(stubborn: ReadonlySet<string>, sessions: readonly SessionFact[]): void {
    if (sessions.some(({ backend }) => backend === '') || !sessions.some(({ backend }) => backend === OUR_OWN)) return;
    const present = new Set(sessions.filter((session) => !isShut(session, this.#version)).map(serverKey));
    for (const key of stubborn) {
      const counted = this.#resisting.get(key)?.sessions;
      if (counted !== undefined && !present.has(key)) this.#deserted.set(key, counted);
    }
  }
}
