// Asks a HAProxy whether it can let new connections wait (haproxy/pgrouted-hold.lua), how many wait now, and what became of the others.
//
//   unknown ──asked, answers──▶ loaded ──asked again each second──▶ loaded        (another worker: unknown again)
//      └──"Unknown command"──▶ absent, for as long as this worker lives
import type { Clock } from '../model/clock.ts';
import { after, type Millis, millis } from '../model/units.ts';
import { SHOW_HOLD } from './commands.ts';
import type { WorkerFact } from './parse.ts';
import { WorkerQuestion } from './worker-question.ts';

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
  readonly #question: WorkerQuestion;
  #backends: readonly string[] = [];
  #answer = UNKNOWN;

  constructor({ path, clock }: HoldOptions) {
    this.#clock = clock;
    this.#question = new WorkerQuestion({
      path,
      clock,
      command: SHOW_HOLD,
      isWanted: () => this.#backends.length > 0,
      onOtherWorker: () => {
        this.#answer = UNKNOWN;
      },
      onAnswer: (text, hung) => {
        if (text !== undefined) this.#answer = holdStatusOf(text);
        return this.#nextAt(hung);
      },
    });
  }

  /** These backends rely on it; while there is none nothing is asked. */
  expect(backends: readonly string[]): void {
    this.#backends = backends;
  }

  /** This worker was read back: asks it, if that is due. */
  seen(worker: WorkerFact): void {
    this.#question.seen(worker);
  }

  /** Undefined: no backend relies on it. */
  get status(): HoldStatus | undefined {
    return this.#backends.length === 0 ? undefined : { backends: this.#backends, ...this.#answer };
  }

  close(): Promise<void> {
    return this.#question.close();
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
