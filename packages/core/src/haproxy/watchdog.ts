// Feeds HAProxy's own watchdog (haproxy/pgrouted-watchdog.lua), which closes a write service by itself when nothing is heard from us in time. Apart
// from the transactions: short connections of its own, one at a time, so that neither waits for the other.
//
//   unknown ──asked, answers──▶ known ──fed each time a deadline moves──▶ armed        (another worker: unknown again)
//      └──"Unknown command", or no answer──▶ absent
//
// It is asked before it is armed for the first time: in HAProxy 3.0.0 a Lua command is carried out but never answered, and what was armed so could
// not be fed in an old worker, where an answer that does not come would block the tail.
import type { Clock } from '../model/clock.ts';
import { after, type Millis, millis } from '../model/units.ts';
import { armWatchdog, disarmWatchdog, isSafeName, lines, SHOW_WATCHDOG } from './commands.ts';
import { parseAnswer, sameWorker, type WorkerFact } from './parse.ts';
import type { TargetStatus } from './report.ts';
import { RuntimeSocket } from './runtime.ts';

/** A worker that did not answer the first question is asked again after this time. */
const ASK_AGAIN_MS = 10_000;

export interface WatchdogOptions {
  readonly path: string;
  readonly clock: Clock;
  /** The watchdog says that it closed this backend, and when. */
  readonly onFired: (backend: string, at: Millis) => void;
}

export class Watchdog {
  readonly #o: WatchdogOptions;
  readonly #socket: RuntimeSocket;
  #deadlines: ReadonlyMap<string, Millis> = new Map();
  /** Every backend that was ever fed: those that are no longer named are disarmed. */
  readonly #fed = new Set<string>();
  #worker: WorkerFact | undefined;
  /** The last worker whose watchdog answered. */
  #known: WorkerFact | undefined;
  #askAgainAt: Millis | undefined;
  #state: 'armed' | 'absent' | 'unknown' = 'unknown';
  /** There is something that the current worker has not been told. */
  #due = false;
  /** The last attempt failed: the next one waits until HAProxy has answered somebody. */
  #failed = false;
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: WatchdogOptions) {
    this.#o = options;
    this.#socket = new RuntimeSocket({ path: options.path, clock: options.clock, spares: 0 });
  }

  /** Until when each backend may be served without a word from us. True: something has changed, and is on its way to the current worker. */
  feed(deadlines: ReadonlyMap<string, Millis>): boolean {
    const next = new Map([...deadlines].filter(([backend]) => isSafeName(backend)));
    const same = next.size === this.#deadlines.size && [...next].every(([key, at]) => this.#deadlines.get(key) === at);
    if (same) return false;
    this.#deadlines = next;
    for (const backend of next.keys()) this.#fed.add(backend);
    this.#due = true;
    this.#send();
    return true;
  }

  /** This worker was read back. One that has not been told yet, or did not hear, is told now. */
  seen(worker: WorkerFact): void {
    if (this.#worker === undefined || !sameWorker(this.#worker, worker)) {
      this.#state = 'unknown';
      this.#askAgainAt = undefined;
      this.#due = this.#deadlines.size > 0;
    }
    this.#worker = worker;
    this.#failed = false;
    this.#send();
  }

  /** Servers were found changed: if it was the watchdog (somebody set the clock of the day forward), it goes on closing until it is fed again. */
  repeat(): void {
    if (this.#deadlines.size > 0) this.#due = true;
    this.#send();
  }

  /** What is to be said right now. A deadline that has passed is said too: what it was to end must not go on. */
  commands(): readonly string[] {
    const now = this.#o.clock.now();
    const off = [...this.#fed].filter((backend) => !this.#deadlines.has(backend));
    return [
      ...[...this.#deadlines].map(([backend, at]) => armWatchdog(backend, at - now)),
      ...off.map((backend) => disarmWatchdog(backend)),
    ];
  }

  /** Reads what a worker has answered to `commands()`. */
  took(text: string): void {
    const now = this.#o.clock.now();
    for (const [, backend, agoMs] of text.matchAll(/^(?:> )?closed (\S+) at \S+, (\d+) ms ago$/gm)) {
      if (backend !== undefined && this.#fed.has(backend)) this.#o.onFired(backend, after(now, -Number(agoMs)));
    }
  }

  /** Undefined: nothing is to be fed. */
  get state(): TargetStatus['watchdog'] {
    return this.#deadlines.size === 0 ? undefined : this.#state;
  }

  /** After what is under way has been said. HAProxy goes on counting. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#sending;
    this.#socket.close();
  }

  /** This worker has a watchdog, which may have been armed. */
  knows(worker: WorkerFact): boolean {
    return this.#known !== undefined && sameWorker(this.#known, worker);
  }

  #send(): void {
    const worker = this.#worker;
    if (!this.#due || worker === undefined || this.#failed || this.#closed || this.#sending !== undefined) return;
    if (this.#askAgainAt !== undefined && this.#o.clock.now() < this.#askAgainAt) return;
    this.#sending = this.#tell(worker).finally(() => {
      this.#sending = undefined;
      this.#send();
    });
  }

  async #tell(worker: WorkerFact): Promise<void> {
    this.#due = false;
    if (!this.knows(worker)) {
      const answer = await this.#ask([SHOW_WATCHDOG], worker);
      if (answer === undefined) return;
      if (/^Unknown command/m.test(answer)) {
        this.#state = 'absent';
        this.#askAgainAt = millis(Number.POSITIVE_INFINITY);
        return;
      }
      this.#known = worker;
    }
    const text = await this.#ask(this.commands(), worker);
    if (text === undefined) return;
    this.took(text);
    const armed = new Set([...text.matchAll(/^armed (\S+) \d+ ms left$/gm)].map(([, backend]) => backend));
    const sound = !/^stuck$/m.test(text) && [...this.#deadlines.keys()].every((backend) => armed.has(backend));
    this.#state = sound ? 'armed' : 'unknown';
    // An order that came too late has only closed; it has to be given again.
    if (/^late /m.test(text)) this.#failed = this.#due = true;
  }

  /** Undefined: not heard, or heard by another worker. */
  async #ask(commands: readonly string[], worker: WorkerFact): Promise<string | undefined> {
    let text = '';
    for (const line of lines(commands, [])) {
      const answer = await this.#socket.transact(line);
      const answering = answer.kind === 'answer' ? parseAnswer(answer.text).worker : undefined;
      if (answer.kind !== 'answer' || answering === undefined || !sameWorker(worker, answering)) {
        const mute = answer.kind === 'hung' && !this.knows(worker);
        if (mute) this.#askAgainAt = after(this.#o.clock.now(), ASK_AGAIN_MS);
        this.#state = mute ? 'absent' : 'unknown';
        this.#failed = this.#due = true;
        return undefined;
      }
      text += answer.text;
    }
    return text;
  }
}
