// Asks a HAProxy once, for each worker, what its stats socket lets us do. Reading is allowed at every level, so that a router could live with too low a one
// unnoticed until the first switch. A short connection of its own, beside the transactions. It tells HAProxy nothing.
import type { Clock } from '../model/clock.ts';
import { after, type Millis, millis } from '../model/units.ts';
import { lines, SHOW_LEVEL } from './commands.ts';
import { parseAnswer, sameWorker, type WorkerFact } from './parse.ts';
import { RuntimeSocket } from './runtime.ts';

/** HAProxy's words: `user` reads, `operator` reads more, `admin` changes. */
export type CliLevel = 'user' | 'operator' | 'admin';

/** Without an answer it is asked again after this time. */
const ASK_AGAIN_MS = 10_000;

export interface AccessOptions {
  readonly path: string;
  readonly clock: Clock;
  /** A worker has answered. */
  readonly onLevel: (level: CliLevel) => void;
}

export class Access {
  readonly #clock: Clock;
  readonly #onLevel: (level: CliLevel) => void;
  readonly #socket: RuntimeSocket;
  #worker: WorkerFact | undefined;
  #level: CliLevel | undefined;
  #askAt: Millis = millis(Number.NEGATIVE_INFINITY);
  #asking: Promise<void> | undefined;
  #closed = false;

  constructor({ path, clock, onLevel }: AccessOptions) {
    this.#clock = clock;
    this.#onLevel = onLevel;
    this.#socket = new RuntimeSocket({ path, clock, spares: 0 });
  }

  /** Undefined: not known yet. */
  get level(): CliLevel | undefined {
    return this.#level;
  }

  /** This worker was read back: asks it, if it was not asked yet. */
  seen(worker: WorkerFact): void {
    if (this.#worker === undefined || !sameWorker(this.#worker, worker)) {
      this.#level = undefined;
      this.#askAt = millis(Number.NEGATIVE_INFINITY);
    }
    this.#worker = worker;
    if (this.#level !== undefined || this.#closed || this.#asking !== undefined || this.#clock.now() < this.#askAt)
      return;
    this.#askAt = after(this.#clock.now(), ASK_AGAIN_MS);
    this.#asking = this.#ask(worker).finally(() => {
      this.#asking = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#asking;
    this.#socket.close();
  }

  async #ask(asked: WorkerFact): Promise<void> {
    for (const line of lines([SHOW_LEVEL], [])) {
      const answer = await this.#socket.transact(line);
      const worker = answer.kind === 'answer' ? parseAnswer(answer.text).worker : undefined;
      // A reload came in between: the new worker is asked after its first read-back.
      if (answer.kind !== 'answer' || worker === undefined || !sameWorker(asked, worker)) return;
      if (this.#worker === undefined || !sameWorker(this.#worker, asked)) return;
      this.#level = levelOf(answer.text);
      if (this.#level !== undefined) this.#onLevel(this.#level);
    }
  }
}

/** Reads the answer to `show cli level`: one word on a line of its own. */
export function levelOf(text: string): CliLevel | undefined {
  const [, word] = /^(user|operator|admin)$/m.exec(text) ?? [];
  return word === 'user' || word === 'operator' || word === 'admin' ? word : undefined;
}
