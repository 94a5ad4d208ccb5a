// What the judgement has to remember of its last look, where a single picture can't tell: since when a server is out and why, which side of a lag limit
// it is on. Plain values, handed back to `decide` with the next picture; a router that has just started has none.
import type { LeaveCause } from './service.ts';
import type { Millis } from './units.ts';

export interface ServerMemory {
  readonly service: string;
  readonly member: string;
  /** Why it is out, and since when, without a break. Undefined: it is in, or was never in since we look. */
  readonly out: { readonly cause: LeaveCause; readonly since: Millis } | undefined;
  /** On which side of the lag limit it is, and since when. Undefined: there is no limit, or its lag was never known. */
  readonly lag: { readonly beyond: boolean; readonly since: Millis } | undefined;
}

export type RoutingMemory = readonly ServerMemory[];

export const memoryOf = (memory: RoutingMemory, service: string, member: string): ServerMemory | undefined =>
  memory.find((one) => one.service === service && one.member === member);
