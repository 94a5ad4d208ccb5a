// What a person has to look at, whatever the services do.
import type { ProxiesView } from '../model/proxies.ts';
import { clusterDataReason, explainReason, type Reason, reason } from '../model/reason.ts';
import { type ClusterView, memberOf } from '../model/view.ts';
import { claimsPrimary } from './claims.ts';
import { ACKNOWLEDGE_MS, freshMs, SENTINEL_INTERVALS, STUCK_MS, UNCONFIRMED_ALARM_MS } from './limits.ts';
import { standing } from './overrides.ts';
import { isOfGate } from './proxy-gate.ts';
import type { Case, WriterRuling } from './ruling.ts';
import { leadingTimeline } from './timeline.ts';

export const alarmsOf = (given: Case, writer: WriterRuling): readonly Reason[] => [
  ...clusterAlarms(given, writer),
  ...idleOverrides(given),
];

function clusterAlarms(given: Case, writer: WriterRuling): readonly Reason[] {
  const { view, horizon } = given;
  if (view.source === 'postgres') return [...conflict(writer), ...timelineBack(view)];
  const alarms: Reason[] = unreadable(view);
  const leader = view.leadership.kind === 'held' ? view.leadership.member : null;
  for (const member of view.members) {
    if (!claimsPrimary(view, member, writer.member)) continue;
    alarms.push(reason('two_primaries', { member: member.name, leader: leader ?? 'nobody' }));
  }
  alarms.push(...timelineBack(view));
  if (!horizon.within(view.confirmedAt, UNCONFIRMED_ALARM_MS)) alarms.push(reason('etcd_unconfirmed'));
  const stuck = stuckLeader(given, writer);
  if (stuck !== undefined) alarms.push(stuck);
  return view.proxies === undefined ? alarms : [...alarms, ...proxyAlarms(given, view.proxies)];
}

/** More than one server takes writes, and a client that reaches one of them directly may write there. */
const conflict = ({ reason }: WriterRuling): readonly Reason[] =>
  reason.code === 'conflicting_primaries' ? [reason] : [];

/** Somebody believes to have changed something, and has not. */
function idleOverrides(given: Case): readonly Reason[] {
  const { view, spec, overrides } = given;
  if (overrides.length === 0 || view.members.length === 0) return [];
  return standing(given).flatMap(({ id, owner, action, member, service }) => {
    const isService = service === undefined || spec.services.some(({ name }) => name === service);
    if (isService && memberOf(view, member) !== undefined) return [];
    const why = isService ? `the cluster has no member ${member}` : `the cluster has no service ${service}`;
    return [reason('override_idle', { override: id, owner, action: action.kind, member, why })];
  });
}

function timelineBack(view: ClusterView): readonly Reason[] {
  const { leadership } = view;
  const timeline = leadingTimeline(view);
  const known = knownTimeline(view);
  if (leadership.kind !== 'held' || timeline === undefined || known === undefined || timeline >= known) return [];
  return [reason('timeline_went_back', { member: leadership.member, timeline, known_timeline: known })];
}

/** Where nobody keeps a history it is what the servers themselves said last: a stray one may have been rebuilt since. */
function knownTimeline({ source, members, timeline }: ClusterView): number | undefined {
  if (source !== 'postgres') return timeline;
  return Math.max(0, ...members.map((member) => member.timeline ?? 0));
}

/** Where clusterdata itself is of no use, that is told instead of what is wrong with its record. One that is not there yet is no alarm. */
function unreadable({ problems, proxies }: ClusterView): Reason[] {
  const problem = proxies?.problem;
  const others = problems.filter(({ key }) => key !== problem?.key);
  const alarms = others.map(({ key, error }) => reason('record_unreadable', { key, error }));
  return problem === undefined || problem.kind === 'absent' ? alarms : [clusterDataReason(problem), ...alarms];
}

/**
 * Where only etcd's confirmation is missing, the leader is not stuck: that has an alarm of its own. In Stolon a record is written again and again
 * without a word about the promotion, and a proven master may be stuck for want of Stolon's word to this proxy.
 */
function stuckLeader({ view, spec, horizon }: Case, writer: WriterRuling): Reason | undefined {
  const { state, member, mayRead, undecided, reason: because } = writer;
  const { leadership, proxies } = view;
  if (state === 'ready' || undecided || leadership.kind !== 'held' || member !== leadership.member) return undefined;
  const barred = isOfGate(because) && horizon.within(view.confirmedAt, UNCONFIRMED_ALARM_MS);
  if (mayRead && !barred) return undefined;
  const leader = memberOf(view, member);
  const byRecordAt = view.source === 'patroni' ? leader?.recordSeenAt : undefined;
  const provenAt = spec.probe === undefined ? byRecordAt : leader?.probe?.lastPrimaryAt;
  const since = [leadership.seenAt, barred ? proxies?.registration?.startedAt : provenAt];
  const recently = since.some((at) => at !== undefined && horizon.within(at, STUCK_MS));
  return recently ? undefined : reason('leader_stuck', { member, limit_ms: STUCK_MS, because: explainReason(because) });
}

/** What stands in the way of Stolon's next failover. */
function proxyAlarms({ view, horizon }: Case, proxies: ProxiesView): readonly Reason[] {
  const alarms: Reason[] = [];
  if (proxies.problem !== undefined) return alarms;
  const { clusterUid, generation, generationSeenAt, writtenAt, sleepIntervalMs, registration } = proxies;
  const acknowledged = registration?.acknowledged;
  const isAcknowledged = acknowledged?.clusterUid === clusterUid && acknowledged.generation === generation;
  const because = isAcknowledged ? undefined : registration?.hindrance;
  if (registration !== undefined && because !== undefined && !horizon.within(generationSeenAt, ACKNOWLEDGE_MS)) {
    alarms.push(reason('acknowledgement_blocked', { proxy: registration.uid, generation, because }));
  }
  const silentMs = SENTINEL_INTERVALS * sleepIntervalMs;
  if (!horizon.within(writtenAt, silentMs) && horizon.within(view.confirmedAt, freshMs(view))) {
    alarms.push(reason('sentinel_silent', { limit_ms: silentMs }));
  }
  return alarms;
}
