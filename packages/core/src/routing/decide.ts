// decide: a picture of the cluster and what the operator asked for -> for each service and member ready, drain or maint, each with its reason.
// Pure and total: no clock, no I/O, no memory. The same picture at the same instant is always decided alike.
//
//   writer.ts   who may take writes (leader.ts, vacancy.ts, confirmation.ts, record-states.ts; Stolon: stolon-writer.ts, proxy-gate.ts; without a
//               cluster manager: postgres-writer.ts)
//   reader.ts   who may take reads (lag.ts, timeline.ts; Stolon: stolon-reader.ts; without a cluster manager: postgres-reader.ts)
//   claims.ts   who only says that it is primary;  alarms.ts  what a person must look at;  limits.ts  the spans of time
import type { Decision, ServiceDecision, Verdict } from '../model/decision.ts';
import { clusterDataReason, explainReason, inWordsOf, type Reason, reason } from '../model/reason.ts';
import type { ClusterSpec, ServiceSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import { type ClusterView, type Member, memberOf } from '../model/view.ts';
import { alarmsOf } from './alarms.ts';
import { claimsPrimary } from './claims.ts';
import { Horizon } from './horizon.ts';
import { unasked } from './postgres-writer.ts';
import { readRuling } from './reader.ts';
import type { Case, WriterRuling } from './ruling.ts';
import { writerRuling } from './writer.ts';

/**
 * What each service shall hold at the instant `now` (of the same monotonic clock as the view's instants). Reasons carry the facts they rest on;
 * without any new fact the decision holds until `reviewAt`.
 */
export function decide(unordered: ClusterView, cluster: ClusterSpec, now: Millis): Decision {
  const view = { ...unordered, members: inOrder(unordered.members) };
  const given: Case = { view, spec: cluster, horizon: new Horizon(now) };
  const told = (reason: Reason): Reason => inWordsOf(view.source, reason);
  const judged = writerRuling(given);
  const writer = { ...judged, reason: told(judged.reason) };
  const services = cluster.services.map((service) =>
    service.role === 'primary' ? writeService(given, service, writer) : readService(given, service, writer),
  );
  const alarms = alarmsOf(given, writer);
  return {
    cluster: view.cluster,
    revision: view.revision,
    services: services.map((service) => ({
      ...service,
      reason: told(service.reason),
      verdicts: service.verdicts.map((verdict) => ({ ...verdict, reason: told(verdict.reason) })),
    })),
    alarms: alarms.map(told),
    probeHard: cluster.probe === undefined ? [] : probeHard(view, writer),
    reviewAt: given.horizon.reviewAt,
  };
}

function writeService({ view }: Case, service: ServiceSpec, writer: WriterRuling): ServiceDecision {
  const verdicts = view.members.map((member): Verdict => {
    if (member.name === writer.member) return { member: member.name, state: writer.state, reason: writer.reason };
    return { member: member.name, state: 'maint', reason: bystander(view, member, writer) };
  });
  const { member, undecided, keeps } = writer;
  const keep = undecided && keeps ? member : undefined;
  return { ...named(service), verdicts, reason: writeSummary(writer), undecided, keep };
}

/** Why a member that is not judged as the writer is out of a write service. */
function bystander(view: ClusterView, member: Member, writer: WriterRuling): Reason {
  const { name, problem } = member;
  if (problem !== undefined)
    return reason('record_unreadable', { member: name, key: problem.key, error: problem.error });
  if (claimsPrimary(view, member, writer.member)) return reason('primary_without_authority', { member: name });
  if (writer.forAll) return writer.reason;
  return view.leadership.kind === 'held'
    ? reason('not_leader', { member: name, leader: view.leadership.member })
    : reason('no_leader');
}

function writeSummary({ member, state, reason: because, forAll, undecided }: WriterRuling): Reason {
  if (forAll || member === undefined) return because;
  if (state === 'ready') return reason('write_open', { member });
  if (undecided) return reason('write_undecided', { member, because: explainReason(because) });
  const code = state === 'drain' ? 'write_draining' : 'write_closed';
  return reason(code, { member, because: explainReason(because) });
}

function readService(given: Case, service: ServiceSpec, writer: WriterRuling): ServiceDecision {
  const { view } = given;
  const rulings = view.members.map((member) => ({ member, ...readRuling(given, service, member, writer) }));
  const ready = rulings.filter((ruling) => ruling.ready).map(({ member }) => member.name);
  const fallback = ready.length === 0 && service.fallback === 'primary' ? fallbackOn(view, writer) : undefined;
  const verdicts = rulings.map(({ member: { name }, ready, reason: why }): Verdict => {
    if (name !== fallback) return { member: name, state: ready ? 'ready' : 'maint', reason: why };
    return { member: name, state: 'ready', reason: reason('fallback_to_primary', { member: name }) };
  });
  const mayFallBack = ready.length === 0 && service.fallback === 'primary' && writer.undecided;
  const unknown = unknownReads(given);
  return {
    ...named(service),
    verdicts,
    reason: unknown ?? readSummary(ready, fallback),
    undecided: (mayFallBack && fallback === undefined) || unknown !== undefined,
  };
}

/** A cluster of which nothing could be read yet, or a server that was not asked yet, may well have standbys that serve. */
function unknownReads(given: Case): Reason | undefined {
  const waits = unasked(given);
  if (waits !== undefined) return reason('read_undecided', { member: waits });
  const { members, proxies } = given.view;
  return members.length > 0 || proxies?.problem === undefined ? undefined : clusterDataReason(proxies.problem);
}

/** The primary as the reads' last resort: if it could be written to, or only etcd's confirmation is missing for that. */
function fallbackOn(view: ClusterView, { member, mayRead }: WriterRuling): string | undefined {
  return mayRead && member !== undefined && memberOf(view, member) !== undefined ? member : undefined;
}

function readSummary(ready: readonly string[], fallback: string | undefined): Reason {
  if (ready.length > 0) return reason('read_open', { members: ready.join(', ') });
  return fallback === undefined ? reason('read_closed') : reason('read_on_primary', { member: fallback });
}

/** Members whose PostgreSQL decides what comes next: the unproven leader, the former one, whoever may be about to follow. */
function probeHard(view: ClusterView, { member, askHard, successors }: WriterRuling): readonly string[] {
  const names = new Set(successors.filter((name) => memberOf(view, name) !== undefined));
  if (member !== undefined && askHard) names.add(member);
  return [...names].sort();
}

const named = ({ name, backend, role }: ServiceSpec): Pick<ServiceDecision, 'service' | 'backend' | 'role'> => ({
  service: name,
  backend,
  role,
});

const inOrder = (members: readonly Member[]): readonly Member[] =>
  [...members].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
