// Is a standby on the leader's timeline? For some seconds after a failover a lower one is normal. A higher one is another history: a former
// primary that was not rewound. The key is followed even to a lower timeline, but with an alarm.
import { recordProof } from '../model/authority.ts';
import { type Reason, reason } from '../model/reason.ts';
import { type ClusterView, type Member, memberOf } from '../model/view.ts';
import { timelinePatienceMs } from './limits.ts';
import type { Case } from './ruling.ts';

export function timelineRefuses({ view, horizon }: Case, member: Member): Reason | undefined {
  const own = latestOf(member);
  if (own === undefined) return undefined;
  const leading = leadingTimeline(view);
  const cluster = leading ?? clusterTimeline(view);
  if (cluster === undefined || own === cluster) return undefined;
  const facts = { member: member.name, timeline: own, cluster_timeline: cluster };
  // Without the leader's own word the cluster may already be further than we know.
  if (own > cluster) return leading === undefined ? undefined : reason('replica_timeline_ahead', facts);
  const leader = view.leadership.kind === 'held' ? memberOf(view, view.leadership.member) : undefined;
  const rises = [view.leadership.seenAt, view.timelineSeenAt, leader?.probe?.primarySince];
  const patienceMs = timelinePatienceMs(view);
  const patient = rises.some((at) => at !== undefined && horizon.within(at, patienceMs));
  return patient ? undefined : reason('replica_timeline_behind', facts);
}

/** The timeline that the leader writes, from its probe or from a record that proves its promotion; undefined: it has not said yet. */
export function leadingTimeline({ source, leadership, members }: ClusterView): number | undefined {
  if (leadership.kind !== 'held') return undefined;
  const leader = members.find(({ name }) => name === leadership.member);
  if (leader === undefined) return undefined;
  const said = leader.probe?.lastAnswer;
  if (said?.kind === 'primary' && said.at >= leadership.seenAt && said.timeline !== undefined) return said.timeline;
  if (source === 'postgres') return undefined;
  return recordProof(leadership, leader).kind === 'proven' ? leader.timeline : undefined;
}

/**
 * The cluster's timeline while its leader has not said one. Where nobody keeps a history, the greatest that was ever seen may be a stray server's: then it
 * is what the last primary wrote, or unknown.
 */
function clusterTimeline({ source, leadership, members, timeline }: ClusterView): number | undefined {
  if (source !== 'postgres') return timeline;
  const last = leadership.kind === 'held' ? leadership.member : leadership.former;
  const said = members.find(({ name }) => name === last)?.probe?.lastAnswer;
  return said?.kind === 'primary' ? said.timeline : undefined;
}

function latestOf({ timeline, probe }: Member): number | undefined {
  const said = probe?.latest.kind === 'standby' ? probe.latest.timeline : undefined;
  if (timeline === undefined || said === undefined) return timeline ?? said;
  return Math.max(timeline, said);
}
