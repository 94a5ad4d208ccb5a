// One member before one read service: is it of the first tier, may it stand in for others, and if not, what speaks against it. The order of the questions
// is the order of what is told; what comes of the answers for the others, and for its sessions, is decided elsewhere (tiers.ts, leaving.ts).
//
//   safe to read from (reader.ts)    nothing lifts this
//   the view is good enough          the service's outage policy (outage.ts)
//   the role is what is wanted       not asked of who stands in
//   no override takes it out
//   no noloadbalance, selected, not too far behind     `ready` lifts these; the selector is not asked of who stands in, the primary only for the selector
import { memoryOf, type ServerMemory } from '../model/memory.ts';
import { explainReason, type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { Member } from '../model/view.ts';
import { type LagSide, lagLimitOf, lagSideOf } from './lag-side.ts';
import { outageOf } from './outage.ts';
import { factsOf, type Orders, overrideFor, refusedBy } from './overrides.ts';
import { type Fitness, fitnessOf, unbalanced } from './reader.ts';
import { roleRefuses } from './roles.ts';
import type { Case, WriterRuling } from './ruling.ts';
import { selectorRefuses } from './selected.ts';

export interface Candidate {
  readonly member: Member;
  readonly orders: Orders;
  readonly remembered: ServerMemory | undefined;
  readonly asPrimary: boolean;
  /** What keeps it out of the first tier; undefined: nothing does. */
  readonly against: Reason | undefined;
  /** What keeps it from standing in for others; undefined: nothing does. */
  readonly barred: Reason | undefined;
  /** Why it is in, where it is in the first tier. */
  readonly why: Reason;
  /** Undefined: no limit, or not asked because something graver speaks against it. */
  readonly lag: LagSide | undefined;
  /** Nothing speaks against it but that it lags. */
  readonly onlyLags: boolean;
}

export function candidateOf(given: Case, service: ServiceSpec, member: Member, writer: WriterRuling): Candidate {
  const { name } = member;
  const remembered = memoryOf(given.memory, service.name, name);
  const orders = overrideFor(given, service, name);
  const fitness = fitnessOf(given, member, writer);
  const out = barrier(given, service, member, fitness, writer);
  const asPrimary = fitness.kind === 'primary';
  if (out !== undefined) {
    const lag = undefined;
    return { member, orders, remembered, asPrimary, against: out, barred: out, why: out, lag, onlyLags: false };
  }
  const role = roleRefuses(given.view, service.role, member, fitness.kind);
  const ordered = refusedBy(orders);
  const standby = fitness.kind === 'standby';
  const limit = standby ? lagLimitOf(service, given.view) : undefined;
  const lag = limit === undefined ? undefined : lagSideOf(given, limit, member, remembered?.lag);
  const tag = standby ? unbalanced(member) : undefined;
  const selected = selectorRefuses(given, service.selector, name);
  const behind = lag?.beyond === true ? lag.reason : undefined;
  const lifts = orders.action?.action.kind === 'ready';
  const wishes = lifts ? undefined : (tag ?? selected ?? behind);
  return {
    member,
    orders,
    remembered,
    asPrimary,
    against: role ?? ordered ?? wishes,
    barred: ordered ?? (lifts ? undefined : (tag ?? behind)),
    why: lifted(given, service, orders, name, tag ?? selected ?? behind) ?? inReason(name, fitness, lag),
    lag,
    onlyLags: wishes !== undefined && wishes === behind && role === undefined && ordered === undefined,
  };
}

/** What nobody's wish lifts: it is not safe to read from, or the picture is too old to say so. */
function barrier(
  given: Case,
  service: ServiceSpec,
  { name }: Member,
  fitness: Fitness,
  writer: WriterRuling,
): Reason | undefined {
  if (fitness.kind === 'barred') {
    // A service that reads from the primary too is told why the primary is not one now.
    const leads = fitness.reason.code === 'leader_takes_no_reads';
    return leads && service.role === 'any' && writer.member === name ? writer.reason : fitness.reason;
  }
  const outage = outageOf(given, service);
  return outage === undefined ? undefined : { ...outage, facts: { ...outage.facts, member: name } };
}

/** An override of kind `ready` is told where it lifts something: a wish of the service, or a broader override. */
function lifted(
  given: Case,
  service: ServiceSpec,
  { action }: Orders,
  member: string,
  wish: Reason | undefined,
): Reason | undefined {
  if (action?.action.kind !== 'ready') return undefined;
  const others = given.overrides.filter(({ id }) => id !== action.id);
  const without = refusedBy(overrideFor({ ...given, overrides: others }, service, member)) ?? wish;
  if (without === undefined) return undefined;
  return reason('override_ready', { ...factsOf(action), lifted: explainReason(without) });
}

function inReason(member: string, { kind }: Fitness, lag: LagSide | undefined): Reason {
  if (kind === 'primary') return reason('primary_takes_reads', { member });
  return lag === undefined || lag.beyond ? reason('replica_ok', { member }) : lag.reason;
}
