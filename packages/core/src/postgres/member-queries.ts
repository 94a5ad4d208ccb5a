// Puts questions of our own to one member: on a session beside the probe's, so that a lock or a slow statement never makes the probe silent.
// One question at a time; each ends by its deadline. Repeats nothing and knows no SQL.
//
//   none ──question──▶ opening ──opened──▶ asking ──answer, refusal──▶ idle ──question──▶ asking
//     ▲                   │                  │ deadline, ended          │ unused for long, ended
//     └───────────────────┴──────────────────┴──────────────────────────┘
//
// A session that has grown old is replaced before the next question: a smart shutdown lets old sessions go on for ever, and would wait for ours.
import type { Clock, Timer } from '../model/clock.ts';
import type { Millis } from '../model/units.ts';
import { failureText, NoAnswer, refusalText } from './failure.ts';
import type { ConnectionPlan } from './options.ts';
import { type QueryAnswer, readRows } from './query.ts';
import { Session } from './session.ts';

/** More than these don't wait for one member. */
const maxWaiting = 32;

export interface MemberQueriesOptions {
  /** `host:port`, for error texts. */
  readonly where: string;
  readonly plan: () => ConnectionPlan;
  readonly clock: Clock;
  /** From the call to the answer, with the wait for questions before it and for the connection. */
  readonly timeoutMs: number;
  /** A session that is unused for so long is closed, one that is older is not used any more. */
  readonly renewAfterMs: number;
}

interface Question {
  readonly text: string;
  readonly askedAt: Millis;
  readonly deadline: Timer;
  readonly answer: (answer: QueryAnswer) => void;
}

export class MemberQueries {
  readonly #options: MemberQueriesOptions;
  /** The first one is under way once the session is open. */
  #questions: readonly Question[] = [];
  #session: Session | undefined;
  #state: 'none' | 'opening' | 'asking' | 'idle' | 'closed' = 'none';
  #idle: Timer | undefined;
  /** When the opening of the session was begun. */
  #begunAt: Millis;

  constructor(options: MemberQueriesOptions) {
    this.#options = options;
    this.#begunAt = options.clock.now();
  }

  /**
   * The rows of the last statement of `text`. Several statements are one transaction.
   * The server gives up at the deadline too (statement_timeout).
   */
  ask(text: string): Promise<QueryAnswer> {
    const { clock, where, timeoutMs } = this.#options;
    if (this.#state === 'closed') return Promise.resolve(refused(`${where} is asked nothing any more`));
    if (this.#questions.length > maxWaiting) {
      return Promise.resolve(refused(`too many questions wait for ${where} already: try again later`));
    }
    return new Promise((answer) => {
      const deadline = clock.after(timeoutMs, () => this.#overdue(question));
      const question: Question = { text, askedAt: clock.now(), deadline, answer };
      this.#questions = [...this.#questions, question];
      if (this.#state === 'idle' && this.#isOld()) this.#drop((session) => session.close());
      if (this.#state === 'none') this.#open();
      else if (this.#state === 'idle') this.#next();
    });
  }

  /** What is under way or waits gets no answer from the server any more. */
  close(): void {
    this.#idle?.cancel();
    this.#session?.close();
    this.#session = undefined;
    this.#state = 'closed';
    this.#refuseAll(`${this.#options.where} is asked nothing any more`);
  }

  #open(): void {
    this.#state = 'opening';
    this.#begunAt = this.#options.clock.now();
    const session = new Session(this.#options.plan(), {
      opened: () => this.#next(),
      failed: (errors) => {
        this.#session = undefined;
        this.#state = 'none';
        this.#refuseAll(failureText(errors));
      },
      ended: (error) => this.#ended(error),
      answered: (rows) => {
        const read = readRows(rows);
        this.#settle(
          read === undefined ? refused(`the answer of ${this.#options.where} is no text`) : { ok: true, rows: read },
        );
      },
      refused: (error) => this.#settle(refused(refusalText(error))),
    });
    this.#session = session;
  }

  #next(): void {
    this.#idle?.cancel();
    const [question] = this.#questions;
    if (question === undefined) {
      this.#state = 'idle';
      const { clock, renewAfterMs } = this.#options;
      this.#idle = clock.after(renewAfterMs, () => this.#drop((session) => session.close()));
      return;
    }
    this.#state = 'asking';
    const { clock, timeoutMs } = this.#options;
    const restMs = Math.max(1, Math.ceil(question.askedAt + timeoutMs - clock.now()));
    this.#session?.ask(`set local statement_timeout = ${restMs}; ${question.text}`, 'text');
  }

  /** The question under way is over, the session stays. */
  #settle(answer: QueryAnswer): void {
    const [question, ...others] = this.#questions;
    this.#questions = others;
    question?.deadline.cancel();
    this.#next();
    question?.answer(answer);
  }

  #ended(error: unknown): void {
    const wasAsking = this.#state === 'asking';
    this.#drop(() => {});
    if (!wasAsking) return;
    const [question, ...others] = this.#questions;
    this.#questions = others;
    question?.deadline.cancel();
    this.#reopen();
    question?.answer(refused(failureText([error])));
  }

  #overdue(question: Question): void {
    const { clock, where, timeoutMs } = this.#options;
    const isUnderWay = this.#state === 'asking' && this.#questions[0] === question;
    this.#questions = this.#questions.filter((other) => other !== question);
    // A session that is being opened is of use to others who wait for it, as long as it is young.
    const isOld = this.#questions.length === 0 || clock.now() - this.#begunAt >= timeoutMs;
    if (isUnderWay || (this.#state === 'opening' && isOld)) {
      this.#drop((session) => session.destroy());
      this.#reopen();
    }
    question.answer(refused(failureText([new NoAnswer(clock.now() - question.askedAt, where)])));
  }

  #isOld(): boolean {
    const { clock, renewAfterMs } = this.#options;
    return clock.now() - this.#begunAt >= renewAfterMs;
  }

  #drop(end: (session: Session) => void): void {
    this.#idle?.cancel();
    if (this.#session !== undefined) end(this.#session);
    this.#session = undefined;
    this.#state = 'none';
  }

  #reopen(): void {
    if (this.#questions.length > 0) this.#open();
  }

  #refuseAll(error: string): void {
    const questions = this.#questions;
    this.#questions = [];
    for (const { deadline, answer } of questions) {
      deadline.cancel();
      answer(refused(error));
    }
  }
}

const refused = (error: string): QueryAnswer => ({ ok: false, error });
