// When systemd is told that we live. Not by a timer alone: only while each part of the router goes on. A router whose event loop still turns, but one of
// whose loops waits for something that never comes, would else stay as it is for ever. Pure.
import type { Late } from '@pgrouted/core/model/progress';

/** Being late by less than this is a busy machine. */
export const STUCK_AFTER_MS = 1_000;

/** How often to look: often enough that a part that goes on again is told of in time. */
export const lookEveryMs = (watchdogMs: number): number => watchdogMs / 8;

export type Look =
  | { readonly kind: 'wait' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'stuck'; readonly on: Late };

/** `sinceToldMs`: since the last sign of life. It is due after half the time that systemd waits. */
export function look(watchdogMs: number, sinceToldMs: number, late: () => readonly Late[]): Look {
  // Timers come a little early or late: half a look before is near enough.
  if (sinceToldMs < watchdogMs / 2 - lookEveryMs(watchdogMs) / 2) return { kind: 'wait' };
  const stuck = late().filter(({ byMs }) => byMs > STUCK_AFTER_MS);
  const [first, ...others] = stuck;
  if (first === undefined) return { kind: 'alive' };
  return { kind: 'stuck', on: others.reduce((a, b) => (b.byMs > a.byMs ? b : a), first) };
}
