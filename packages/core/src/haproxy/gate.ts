// The last question before a server is let into a write service: does the authority still stand? It is asked while the old server is being
// fenced, so that it costs no time, and an answer counts only for the very same opening and only for a short while.
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Millis } from '../model/units.ts';

/** A yes may be this old when the server is let in. How old the proof may be when it comes is for whoever answers to bound. */
const YES_FOR_MS = 100;
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

export type Authorize = (serial: number, opens: readonly Opening[]) => Promise<boolean>;

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
  readonly #clock: Clock;
  readonly #log: Log;
  /** A no is told once for each decision. */
  readonly #onAnswer: (opening: Opening, serial: number, allowed: boolean) => void;
  readonly #questions = new Map<string, Question>();

  constructor(options: {
    readonly authorize: Authorize;
    readonly clock: Clock;
    readonly log: Log;
    readonly onAnswer: (opening: Opening, serial: number, allowed: boolean) => void;
  }) {
    this.#authorize = options.authorize;
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
      if (earlier.answer === 'allowed' && age < YES_FOR_MS) return 'allowed';
      if (earlier.answer === 'refused' && age < NO_FOR_MS && earlier.serial === serial) return 'refused';
    }
    const refusedBefore =
      earlier?.answer === 'refused' && earlier.serial === serial && sameOpening(earlier.opening, opening);
    const question: Question = { opening, serial, answer: 'pending', answeredAt: this.#clock.now(), refusedBefore };
    this.#questions.set(opening.backend, question);
    void this.#put(question);
    return 'pending';
  }

  /** The server was let in: the answer is used up. */
  used(backend: string): void {
    this.#questions.delete(backend);
  }

  async #put(question: Question): Promise<void> {
    const { opening, serial } = question;
    let allowed = false;
    try {
      allowed = await this.#authorize(serial, [opening]);
    } catch (err) {
      this.#log.error(
        { err, backend: opening.backend, member: opening.member },
        'asking for authority failed; taken as a no',
      );
    }
    if (this.#questions.get(opening.backend) !== question) return;
    question.answer = allowed ? 'allowed' : 'refused';
    question.answeredAt = this.#clock.now();
    if (allowed || !question.refusedBefore) this.#onAnswer(opening, serial, allowed);
  }
}

const sameOpening = (a: Opening, b: Opening): boolean =>
  a.backend === b.backend && a.server === b.server && a.member === b.member && a.restores === b.restores;
