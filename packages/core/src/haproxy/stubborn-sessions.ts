// Sessions that outlive `shutdown sessions server` in the worker that takes new connections. HAProxy before 3.1 has no sure hand there: it tells a session to end
// from another thread than the session's own, and it does not count those that wait in the server's own queue. Where a server that has to be empty has lost none of
// its sessions for a while they are listed and ended one by one, through the worker's tail; whoever ends in time is never listed.
import type { Clock } from '../model/clock.ts';
import { after, type Millis, millis } from '../model/units.ts';
import { isSafeName, type ServerName } from './commands.ts';
import type { Wanted } from './match.ts';
import { isHeldInMaint, serverKey } from './parse.ts';
import { pauseAfter, sweep } from './sweep.ts';
import type { Tail } from './tail.ts';

/** Two tries to end them all at once have gone by, the second one some time ago. */
const RESIST_MS = 30;
/** Where clients come and go by themselves the number may fall for ever. */
const LONG_MS = 300;
/** A list is made for a tenth of the time at most. */
const COST = 10;

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
  /** Some were told to end. */
  readonly onEnded: () => void;
}

export class StubbornSessions {
  readonly #around: StubbornSurroundings;
  #resisting = new Map<string, Resisting>();
  #round = 0;
  #busy = false;
  #nextAt = millis(Number.NEGATIVE_INFINITY);

  constructor(around: StubbornSurroundings) {
    this.#around = around;
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
    for (const server of servers) this.#resisting.delete(serverKey(server));
  }

  /** Another worker: nothing is known of its sessions. */
  otherWorker(): void {
    this.#resisting.clear();
    this.#round = 0;
  }

  #stubborn(now: Millis): ReadonlySet<string> {
    const stubborn = [...this.#resisting].filter(
      ([, { since, first }]) => now - since >= RESIST_MS || now - first >= LONG_MS,
    );
    return new Set(stubborn.map(([key]) => key));
  }

  async #sweep(begunAt: Millis): Promise<void> {
    const { clock, tail: current, onEnded } = this.#around;
    const tail = current();
    if (tail === undefined) return;
    this.#busy = true;
    const ended = await sweep(tail, (sessions) => {
      if (current() !== tail) return [];
      // As it is known now: while the list was made another decision may have come.
      const stubborn = this.#stubborn(clock.now());
      return sessions.filter((session) => stubborn.has(serverKey(session)));
    });
    const now = clock.now();
    this.#busy = false;
    this.#round += 1;
    this.#nextAt = after(now, Math.max(pauseAfter(this.#round), COST * (now - begunAt)));
    if (ended !== undefined && ended.length > 0) onEnded();
  }
}
