// Members that claim to be primary without the cluster manager's authority: out of every service, and worth an alarm. Such a claim means nothing for authority:
// a thawed Patroni of an old leader publishes `running` as primary on its old timeline (3.0.3 and later, measured).
import type { ClusterView, Member } from '../model/view.ts';
import { saysNoPrimary } from './probe-words.ts';

/** `writer`: the member that is judged as leader or former leader; it claims nothing that is not its own. */
export function claimsPrimary(view: ClusterView, member: Member, writer: string | undefined): boolean {
  const { leadership, initialized } = view;
  // Nobody has an authority to claim without: two that say so are a conflict, and neither is the writer.
  if (view.source === 'postgres') return false;
  const holder = leadership.kind === 'held' ? leadership.member : undefined;
  if (!initialized || member.name === writer || member.name === holder) return false;
  // A cluster that is being made has a primary before it has its first leader key.
  if (leadership.kind === 'vacant' && leadership.former === undefined) return false;
  // Stolon promotes the next master before it names it to the proxies.
  if (view.source === 'stolon' && leadership.kind === 'vacant' && member.role === 'promoting') return false;
  const { probe } = member;
  // What it said before another was named was true then.
  if (probe?.latest.kind === 'primary' && probe.latest.at >= leadership.seenAt) return true;
  if (leadership.kind === 'vacant' || !member.present || member.role !== 'primary' || !member.running) return false;
  if (member.recordRevision <= leadership.revision) return false;
  return probe === undefined || !saysNoPrimary(probe.latest) || probe.latest.at < member.recordSeenAt;
}
