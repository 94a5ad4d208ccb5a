// Asks a HAProxy once, for each worker, what its stats socket lets us do. Reading is allowed at every level, so that a router could live with too low a one
// unnoticed until the first switch.
import type { Clock } from '../model/clock.ts';
import { after } from '../model/units.ts';
import { SHOW_LEVEL } from './commands.ts';
import type { WorkerFact } from './parse.ts';
import { WorkerQuestion } from './worker-question.ts';

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
  readonly #question: WorkerQuestion;
  #level: CliLevel | undefined;

  constructor({ path, clock, onLevel }: AccessOptions) {
    this.#question = new WorkerQuestion({
      path,
      clock,
      command: SHOW_LEVEL,
      isWanted: () => this.#level === undefined,
      onOtherWorker: () => {
        this.#level = undefined;
      },
      onAnswer: (text) => {
        this.#level = text === undefined ? undefined : levelOf(text);
        if (this.#level !== undefined) onLevel(this.#level);
        return after(clock.now(), ASK_AGAIN_MS);
      },
    });
  }

  /** Undefined: not known yet. */
  get level(): CliLevel | undefined {
    return this.#level;
  }

  /** This worker was read back: asks it, if it was not asked yet. */
  seen(worker: WorkerFact): void {
    this.#question.seen(worker);
  }

  close(): Promise<void> {
    return this.#question.close();
  }
}

/** Reads the answer to `show cli level`: one word on a line of its own. */
export function levelOf(text: string): CliLevel | undefined {
  const [, word] = /^(user|operator|admin)$/m.exec(text) ?? [];
  return word === 'user' || word === 'operator' || word === 'admin' ? word : undefined;
}
