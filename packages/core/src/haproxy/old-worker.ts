// One worker that a reload or a soft stop has left behind: it serves its sessions on, and no `set server` reaches it. Through the tail, a
// connection from when it was young, its sessions are listed, and those are ended that a write service must not have.
//
//   reached (listed, ended, listed again) ──nobody connected──▶ gone
//      └──tail lost, process still there──▶ out of reach ──process gone──▶ gone
//
// Out of reach, its sessions end by themselves, by `hard-stop-after`, or by whoever stops that process. It is told, never assumed to be empty.
import { type Clock, sleep } from '../model/clock.ts';
import { after, type Millis } from '../model/units.ts';
import type { AskedBackends } from './asked.ts';
import type { DesiredBackend } from './desired.ts';
import { countByBackend, drainingSessions, dueSessions, fencedLines } from './due-sessions.ts';
import { remaining, STRAGGLER_MS } from './let-go.ts';
import { match } from './match.ts';
import { isShut, type SessionFact, type TargetFacts, type WorkerFact } from './parse.ts';
import { LineMemory, type Remembered } from './remembered.ts';
import { pauseAfter, sweep } from './sweep.ts';
import type { Tail } from './tail.ts';

/** How often it is looked at while nothing is due. */
const LOOK_MS = 1_000;
/** Having lost sessions, or being replaced only just now, it is looked at sooner. */
const LOOK_SOON_MS = 100;
const YOUNG_FOR_MS = 2_000;
/** For as long as this after it was replaced it is likely to be told to stop any moment. */
const STOPS_WITHIN_MS = 1_000;
/** How long a worker out of reach is believed to be there where nothing shows when it ends. */
const BELIEVED_FOR_MS = 600_000;
/** A process that ends closes its connections a moment before it is gone: that is not told as out of reach. */
const TOLD_AFTER_MS = 1_000;

export interface OldWorkerStatus {
  readonly pid: number;
  /** Open client connections; undefined: out of reach, or not yet known. */
  readonly connections: number | undefined;
  readonly reachable: boolean;
  /** Sessions on servers that a write service has fenced. */
  readonly fencedSessions: number;
}

export interface OldWorkerSurroundings {
  readonly clock: Clock;
  readonly asked: AskedBackends;
  readonly isAlive: (pid: number) => boolean;
  /** Something was found out about it. */
  readonly onChange: () => void;
}

export interface OldWorkerOrigin {
  /** Undefined: none stood to it. */
  readonly tail: Tail | undefined;
  readonly facts: TargetFacts;
  /** Its process id means something here: it is in our pid namespace. */
  readonly visible: boolean;
  /** It has HAProxy's own watchdog. */
  readonly watched: boolean;
}

interface Listing {
  /** What was asked when it was made. */
  readonly version: number;
  /** Sessions that have to go, and those that may stay for now on a server that drains; by backend. */
  readonly due: ReadonlyMap<string, number>;
  readonly draining: ReadonlyMap<string, number>;
  /** Made so long after the worker stopped taking connections that none can be missing. */
  readonly complete: boolean;
}

export class OldWorker {
  readonly facts: TargetFacts;
  readonly #around: OldWorkerSurroundings;
  readonly #since: Millis;
  readonly #visible: boolean;
  readonly #watched: boolean;
  readonly #reachedOnce: boolean;
  /** For whom its lines stood, so that sessions on one that stands for nobody any more end as the policy says. */
  readonly #lines = new LineMemory();
  #tail: Tail | undefined;
  #lostAt: Millis;
  #connections: number | undefined;
  #stoppingSince: Millis | undefined;
  #listing: Listing | undefined;
  #lookAt: Millis;
  #busy = false;
  #emptied = false;
  #feeding: 'no' | 'yes' | 'again' = 'no';
  #ended = 0;

  /** Looks at the worker at once. */
  constructor({ tail, facts, visible, watched }: OldWorkerOrigin, around: OldWorkerSurroundings) {
    this.facts = facts;
    this.#tail = tail;
    this.#visible = visible;
    this.#watched = watched;
    this.#around = around;
    this.#reachedOnce = tail !== undefined;
    const now = around.clock.now();
    this.#since = now;
    this.#lostAt = now;
    this.#lookAt = now;
    this.#remember(around.asked.all().map(({ desired }) => desired));
    this.look();
  }

  get worker(): WorkerFact {
    return this.facts.worker;
  }

  get reached(): boolean {
    return this.#tail !== undefined && !this.#tail.ended;
  }

  /** It has been told to stop: it takes no new connections. */
  get stopping(): boolean {
    return this.#stoppingSince !== undefined;
  }

  /** Sessions that were ended in it. */
  get sessionsEnded(): number {
    return this.#ended;
  }

  has(tail: Tail): boolean {
    return this.#tail === tail;
  }

