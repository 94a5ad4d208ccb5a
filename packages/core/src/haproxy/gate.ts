// The last question before a server is let into a write service: does the authority still stand? It is asked while the old server is being
// fenced, so that it costs no time, and an answer counts only for the very same opening and only for a short while.
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Millis } from '../model/units.ts';

/** A yes may be this old when the server is let in, if nobody says otherwise. How old the proof may be when it comes is for whoever answers to bound. */
export const YES_FOR_MS = 100;
/** The same refused question is put again after this time, or at once with a newer decision. */
const NO_FOR_MS = 250;

/** A server that is about to be let into a write service. */
export interface Opening {
  readonly backend: string;
  readonly server: string;
  readonly member: string;
  /** This target held it ready before under the same decision (a reload or a hand has taken it out): no new authority is taken. */
  readonly restores: boolean;
}

/** An answer that is known already comes at once; everything that has to be asked comes later. */
export type Authorize = (serial: number, opens: readonly Opening[]) => boolean | Promise<boolean>;

interface Question {
  readonly opening: Opening;
  readonly serial: number;
  answer: 'pending' | 'allowed' | 'refused';
  answeredAt: Millis;
  /** The same question was refused before under the same decision: a second no is no news. */
  readonly refusedBefore: boolean;
}

export class OpenGate {
  readonly #authorize: Authorize;
  readonly #yesForMs: () => number;
  readonly #clock: Clock;
  readonly #log: Log;
  /** A no is told once for each decision. */
  readonly #onAnswer: (opening: Opening, serial: number, allowed: boolean) => void;
  readonly #questions = new Map<string, Question>();

  constructor(options: {
    readonly authorize: Authorize;
    readonly yesForMs?: () => number;
    readonly clock: Clock;
    readonly log: Log;
    readonly onAnswer: (opening: Opening, serial: number, allowed: boolean) => void;
  }) {
    this.#authorize = options.authorize;
    this.#yesForMs = options.yesForMs ?? (() => YES_FOR_MS);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onAnswer = options.onAnswer;
  }

  /** Where the question for this opening stands; asks it if it was not asked, or too long ago. */
  ask(opening: Opening, serial: number): Question['answer'] {
    const earlier = this.#questions.get(opening.backend);
    if (earlier !== undefined && sameOpening(earlier.opening, opening)) {
      const age = this.#clock.now() - earlier.answeredAt;
      if (earlier.answer === 'pending') return 'pending';
      if (earlier.answer === 'allowed' && age < this.#yesForMs()) return 'allowed';
      if (earlier.answer === 'refused' && age < NO_FOR_MS && earlier.serial === serial) return 'refused';
    }
    const refusedBefore =
      earlier?.answer === 'refused' && earlier.serial === serial && sameOpening(earlier.opening, opening);
    const question: Question = { opening, serial, answer: 'pending', answeredAt: this.#clock.now(), refusedBefore };
    this.#questions.set(opening.backend, question);
    this.#put(question);
    return question.answer;
  }

  /** The server was let in: the answer is used up. */
  used(backend: string): void {
    this.#questions.delete(backend);
  }

  #put(question: Question): void {
    let answer: boolean | Promise<boolean>;
    try {
      answer = this.#authorize(question.serial, [question.opening]);
    } catch (err) {
      answer = Promise.reject(err);
    }
    // A no is told, which must not happen from within the question.
    if (answer === true) this.#answered(question, true);
    else {
      void Promise.resolve(answer)
        .catch((err: unknown) => this.#failed(question, err))
        .then((allowed) => this.#late(question, allowed));
    }
  }

  #failed({ opening: { backend, member } }: Question, err: unknown): false {
    this.#log.error({ err, backend, member }, 'asking for authority failed; taken as a no');
    return false;
  }

  #answered(question: Question, allowed: boolean): void {
    question.answer = allowed ? 'allowed' : 'refused';
    question.answeredAt = this.#clock.now();
  }

  #late(question: Question, allowed: boolean): void {
    if (this.#questions.get(question.opening.backend) !== question) return;
    this.#answered(question, allowed);
    if (allowed || !question.refusedBefore) this.#onAnswer(question.opening, question.serial, allowed);
  }
}

const sameOpening = (a: Opening, b: Opening): boolean =>
  a.backend === b.backend && a.server === b.server && a.member === b.member && a.restores === b.restores;
