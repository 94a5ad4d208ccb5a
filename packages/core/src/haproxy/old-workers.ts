// What a reload leaves behind: workers that still serve their sessions and that no `set server` reaches. Keeps a tail connection to the
// current worker, and through the tails of old ones ends the sessions that a write service must not have.
//
//   current (tail opened while young) --reload--> old (listed, sessions ended when due) --no connection left--> let go
//
// A worker that was replaced before a tail stood (a reload right after a start, or before this router was started) can't be reached: its
// sessions end by themselves, by `hard-stop-after`, or by whoever stops that process. It is told as unreachable, never assumed to be empty.
import { type Clock, sleep } from '../model/clock.ts';
import { after, type Millis } from '../model/units.ts';
import { isSafeName } from './commands.ts';
import type { Desired } from './desired.ts';
import { match } from './match.ts';
import {
  type ServerFact,
  type SessionFact,
  sameWorker,
  serverKey,
  type TargetFacts,
  type WorkerFact,
} from './parse.ts';
import { Tail } from './tail.ts';

/** Below half of the default `stats timeout` (10 s). */
const KEEPALIVE_MS = 4_000;
/** How often an old worker is looked at while nothing is due. */
const LOOK_MS = 1_000;
/** Having lost sessions, or being replaced only just now, it is looked at sooner. */
const LOOK_SOON_MS = 100;
const ROUND_MS = 2;
const RESISTING_MS = 50;
const YOUNG_FOR_MS = 2_000;
/** How long a worker out of reach is told of: nothing shows when it ends. */
const UNREACHABLE_FOR_MS = 600_000;

export interface OldWorkerStatus {
  readonly pid: number;
  /** Open client connections; undefined: out of reach, or not yet known. */
  readonly connections: number | undefined;
  readonly reachable: boolean;
  /** Sessions on servers that a write service has fenced. */
  readonly fencedSessions: number;
}

interface OldWorker {
  readonly tail: Tail | undefined;
  readonly facts: TargetFacts;
  readonly since: Millis;
  connections: number | undefined;
  /** The last listing: for which decision, and how many sessions had to go, by backend. */
  listing: { readonly epoch: number; readonly due: ReadonlyMap<string, number> } | undefined;
  lookAt: Millis;
  busy: boolean;
}

export class OldWorkers {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #current: { readonly tail: Tail; facts: TargetFacts; confirmed: boolean; askedAt: Millis } | undefined;
  /** The last worker that a tail stood to: if it is gone now, so is the worker. */
  #followed: WorkerFact | undefined;
  #old: OldWorker[] = [];
  #desired: Desired | undefined;
  #epoch = 0;
  #ended = 0;
  #closed = false;

  constructor(options: { readonly path: string; readonly clock: Clock; readonly onChange: () => void }) {
    this.#path = options.path;
    this.#clock = options.clock;
    this.#onChange = options.onChange;
  }

