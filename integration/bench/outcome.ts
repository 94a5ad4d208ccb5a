// What one switch meant for the clients of one method. Pure: attempts, observations and instants in, figures out.
import type { Attempt, Gap } from '../lab/writer.ts';
import type { Change } from './sampler.ts';

/** All instants are of `nowMs`. */
export interface Switched {
  readonly kind: 'switchover' | 'kill -9';
  readonly from: string;
  readonly to: string;
  readonly beganAt: number;
  /** An independent witness had read that the new PostgreSQL takes writes. */
  readonly writableAt: number;
  readonly endedAt: number;
}

export interface Outcome {
  readonly method: string;
  /** From the new PostgreSQL proven writable to the first write acknowledged by it; null: none came. */
  readonly firstWriteMs: number | null;
  /** Without an acknowledged write: all times of at least 100 ms between two of them, summed up. */
  readonly outageMs: number;
  readonly errors: number;
  /** Writes that a standby refused: the client had been led to the wrong server. */
  readonly readOnlyErrors: number;
  /** Writes acknowledged by a server while another one had authority. */
  readonly wrongWrites: number;
  /** How long two servers or more were in rotation, as sampled; null: there is no proxy. */
  readonly twoInRotationMs: number | null;
}

export interface Observed {
  readonly method: string;
  /** Of this method's writer, with instants of `nowMs`. */
  readonly attempts: readonly Attempt[];
  readonly gaps: readonly Gap[];
  /** Of this method's backend; undefined: there is no proxy. */
  readonly changes: readonly Change[] | undefined;
  readonly holderAt: (instant: number) => string | undefined;
}

export function outcomeOf(switched: Switched, observed: Observed): Outcome {
  const { beganAt, endedAt, to, writableAt } = switched;
  const attempts = observed.attempts.filter((attempt) => attempt.endedAt >= beganAt && attempt.beganAt <= endedAt);
  const failed = attempts.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome] : []));
  const first = attempts.find(({ outcome }) => outcome.kind === 'committed' && outcome.server === to);
  const gaps = observed.gaps.filter((gap) => gap.to >= beganAt && gap.from <= endedAt);
  return {
    method: observed.method,
    firstWriteMs: first === undefined ? null : first.endedAt - writableAt,
    outageMs: gaps.reduce((sum, gap) => sum + gap.ms, 0),
    errors: failed.length,
    readOnlyErrors: failed.filter(({ error }) => error.includes('read-only transaction')).length,
    wrongWrites: attempts.filter((attempt) => isWrong(attempt, observed.holderAt)).length,
    twoInRotationMs: observed.changes === undefined ? null : timeWithTwo(observed.changes, beganAt, endedAt),
  };
}

/** Another server than the one that served had authority when the write was begun. Nobody having it is no other. */
function isWrong({ outcome, beganAt }: Attempt, holderAt: Observed['holderAt']): boolean {
  const holder = holderAt(beganAt);
  return outcome.kind === 'committed' && holder !== undefined && holder !== outcome.server;
}

/** From the first answer that shows two servers to the first that does not, within the window. */
function timeWithTwo(changes: readonly Change[], from: number, to: number): number {
  let sum = 0;
  for (const [index, change] of changes.entries()) {
    if (change.ready.length < 2) continue;
    const end = changes[index + 1]?.receivedAt ?? to;
    sum += Math.max(0, Math.min(end, to) - Math.max(change.receivedAt, from));
  }
  return sum;
}
