// What the judgement has to remember of its last look, where a single picture can't tell: in which tier a server was, since when it is out and why, which
// side of a lag limit it is on. Plain values, handed back to `decide` with the next picture; a router that has just started has none.
import type { LeaveCause } from './service.ts';
import type { Millis } from './units.ts';

export interface ServerMemory {
  readonly service: string;
  readonly member: string;
  /**
   * How it was in when it was in last: in which tier (0: as the service wants it), and whether as the primary. Undefined: it never was since we look.
   */
  readonly last: { readonly tier: number; readonly asPrimary: boolean } | undefined;
  /**
   * Why it is out, and since when, without a break. `found`: it was so when we first looked, so sessions on it are none of ours to end. Undefined: it is in.
   * One that stands in by its backup line alone has both: its own line is out.
   */
  readonly out: { readonly cause: LeaveCause; readonly since: Millis; readonly found: boolean } | undefined;
  /** On which side of the lag limit it is, and since when. Undefined: there is no limit, or its lag was never known. */
  readonly lag: { readonly beyond: boolean; readonly since: Millis } | undefined;
}

export type RoutingMemory = readonly ServerMemory[];

export const memoryOf = (memory: RoutingMemory, service: string, member: string): ServerMemory | undefined =>
  memory.find((one) => one.service === service && one.member === member);
