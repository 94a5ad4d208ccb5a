// decide: a picture of the cluster and what the operator asked for -> for each service and member ready, drain or maint, each with its reason.
// Pure and total: no clock, no I/O. The same picture at the same instant, with the same memory, is always decided alike.
//
//   writer.ts         who may take writes (leader.ts, vacancy.ts, confirmation.ts, record-states.ts; Stolon: stolon-writer.ts, proxy-gate.ts; without a
//                     cluster manager: postgres-writer.ts)
//   write-service.ts  what a write service holds for that
//   read-service.ts   what a read service holds: candidate.ts judges each member (reader.ts, timeline.ts; Stolon: stolon-reader.ts; without a manager:
//                     postgres-reader.ts; roles.ts, selected.ts, lag-side.ts), tiers.ts chooses, weights.ts weighs
//   claims.ts         who only says that it is primary;  alarms.ts  what a person must look at;  limits.ts  the spans of time
//   overrides.ts      what operators ask for;  leaving.ts, leave-causes.ts  what becomes of sessions;  outage.ts  what an old view is good for
import type { Decision, Verdict } from '../model/decision.ts';
import type { RoutingMemory } from '../model/memory.ts';
import type { Override } from '../model/override.ts';
import { inWordsOf, type Reason } from '../model/reason.ts';
import { isWriteService, type OutagePolicy, outageDefault, sameOutage } from '../model/service.ts';
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
  const outage = outageDefault('primary', cluster.grace);
  const given: Case = { view, spec: cluster, horizon: new Horizon(now, view.confirmedAt), outage, overrides, memory };
  const told = (reason: Reason): Reason => inWordsOf(view.source, reason);
  const writers = new Writers(given, told);
  const writer = writers.under(outage);
  const rulings = cluster.services.map((service) =>
    isWriteService(service)
      ? writeService(given, service, writers.under(service.outage))
      : readService(given, service, writer),
  );
  const alarms = distinct([...alarmsOf(given, writer), ...rulings.flatMap(({ alarms }) => alarms ?? [])]);
  return {
    cluster: view.cluster,
    revision: view.revision,
    services: rulings.map(({ decision }) => ({
      ...decision,
      reason: told(decision.reason),
      verdicts: decision.verdicts.map((verdict) => toldAs(verdict, told(verdict.reason))),
    })),
    alarms: alarms.map(told),
    probeHard: cluster.probe === undefined ? [] : probeHard(view, writers.all),
    reviewAt: given.horizon.reviewAt,
    reviewBy: given.horizon.reviewBy,
    memory: rulings.flatMap(({ memory }) => memory),
  };
}

/** A pass over thousands of members copies nothing that stays the same. */
const toldAs = (verdict: Verdict, told: Reason): Verdict =>
  told === verdict.reason ? verdict : { ...verdict, reason: told };

/** What several services have to say alike is said once. */
const distinct = (alarms: readonly Reason[]): readonly Reason[] =>
  alarms.length < 2 ? alarms : [...new Map(alarms.map((alarm) => [JSON.stringify(alarm), alarm])).values()];

/** Who may take writes is asked once for each outage policy that there is: nearly always once. */
class Writers {
  readonly #given: Case;
  readonly #told: (reason: Reason) => Reason;
  readonly #rulings: { readonly outage: OutagePolicy; readonly ruling: WriterRuling }[] = [];

  constructor(given: Case, told: (reason: Reason) => Reason) {
    this.#given = given;
    this.#told = told;
  }

  under(outage: OutagePolicy): WriterRuling {
    const known = this.#rulings.find((one) => sameOutage(one.outage, outage));
    if (known !== undefined) return known.ruling;
    const judged = writerRuling({ ...this.#given, outage });
    const ruling = { ...judged, reason: this.#told(judged.reason) };
    this.#rulings.push({ outage, ruling });
    return ruling;
  }

  get all(): readonly WriterRuling[] {
    return this.#rulings.map(({ ruling }) => ruling);
  }
}

/** Members whose PostgreSQL decides what comes next: the unproven leader, the former one, whoever may be about to follow. */
function probeHard(view: ClusterView, writers: readonly WriterRuling[]): readonly string[] {
  const names = writers.flatMap(({ member, askHard, successors }) => [
    ...successors,
    ...(member !== undefined && askHard ? [member] : []),
  ]);
  return [...new Set(names)].filter((name) => memberOf(view, name) !== undefined).sort();
}

const inOrder = (members: readonly Member[]): readonly Member[] =>
  [...members].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
