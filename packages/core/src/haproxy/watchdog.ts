// Feeds HAProxy's own watchdog (haproxy/pgrouted-watchdog.lua), which closes a write service by itself when nothing is heard from us in time. Apart
// from the transactions: short connections of its own, one at a time, so that neither waits for the other.
//
//   unknown ──fed──▶ armed ──fed each time a deadline moves──▶ armed        (another worker: unknown again)
//      └──"Unknown command"──▶ absent: not asked again before another worker answers
import type { Clock } from '../model/clock.ts';
import { after, type Millis } from '../model/units.ts';
import { armWatchdog, disarmWatchdog, isSafeName, lines } from './commands.ts';
import { parseAnswer, sameWorker, type WorkerFact } from './parse.ts';
import type { TargetStatus } from './report.ts';
import { RuntimeSocket } from './runtime.ts';

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
      this.#due = this.#deadlines.size > 0;
    }
    this.#worker = worker;
    this.#failed = false;
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

  #send(): void {
    const pointless = this.#worker === undefined || this.#failed || this.#state === 'absent';
    if (!this.#due || pointless || this.#closed || this.#sending !== undefined) return;
    this.#sending = this.#exchange(this.#worker).finally(() => {
      this.#sending = undefined;
      this.#send();
    });
  }

  async #exchange(worker: WorkerFact | undefined): Promise<void> {
    this.#due = false;
    let text = '';
    for (const line of lines(this.commands(), [])) {
      const answer = await this.#socket.transact(line);
      const answering = answer.kind === 'answer' ? parseAnswer(answer.text).worker : undefined;
      if (
        answer.kind !== 'answer' ||
        answering === undefined ||
        worker === undefined ||
        !sameWorker(worker, answering)
      ) {
        // Not heard, or heard by another worker: the next read-back tells whom to say it to.
        this.#state = 'unknown';
        this.#due = true;
        this.#failed = true;
        return;
      }
      text += answer.text;
    }
    this.took(text);
    this.#state = this.#judge(text);
    // An order that came too late has only closed; it has to be given again.
    if (/^late /m.test(text)) {
      this.#due = true;
      this.#failed = true;
    }
  }

  #judge(text: string): 'armed' | 'absent' | 'unknown' {
    if (/^Unknown command/m.test(text)) return 'absent';
    const armed = new Set([...text.matchAll(/^armed (\S+) \d+ ms left$/gm)].map(([, backend]) => backend));
    const sound = !/^stuck$/m.test(text) && [...this.#deadlines.keys()].every((backend) => armed.has(backend));
    return sound ? 'armed' : 'unknown';
  }
}
