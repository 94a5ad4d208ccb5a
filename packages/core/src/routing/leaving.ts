// How a member leaves a service: drained or ended, by the service's own table and by what is remembered of it.
//
//   in ──a reason against it──▶ out (cause, since) ──another cause──▶ out (that cause, since now)
//    ▲                              │ kill: maint, sessions ended;  drain: drain;  drain_then_kill: drain, after drainTimeoutMs as kill
//    └──────────────────────────────┘
//   first look ──a reason against it──▶ out (found): its sessions are none of ours to end, since we don't know how it came to that
//
// Never lets anybody in, and never spares a session that could write where nobody may: those rules stand before the table.
import { memoryOf, type ServerMemory } from '../model/memory.ts';
import type { Reason } from '../model/reason.ts';
import { isWriteService, type LeaveCause, type Leaving, type ServiceSpec } from '../model/service.ts';
import type { Millis } from '../model/units.ts';
import { causeOf } from './leave-causes.ts';
import type { Case } from './ruling.ts';

/** What becomes of a member that is out. */
export interface Left {
  readonly state: 'drain' | 'maint';
  /** Its open sessions are ended. In a write service that is what maint means. */
  readonly ends: boolean;
  /** To be remembered (`remember`). */
  readonly out: NonNullable<ServerMemory['out']>;
}

/**
 * `why`: what speaks against the member. `orderedAt`: when an operator put it into maintenance; it counts from then where nothing is remembered, so that a
 * restart of the router does not make his drain endless.
 */
export function leave(given: Case, service: ServiceSpec, member: string, why: Reason, orderedAt?: Millis): Left {
  const out = outSince(given, memoryOf(given.memory, service.name, member), why, orderedAt);
  if (mustEnd(service, why, out.cause)) return { state: 'maint', ends: true, out };
  const leaving: Leaving = why.code === 'override_drain' ? 'drain' : service.leaving[out.cause];
  if (leaving === 'drain') return { state: 'drain', ends: false, out };
  if (out.found) return { state: leaving === 'kill' && !isWriteService(service) ? 'maint' : 'drain', ends: false, out };
  const drains = leaving === 'drain_then_kill' && given.horizon.within(out.since, service.drainTimeoutMs);
  return drains ? { state: 'drain', ends: false, out } : { state: 'maint', ends: true, out };
}

function outSince(
  { horizon: { now } }: Case,
  remembered: ServerMemory | undefined,
  why: Reason,
  orderedAt: Millis | undefined,
): Left['out'] {
  const cause = causeNow(why, remembered?.last);
  if (remembered?.out?.cause === cause) return remembered.out;
  if (remembered !== undefined) return { cause, since: now, found: false };
  if (orderedAt === undefined || why.code !== 'override_maint') return { cause, since: now, found: true };
  return { cause, since: orderedAt < now ? orderedAt : now, found: false };
}

/** The primary that stood in for standbys lost nothing when they came back, though its reason says that it is the leader. */
const causeNow = (why: Reason, last: ServerMemory['last']): LeaveCause =>
  why.code === 'leader_takes_no_reads' && last?.asPrimary === true ? 'preferred' : causeOf(why);

/** Whatever the table says, and whatever is remembered. */
function mustEnd(service: ServiceSpec, { code }: Reason, cause: LeaveCause): boolean {
  if (code === 'primary_without_authority') return true;
  return (
    isWriteService(service) &&
    (cause === 'role_lost' || cause === 'down' || cause === 'absent' || cause === 'view_lost')
  );
}

/** What is remembered of a member that is in (`last`), or that leaves (`out`). */
export function remember(
  { memory }: Case,
  { name: service }: ServiceSpec,
  member: string,
  is: { readonly last: NonNullable<ServerMemory['last']> } | { readonly out: NonNullable<ServerMemory['out']> },
  lag?: ServerMemory['lag'],
): ServerMemory {
  if ('last' in is) return { service, member, last: is.last, out: undefined, lag };
  return { service, member, last: memoryOf(memory, service, member)?.last, out: is.out, lag };
}

/** While a service is undecided nothing is done in it, so nothing is learnt about it. */
export const unchanged = ({ memory, view }: Case, service: ServiceSpec): readonly ServerMemory[] =>
  memory.filter((one) => one.service === service.name && view.members.some(({ name }) => name === one.member));
