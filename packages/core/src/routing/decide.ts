// decide: a picture of the cluster and what the operator asked for -> for each service and member ready, drain or maint, each with its reason.
// Pure and total: no clock, no I/O. The same picture at the same instant, with the same memory, is always decided alike.
//
//   writer.ts         who may take writes (leader.ts, vacancy.ts, confirmation.ts, record-states.ts; Stolon: stolon-writer.ts, proxy-gate.ts; without a
//                     cluster manager: postgres-writer.ts)
//   write-service.ts  what a write service holds for that
//   read-service.ts   what a read service holds (reader.ts, lag.ts, timeline.ts; Stolon: stolon-reader.ts; without a manager: postgres-reader.ts)
//   claims.ts         who only says that it is primary;  alarms.ts  what a person must look at;  limits.ts  the spans of time
import type { Decision } from '../model/decision.ts';
import type { RoutingMemory } from '../model/memory.ts';
import type { Override } from '../model/override.ts';
import { inWordsOf, type Reason } from '../model/reason.ts';
import { isWriteService } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import { type ClusterView, type Member, memberOf } from '../model/view.ts';
import { alarmsOf } from './alarms.ts';
import { Horizon } from './horizon.ts';
import { readService } from './read-service.ts';
import type { Case, WriterRuling } from './ruling.ts';
import { writeService } from './write-service.ts';
import { writerRuling } from './writer.ts';

/** What a decision rests on besides the picture. */
export interface Circumstances {
  /** Operators' own words, in any order. Those that are over don't count. */
  readonly overrides?: readonly Override[];
  /** What the decision before this one left behind. */
  readonly memory?: RoutingMemory;
}

/**
 * What each service shall hold at the instant `now` (of the same monotonic clock as the view's instants). Reasons carry the facts they rest on;
 * without any new fact the decision holds until `reviewAt`.
 */
export function decide(
  unordered: ClusterView,
  cluster: ClusterSpec,
  now: Millis,
  { overrides = [], memory = [] }: Circumstances = {},
): Decision {
  const view = { ...unordered, members: inOrder(unordered.members) };
  const given: Case = { view, spec: cluster, horizon: new Horizon(now), overrides, memory };
  const told = (reason: Reason): Reason => inWordsOf(view.source, reason);
  const judged = writerRuling(given);
  const writer = { ...judged, reason: told(judged.reason) };
  const rulings = cluster.services.map((service) =>
    isWriteService(service) ? writeService(given, service, writer) : readService(given, service, writer),
  );
  const alarms = alarmsOf(given, writer);
  return {
    cluster: view.cluster,
    revision: view.revision,
    services: rulings.map(({ decision }) => ({
      ...decision,
      reason: told(decision.reason),
      verdicts: decision.verdicts.map((verdict) => ({ ...verdict, reason: told(verdict.reason) })),
    })),
    alarms: alarms.map(told),
    probeHard: cluster.probe === undefined ? [] : probeHard(view, writer),
    reviewAt: given.horizon.reviewAt,
    memory: rulings.flatMap(({ memory }) => memory),
  };
}

/** Members whose PostgreSQL decides what comes next: the unproven leader, the former one, whoever may be about to follow. */
function probeHard(view: ClusterView, { member, askHard, successors }: WriterRuling): readonly string[] {
  const names = new Set(successors.filter((name) => memberOf(view, name) !== undefined));
  if (member !== undefined && askHard) names.add(member);
  return [...names].sort();
}

const inOrder = (members: readonly Member[]): readonly Member[] =>
  [...members].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
