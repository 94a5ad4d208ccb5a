// Asks a HAProxy whether it can let new connections wait (haproxy/pgrouted-hold.lua), how many wait now, and what became of the others. Short connections
// of its own, one at a time, beside the transactions. It tells HAProxy nothing.
//
//   unknown ──asked, answers──▶ loaded ──asked again each second──▶ loaded        (another worker: unknown again)
//      └──"Unknown command"──▶ absent, for as long as this worker lives
import type { Clock } from '../model/clock.ts';
import { after, type Millis, millis } from '../model/units.ts';
import { lines, SHOW_HOLD } from './commands.ts';
import { parseAnswer, sameWorker, type WorkerFact } from './parse.ts';
import { RuntimeSocket } from './runtime.ts';

const ASK_AGAIN_MS = 1_000;
/** One that gives no answer is left alone for longer: in HAProxy 3.0.0 the action works, but no Lua command is ever answered. */
const ASK_MUTE_AGAIN_MS = 60_000;

/** The connections of one backend, since the worker began. */
export interface HoldGate {
  readonly backend: string;
  readonly waiting: number;
  /** Waited, and went on when a server was there. */
  readonly served: number;
  /** Refused: no server came in time. */
  readonly late: number;
  /** Refused at once: too many waited already. */
  readonly many: number;
  /** The client went. */
  readonly gone: number;
  /** The longest that one which was served has waited. */
  readonly longestMs: number;
}

export interface HoldStatus {
  readonly state: 'loaded' | 'absent' | 'unknown';
  /** Those that rely on it. */
  readonly backends: readonly string[];
  readonly gates: readonly HoldGate[];
  /** Lines of haproxy.cfg that use the action in a way that can't work, each with why. */
  readonly faults: readonly string[];
}

type Answer = Omit<HoldStatus, 'backends'>;

const UNKNOWN: Answer = { state: 'unknown', gates: [], faults: [] };

export interface HoldOptions {
  readonly path: string;
  readonly clock: Clock;
}

export class Hold {
  readonly #clock: Clock;
  readonly #socket: RuntimeSocket;
  #backends: readonly string[] = [];
  #answer = UNKNOWN;
  #worker: WorkerFact | undefined;
  #askAt = millis(Number.NEGATIVE_INFINITY);
  #asking: Promise<void> | undefined;
  #closed = false;

  constructor({ path, clock }: HoldOptions) {
    this.#clock = clock;
    this.#socket = new RuntimeSocket({ path, clock, spares: 0 });
  }

  /** These backends rely on it; while there is none nothing is asked. */
  expect(backends: readonly string[]): void {
    this.#backends = backends;
  }

  /** This worker was read back: asks it, if that is due. */
  seen(worker: WorkerFact): void {
    if (this.#worker === undefined || !sameWorker(this.#worker, worker)) {
      this.#answer = UNKNOWN;
      this.#askAt = millis(Number.NEGATIVE_INFINITY);
    }
    this.#worker = worker;
    if (this.#backends.length === 0 || this.#closed || this.#asking !== undefined || this.#clock.now() < this.#askAt)
      return;
    this.#asking = this.#ask(worker).finally(() => {
      this.#asking = undefined;
    });
  }

  /** Undefined: no backend relies on it. */
  get status(): HoldStatus | undefined {
    return this.#backends.length === 0 ? undefined : { backends: this.#backends, ...this.#answer };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#asking;
    this.#socket.close();
  }

  async #ask(worker: WorkerFact): Promise<void> {
    for (const line of lines([SHOW_HOLD], [])) {
      const answer = await this.#socket.transact(line);
      const answering = answer.kind === 'answer' ? parseAnswer(answer.text).worker : undefined;
      // A reload came in between: what was read of the new one is asked for with the next read-back.
      if (this.#worker === undefined || !sameWorker(this.#worker, worker)) return;
      const heard = answer.kind === 'answer' && answering !== undefined && sameWorker(worker, answering);
      if (heard) this.#answer = holdStatusOf(answer.text);
      this.#askAt = this.#nextAt(answer.kind === 'hung');
    }
  }

  #nextAt(mute: boolean): Millis {
    if (this.#answer.state === 'absent') return millis(Number.POSITIVE_INFINITY);
    return after(this.#clock.now(), mute ? ASK_MUTE_AGAIN_MS : ASK_AGAIN_MS);
  }
}

/** Reads what HAProxy answered to `pgrouted hold`. */
export function holdStatusOf(text: string): Answer {
  if (/^Unknown command/m.test(text)) return { state: 'absent', gates: [], faults: [] };
  if (!/^version \d+$/m.test(text)) return UNKNOWN;
  const gate = /^hold (\S+) (\d+) waiting (\d+) served (\d+) late (\d+) many (\d+) gone (\d+) ms longest$/gm;
  return {
    state: 'loaded',
    gates: [...text.matchAll(gate)].map(([, backend = '', ...counts]) => {
      const [waiting = 0, served = 0, late = 0, many = 0, gone = 0, longestMs = 0] = counts.map(Number);
      return { backend, waiting, served, late, many, gone, longestMs };
    }),
    faults: [...text.matchAll(/^fault (.+)$/gm)].map(([, fault = '']) => fault),
  };
}
