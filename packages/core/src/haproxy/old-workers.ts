// What reloads leave behind: keeps a tail connection to the current worker, so that it can still be reached when it is an old one, and the list of
// the old ones.
//
//   current (tail opened while young) ──reload, or nobody listens any more──▶ old ──▶ gone (old-worker.ts)
//
// A worker that was replaced before a tail stood (a reload right after a start) can't be reached. One that was replaced before this router was
// started is not even known.
import type { Clock } from '../model/clock.ts';
import type { Millis } from '../model/units.ts';
import type { AskedBackends } from './asked.ts';
import { OldWorker, type OldWorkerStatus, type OldWorkerSurroundings } from './old-worker.ts';
import { sameWorker, type TargetFacts, type WorkerFact } from './parse.ts';
import { Tail } from './tail.ts';

export type { OldWorkerStatus } from './old-worker.ts';

/** Below half of the default `stats timeout` (10 s). */
const KEEPALIVE_MS = 4_000;

interface Current {
  readonly tail: Tail;
  facts: TargetFacts;
  /** The tail has told that this worker is at its other end. */
  confirmed: boolean;
  askedAt: Millis;
}

export interface OldWorkersOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly asked: AskedBackends;
  /** Whether a process is there. */
  readonly isAlive: (pid: number) => boolean;
  /** Something was found out about an old worker. */
  readonly onChange: () => void;
}

export class OldWorkers {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #around: OldWorkerSurroundings;
  #current: Current | undefined;
  /** The last worker whose process id was found among ours while it answered. */
  #visible: WorkerFact | undefined;
  /** The last worker that a tail stood to, and the last one that was taken for replaced. */
  #followed: WorkerFact | undefined;
  #aged: WorkerFact | undefined;
  #old: readonly OldWorker[] = [];
  #endedInGone = 0;
  #closed = false;

  constructor(options: OldWorkersOptions) {
    this.#path = options.path;
    this.#clock = options.clock;
    this.#around = options;
  }

  /** The current worker was read back: keeps a tail to it, opening one if there is none. */
  young(facts: TargetFacts): void {
    const { worker } = facts;
    if (!this.#isVisible(worker) && this.#around.isAlive(worker.pid)) this.#visible = worker;
    this.#aged = undefined;
    this.#takeBack(facts);
    const current = this.#current;
    if (current !== undefined && sameWorker(current.facts.worker, worker)) {
      current.facts = facts;
      if (current.confirmed && this.#clock.now() - current.askedAt >= KEEPALIVE_MS) {
        current.askedAt = this.#clock.now();
        void current.tail.worker();
      }
      return;
    }
    if (this.#closed) return;
    current?.tail.close();
    const tail = new Tail(this.#path, () => this.#tailEnded(tail));
    const opened: Current = { tail, facts, confirmed: false, askedAt: this.#clock.now() };
    this.#current = opened;
    void tail.worker().then((answering) => {
      // A reload between the read-back and this connection: the tail is another worker's. The next read-back opens a new one.
      if (answering === undefined || !sameWorker(worker, answering)) {
        tail.close();
      } else {
        opened.confirmed = true;
        this.#followed = answering;
      }
    });
  }

  /**
   * The worker of these facts was replaced, or does not listen any more: its tail, if there is one, is that of an old worker now. `watched`: it has
   * HAProxy's own watchdog.
   */
  aged(facts: TargetFacts, watched: boolean): void {
    const { worker } = facts;
    if (this.#aged !== undefined && sameWorker(this.#aged, worker)) return;
    this.#aged = worker;
    const current = this.#current;
    const reached = current?.confirmed === true && !current.tail.ended && sameWorker(current.facts.worker, worker);
    this.#current = undefined;
    if (!reached) current?.tail.close();
    const visible = this.#isVisible(worker);
    if (!reached && !(visible ? this.#around.isAlive(worker.pid) : this.#mayServe(worker))) return;
    const tail = reached ? current.tail : undefined;
    const origin = { tail, facts: reached ? current.facts : facts, visible, watched };
    this.#old = [...this.#old, new OldWorker(origin, this.#around)];
  }

  /** The connection to this worker, if it is the current one and the connection is known to be its. */
  tailOf(worker: WorkerFact): Tail | undefined {
    const current = this.#current;
    if (current?.confirmed !== true || current.tail.ended || !sameWorker(current.facts.worker, worker))
      return undefined;
    return current.tail;
  }

  /** Another decision: from now on other sessions have to go. */
  decided(): void {
    for (const old of this.#old) old.look();
  }

  /** To be called now and then: looks after old workers, forgets those that have ended. */
  tick(): void {
    if (this.#old.length === 0) return;
    this.#old = this.#old.filter((old) => {
      const there = old.tick();
      if (!there) this.#endedInGone += old.sessionsEnded;
      return there;
    });
  }

  /** No old worker that a tail reaches has a session left that the newest decision wants gone from this write service. */
  clear(backend: string): boolean {
    return this.#old.every((old) => old.clear(backend));
  }

  /** Sessions in old workers that the newest decision wants gone from this write service, as far as they were listed. */
  remaining(backend: string): number {
    return this.#old.reduce((sum, old) => sum + old.remaining(backend), 0);
  }

  /** Why an old worker may have sessions of this write service on a server that shall not be ready. Undefined: none has. */
  holds(backend: string): string | undefined {
    for (const old of this.#old) {
      const why = old.holds(backend);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  /** Those that are left. `stopping`: the worker was seen to have been told to stop. */
  left(): readonly { readonly pid: number; readonly stopping: boolean }[] {
    return this.#old.map(({ worker: { pid }, stopping }) => ({ pid, stopping }));
  }

  /** Feeds the watchdogs of all that can be reached, with commands made when they are sent. */
  feed(commands: () => readonly string[], onAnswer: (text: string) => void): void {
    for (const old of this.#old) old.feed(commands, onAnswer);
  }

  /** Sessions that were ended through tails since the start. */
  get sessionsEnded(): number {
    return this.#old.reduce((sum, old) => sum + old.sessionsEnded, this.#endedInGone);
  }

  status(): readonly OldWorkerStatus[] {
    return this.#old.flatMap((old) => old.status() ?? []);
  }

  close(): void {
    this.#closed = true;
    this.#current?.tail.close();
    for (const old of this.#old) old.close();
  }

  /** It was only taken for replaced. */
  #takeBack(facts: TargetFacts): void {
    const old = this.#old.find(({ worker }) => sameWorker(worker, facts.worker));
    if (old === undefined) return;
    this.#old = this.#old.filter((one) => one !== old);
    this.#endedInGone += old.sessionsEnded;
    const { reached } = old;
    const tail = old.release();
    if (tail === undefined || !reached) return;
    this.#current?.tail.close();
    this.#current = { tail, facts, confirmed: true, askedAt: this.#clock.now() };
  }

  #tailEnded(tail: Tail): void {
    if (this.#current?.tail === tail) this.#current = undefined;
    if (this.#old.some((old) => old.has(tail))) this.#around.onChange();
  }

  #isVisible(worker: WorkerFact): boolean {
    return this.#visible !== undefined && sameWorker(this.#visible, worker);
  }

  /** Of a worker whose process can't be seen: it had connections, and no tail has ended with it. */
  #mayServe(worker: WorkerFact): boolean {
    const followed = this.#followed !== undefined && sameWorker(this.#followed, worker);
    return !followed && worker.currConns > 0;
  }
}
