// Asks one after the other and takes the first answer: the next is asked when the one before has failed, or has said nothing for a while.
// Only for questions that may be asked twice.
import type { Clock, Timer } from '../model/clock.ts';

export interface HedgeOptions {
  readonly clock: Clock;
  /** How long an asked one may be silent before the next is asked as well. */
  readonly patienceMs: number;
}

/**
 * The first success. Rejects when all have failed, with the errors in the order of the attempts.
 * Attempts that are still running when another has won are left to end by their own deadlines.
 */
export function hedge<T>(attempts: readonly (() => Promise<T>)[], { clock, patienceMs }: HedgeOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const errors: unknown[] = [];
    let next = 0;
    let failed = 0;
    let timer: Timer | undefined;
    const ask = () => {
      timer?.cancel();
      timer = undefined;
      const index = next;
      const attempt = attempts[index];
      if (attempt === undefined) return;
      next += 1;
      if (next < attempts.length) timer = clock.after(patienceMs, ask);
      attempt().then(
        (value) => {
          next = attempts.length;
          timer?.cancel();
          resolve(value);
        },
        (error: unknown) => {
          errors[index] = error;
          failed += 1;
          if (failed === attempts.length) reject(new AggregateError(errors));
          else ask();
        },
      );
    };
    if (attempts.length === 0) reject(new AggregateError([]));
    else ask();
  });
}
