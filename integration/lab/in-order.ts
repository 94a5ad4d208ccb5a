// The order in which a journal tells things, as a test states it.
import type { JournalEntry } from '@pgrouted/core/status/schema';

/**
 * Those of the patterns that are found in `kind text` of the entries, each after the one before; entries in between don't matter. All is well when
 * it equals `steps`: else it ends before the first that is missing.
 */
export function inOrder(entries: readonly JournalEntry[], steps: readonly RegExp[]): readonly RegExp[] {
  const found: RegExp[] = [];
  for (const { kind, text } of entries) {
    const next = steps[found.length];
    if (next === undefined) break;
    if (next.test(`${kind} ${text}`)) found.push(next);
  }
  return found;
}
