// What is desired, with the very same object for a backend that is to hold the same as before: whoever compares thousands of backends looks at the objects first.
import { type DesiredBackend, sameBackend } from '../haproxy/desired.ts';

/** `next`, as far as possible in the objects of `before`; the very same list if nothing is different. */
export function keptWhereSame(
  next: readonly DesiredBackend[],
  before: readonly DesiredBackend[],
): readonly DesiredBackend[] {
  const kept = next.map((one, i) => {
    const old = before[i];
    return old !== undefined && sameBackend(old, one) ? old : one;
  });
  return kept.length === before.length && kept.every((one, i) => one === before[i]) ? before : kept;
}