  /** The current worker was read back: keeps a tail to it, opening one if there is none. */
  young(facts: TargetFacts): void {
    const current = this.#current;
    if (current !== undefined && sameWorker(current.facts.worker, facts.worker)) {
      current.facts = facts;
      if (current.confirmed && this.#clock.now() - current.askedAt >= KEEPALIVE_MS) {
        current.askedAt = this.#clock.now();
        void current.tail.worker();
      }
      return;
    }
    if (this.#closed) return;
    current?.tail.close();
    const tail = new Tail(this.#path, () => {
      if (this.#current?.tail === tail) this.#current = undefined;
    });
    const opened = { tail, facts, confirmed: false, askedAt: this.#clock.now() };
    this.#current = opened;
    void tail.worker().then((worker) => {
      // A reload between the read-back and this connection: the tail is another worker's. The next read-back opens a new one.
      if (worker === undefined || !sameWorker(facts.worker, worker)) {
        tail.close();
      } else {
        opened.confirmed = true;
        this.#followed = worker;
      }
    });
  }

  /** The worker of these facts was replaced: its tail, if there is one, is that of an old worker now. */
  aged(facts: TargetFacts): void {
    const current = this.#current;
    const reached =
      current?.confirmed === true && !current.tail.ended && sameWorker(current.facts.worker, facts.worker);
    this.#current = undefined;
    if (!reached) current?.tail.close();
    const ended = !reached && this.#followed !== undefined && sameWorker(this.#followed, facts.worker);
    if (ended || (!reached && facts.worker.currConns === 0)) return;
    const now = this.#clock.now();
    const old: OldWorker = {
      tail: reached ? current.tail : undefined,
      facts: reached ? current.facts : facts,
      since: now,
      connections: undefined,
      listing: undefined,
      lookAt: now,
      busy: false,
    };
    this.#old.push(old);
    this.#look(old);
  }

  /** Another decision: from now on these sessions have to go. */
  decided(desired: Desired): void {
    this.#desired = desired;
    this.#epoch += 1;
    for (const old of this.#old) this.#look(old);
  }

  /** To be called now and then: looks after old workers, forgets those that have ended. */
  tick(): void {
    const now = this.#clock.now();
    this.#old = this.#old.filter((old) =>
      old.tail === undefined ? now - old.since < UNREACHABLE_FOR_MS : !old.tail.ended,
    );
    for (const old of this.#old) if (now >= old.lookAt) this.#look(old);
  }

  /** No old worker that a tail reaches has a session left that the newest decision wants gone from this write service. */
  clear(backend: string): boolean {
    return this.#old.every(
      (old) =>
        old.tail === undefined ||
        old.tail.ended ||
        (old.listing?.epoch === this.#epoch && (old.listing.due.get(backend) ?? 0) === 0),
    );
  }

  /** Sessions in old workers that the newest decision wants gone from this write service, as far as they were listed. */
  remaining(backend: string): number {
    return this.#old.reduce((sum, { listing }) => sum + (listing?.due.get(backend) ?? 0), 0);
  }

  /** Sessions that were ended through tails since the start. */
  get sessionsEnded(): number {
    return this.#ended;
  }

  status(): readonly OldWorkerStatus[] {
    return this.#old
      .filter((old) => old.tail?.ended !== true)
      .map((old) => ({
        pid: old.facts.worker.pid,
        connections: old.connections,
        reachable: old.tail !== undefined,
        fencedSessions: [...(old.listing?.due.values() ?? [])].reduce((sum, count) => sum + count, 0),
      }));
  }

  close(): void {
    this.#closed = true;
    this.#current?.tail.close();
    for (const { tail } of this.#old) tail?.close();
  }

  /** Lists, ends what has to go, and lists again until nothing has. Waits as long as the worker hangs; nobody waits for it. */
  #look(old: OldWorker): void {
    const { tail } = old;
    if (tail === undefined || old.busy) return;
    old.busy = true;
    const ended = this.#ended;
    void this.#sweep(old, tail).then(() => {
      const now = this.#clock.now();
      const soon = this.#ended > ended || now - old.since < YOUNG_FOR_MS;
      old.busy = false;
      old.lookAt = after(now, soon ? LOOK_SOON_MS : LOOK_MS);
      this.#onChange();
    });
  }

  async #sweep(old: OldWorker, tail: Tail): Promise<void> {
    for (let round = 1; !tail.ended; round += 1) {
      const epoch = this.#epoch;
      const desired = this.#desired;
      const worker = await tail.worker();
      if (worker === undefined) return;
      old.connections = worker.currConns;
      // An open tail would keep an empty worker from ending.
      if (worker.currConns === 0) return tail.close();
      if (desired === undefined) return;
      // For a moment both workers take connections. This one still obeys, and so gets no session that it must not have.
      if (!worker.stopping) await tail.fence(fencedLines(old.facts, desired));
      const sessions = await tail.sessions();
      if (sessions === undefined) return;
      const due = dueSessions(sessions, old.facts, desired);
      const counts = new Map<string, number>();
      for (const { backend } of due) counts.set(backend, (counts.get(backend) ?? 0) + 1);
      old.listing = { epoch, due: counts };
      if (due.length === 0) {
        if (epoch === this.#epoch) return;
        continue;
      }
      await tail.shutdown(due.map((session) => session.id));
      if (round === 1) this.#ended += due.length;
      // They end a moment later; those that resist are asked again, but not hot.
      await sleep(this.#clock, round < 20 ? ROUND_MS : RESISTING_MS);
    }
  }
}

/** Lines of write services that shall be in maint. */
function fencedLines(facts: TargetFacts, desired: Desired): readonly ServerFact[] {
  return desired.backends
    .filter(({ exclusive }) => exclusive)
    .flatMap((backend) => match(facts.servers, backend).wanted)
    .filter(({ line, state }) => state === 'maint' && isSafeName(line.backend) && isSafeName(line.server))
    .map(({ line }) => line);
}

/** Sessions in write services on a server that shall be in maint, and those that still wait and could be given such a server. */
export function dueSessions(
  sessions: readonly SessionFact[],
  facts: TargetFacts,
  desired: Desired,
): readonly SessionFact[] {
  const stay = new Set<string>();
  const waitersStay = new Set<string>();
  const exclusive = new Set<string>();
  for (const backend of desired.backends) {
    if (!backend.exclusive) continue;
    exclusive.add(backend.backend);
    const { wanted } = match(facts.servers, backend);
    for (const { line, state } of wanted) if (state !== 'maint') stay.add(serverKey(line));
    if (wanted.every(({ line, state }) => state !== 'maint' || line.maint)) waitersStay.add(backend.backend);
  }
  return sessions.filter((session) => {
    if (!exclusive.has(session.backend)) return false;
    return session.server === '<none>' ? !waitersStay.has(session.backend) : !stay.has(serverKey(session));
  });
}
