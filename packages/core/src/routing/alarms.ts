// What a person has to look at, whatever the services do.
import { explainReason, type Reason, reason } from '../model/reason.ts';
import { memberOf } from '../model/view.ts';
import { claimsPrimary } from './claims.ts';
import { STUCK_MS, UNCONFIRMED_ALARM_MS } from './limits.ts';
import type { Case, WriterRuling } from './ruling.ts';
import { leadingTimeline } from './timeline.ts';

export function alarmsOf(given: Case, writer: WriterRuling): readonly Reason[] {
  const { view, horizon } = given;
  const alarms: Reason[] = view.problems.map(({ key, error }) => reason('record_unreadable', { key, error }));
  const leader = view.leadership.kind === 'held' ? view.leadership.member : null;
  for (const member of view.members) {
    if (!claimsPrimary(view, member, writer.member)) continue;
    alarms.push(reason('two_primaries', { member: member.name, leader: leader ?? 'nobody' }));
  }
  const timeline = leadingTimeline(view);
  if (timeline !== undefined && view.timeline !== undefined && timeline < view.timeline) {
    alarms.push(reason('timeline_went_back', { member: leader, timeline, known_timeline: view.timeline }));
  }
  if (!horizon.within(view.confirmedAt, UNCONFIRMED_ALARM_MS)) alarms.push(reason('etcd_unconfirmed'));
  const stuck = stuckLeader(given, writer);
  return stuck === undefined ? alarms : [...alarms, stuck];
}

/** Where only etcd's confirmation is missing, the leader is not stuck: that has an alarm of its own. */
function stuckLeader({ view, spec, horizon }: Case, writer: WriterRuling): Reason | undefined {
  const { state, member, mayRead, reason: because } = writer;
  const { leadership } = view;
  if (state === 'ready' || mayRead || leadership.kind !== 'held' || member !== leadership.member) return undefined;
  const leader = memberOf(view, member);
  const provenAt = spec.probe === undefined ? leader?.recordSeenAt : leader?.probe?.lastPrimaryAt;
  const recently = [leadership.seenAt, provenAt].some((at) => at !== undefined && horizon.within(at, STUCK_MS));
  return recently ? undefined : reason('leader_stuck', { member, limit_ms: STUCK_MS, because: explainReason(because) });
}
