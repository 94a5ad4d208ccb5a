// One round of ending sessions one by one, in any worker that a tail reaches: lists them all, ends those that have to go. An id is an address in HAProxy's
// memory, which another session may have a moment later: so nothing waits between the list and the end, and no id is kept for the next round.
import type { SessionFact } from './parse.ts';
import type { Tail } from './tail.ts';

const ROUND_MS = 2;
const RESISTING_MS = 50;
const IN_VAIN_MS = 500;

/** `due` picks from all sessions of the worker. Returns those that were told to end; undefined: the tail has ended. */
export async function sweep(
  tail: Pick<Tail, 'sessions' | 'shutdown'>,
  due: (sessions: readonly SessionFact[]) => readonly SessionFact[],
): Promise<readonly SessionFact[] | undefined> {
  const sessions = await tail.sessions();
  if (sessions === undefined) return undefined;
  const ending = due(sessions);
  if (ending.length > 0) await tail.shutdown(ending.map(({ id }) => id));
  return ending;
}

/** Sessions end a moment after they were told to. Those that resist are asked again, but not hot: a list of thousands costs HAProxy time. */
export const pauseAfter = (round: number): number => (round < 20 ? ROUND_MS : round < 60 ? RESISTING_MS : IN_VAIN_MS);