  /** To be called now and then. False: it is gone. */
  tick(): boolean {
    const now = this.#around.clock.now();
    if (this.#tail !== undefined && !this.#tail.ended) {
      if (now >= this.#lookAt) this.look();
      return true;
    }
    // Nobody is connected to it and nobody can be: it only has to end.
    if (this.#emptied) return this.#visible && this.#around.isAlive(this.worker.pid);
    if (this.#tail !== undefined) this.#lostAt = now;
    this.#tail = undefined;
    if (this.#visible) return this.#around.isAlive(this.worker.pid);
    // Elsewhere a tail that ended without our doing ended with its worker; of a worker that never had one nothing is known.
    return !this.#reachedOnce && now - this.#since < BELIEVED_FOR_MS;
  }

  /** Lists, ends what has to go, and lists again until nothing has. Waits as long as the worker hangs; nobody waits for it. */
  look(): void {
    const tail = this.#tail;
    if (tail === undefined || this.#busy) return;
    this.#busy = true;
    const ended = this.#ended;
    void this.#sweep(tail).then(() => {
      const now = this.#around.clock.now();
      const soon = this.#ended > ended || now - this.#since < YOUNG_FOR_MS;
      this.#busy = false;
      this.#lookAt = after(now, soon ? LOOK_SOON_MS : LOOK_MS);
      this.#around.onChange();
    });
  }

  /** Out of reach, or no session is left that has to go from this write service. */
  clear(backend: string): boolean {
    return !this.reached || (this.#isCurrent(backend) && this.remaining(backend) === 0);
  }

  /** Sessions that have to go from this write service, as far as they were listed. */
  remaining(backend: string): number {
    return this.#listing?.due.get(backend) ?? 0;
  }

  /** Why it may still have sessions of this write service on a server that shall not be ready. Undefined: it has none. */
  holds(backend: string): string | undefined {
    const { pid } = this.worker;
    if (!this.reached) return this.#emptied ? undefined : `old worker pid ${pid} can not be reached`;
    if (!this.#isCurrent(backend)) return `old worker pid ${pid} has not listed its sessions yet`;
    const sessions = this.remaining(backend) + (this.#listing?.draining.get(backend) ?? 0);
    if (sessions > 0) return `${remaining(sessions)} on ${backend} in old worker pid ${pid}`;
    return this.#listing?.complete === true ? undefined : `old worker pid ${pid} was replaced only just now`;
  }

  #isCurrent(backend: string): boolean {
    const since = this.#around.asked.of(backend)?.since;
    return since !== undefined && this.#listing !== undefined && this.#listing.version >= since;
  }

  /** Undefined: nothing to tell. */
  status(): OldWorkerStatus | undefined {
    const { reached } = this;
    if (this.#emptied || (!reached && this.#around.clock.now() - this.#lostAt < TOLD_AFTER_MS)) return undefined;
    const fencedSessions = [...(this.#listing?.due.values() ?? [])].reduce((sum, count) => sum + count, 0);
    const connections = reached ? this.#connections : undefined;
    return { pid: this.worker.pid, connections, reachable: reached, fencedSessions };
  }

  /** Feeds its watchdog with commands made when they are sent. While it does not answer the next ones wait; of those the last counts. */
  feed(commands: () => readonly string[], onAnswer: (text: string) => void): void {
    const tail = this.#tail;
    if (tail === undefined || !this.#watched) return;
    if (this.#feeding !== 'no') {
      this.#feeding = 'again';
      return;
    }
    this.#feeding = 'yes';
    void tail.order(commands).then((text) => {
      const again = this.#feeding === 'again';
      this.#feeding = 'no';
      if (text !== undefined) onAnswer(text);
      if (again) this.feed(commands, onAnswer);
    });
  }

  /** It is the current worker after all: gives its tail back and stops looking. */
  release(): Tail | undefined {
    const tail = this.#tail;
    this.#tail = undefined;
    return tail;
  }

  close(): void {
    this.#tail?.close();
  }

  async #sweep(tail: Tail): Promise<void> {
    const { clock, asked } = this.#around;
    for (let round = 1; this.#tail === tail && !tail.ended; round += 1) {
      const { version } = asked;
      const backends = asked.all().map(({ desired }) => desired);
      const begunAt = clock.now();
      const worker = await tail.worker();
      if (worker === undefined || this.#tail !== tail) return;
      this.#connections = worker.currConns;
      if (worker.stopping) this.#stoppingSince ??= clock.now();
      if (worker.currConns === 0 && worker.stopping) {
        // An open tail would keep an empty worker from ending.
        this.#emptied = true;
        return tail.close();
      }
      if (version === 0) return;
      const remembered = this.#remember(backends);
      // For a moment both workers take connections. This one still obeys, and so gets no session that it must not have.
      if (!worker.stopping) await tail.fence(fencedLines(this.facts, backends, remembered));
      const complete = this.#stoppingSince !== undefined && begunAt - this.#stoppingSince >= STRAGGLER_MS;
      const due = await sweep(tail, (sessions) => {
        const going = dueSessions(sessions, this.facts, backends, remembered);
        const draining = drainingSessions(sessions, this.facts, backends);
        this.#listing = { version, due: this.#reaching(going), draining: this.#reaching(draining), complete };
        return going;
      });
      if (due === undefined) return;
      if (due.length > 0) {
        if (round === 1) this.#ended += due.length;
        await sleep(clock, pauseAfter(round));
      } else if (version === asked.version) {
        const stopsSoon = this.#stoppingSince !== undefined || clock.now() - this.#since < STOPS_WITHIN_MS;
        if (complete || !stopsSoon) return;
        await sleep(clock, STRAGGLER_MS);
      }
    }
  }

  /** Whose client is gone can reach nobody, and no command ends it: nobody waits for it. */
  #reaching(sessions: readonly SessionFact[]): ReadonlyMap<string, number> {
    return countByBackend(sessions.filter((session) => !isShut(session, this.worker.version)));
  }

  #remember(backends: readonly DesiredBackend[]): Remembered {
    const now = this.#around.clock.now();
    const reads = backends.filter(({ exclusive }) => !exclusive);
    this.#lines.read(
      reads.flatMap((backend) => match(this.facts.servers, backend).wanted),
      now,
      now,
    );
    return this.#lines.at(now, new Map());
  }
}
