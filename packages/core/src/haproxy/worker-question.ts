// One question that is put to each worker of a HAProxy, and again when its asker wants that. A short connection of its own, one at a time, beside the
// transactions; an answer of another worker than the one that was read back counts for nothing. It only asks: it tells HAProxy nothing.
import type { Clock } from '../model/clock.ts';
import { longAgo, type Millis } from '../model/units.ts';
import { lines } from './commands.ts';
import { parseAnswer, sameWorker, type WorkerFact } from './parse.ts';
import { RuntimeSocket } from './runtime.ts';

export interface WorkerQuestionOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly command: string;
  /** There is something to be asked for now. */
  readonly isWanted: () => boolean;
  /** Another worker was read back: what the one before said is over. */
  readonly onOtherWorker: () => void;
  /** `text`: what that worker answered; undefined: it did not. `hung`: it took too long. Gives from when on it may be asked again. */
  readonly onAnswer: (text: string | undefined, hung: boolean) => Millis;
}

export class WorkerQuestion {
  readonly #o: WorkerQuestionOptions;
  readonly #socket: RuntimeSocket;
  #worker: WorkerFact | undefined;
  #askAt = longAgo;
  #asking: Promise<void> | undefined;
  #closed = false;

  constructor(options: WorkerQuestionOptions) {
    this.#o = options;
    this.#socket = new RuntimeSocket({ path: options.path, clock: options.clock, spares: 0 });
  }

  /** This worker was read back: asks it, if that is due. */
  seen(worker: WorkerFact): void {
    if (this.#worker === undefined || !sameWorker(this.#worker, worker)) {
      this.#askAt = longAgo;
      this.#o.onOtherWorker();
    }
    this.#worker = worker;
    if (this.#closed || this.#asking !== undefined || !this.#o.isWanted() || this.#o.clock.now() < this.#askAt) return;
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
    for (const line of lines([this.#o.command], [])) {
      const answer = await this.#socket.transact(line);
      // A reload came in between: the new worker is asked after its next read-back.
      if (this.#worker === undefined || !sameWorker(this.#worker, asked)) return;
      const text = answer.kind === 'answer' ? answer.text : undefined;
      const answering = text === undefined ? undefined : parseAnswer(text).worker;
      const heard = answering !== undefined && sameWorker(asked, answering);
      this.#askAt = this.#o.onAnswer(heard ? text : undefined, answer.kind === 'hung');
    }
  }
}
