// What stands of a cluster that nobody manages: who takes writes by the servers' own words, and what each of them said last. No word of keys, records or
// etcd: there are none. Pure.
import type { ClusterStatus, MemberStatus } from '@pgrouted/core/status/schema';
import { formatAddress, formatAge, formatBytes } from './amounts.ts';
import type { Remark } from './stolon.ts';

type View = NonNullable<ClusterStatus['view']>;

export const isUnmanaged = ({ source }: ClusterStatus): boolean => source.kind === 'postgres';

/** The facts behind the cluster's name. */
export function unmanagedFacts({ members }: ClusterStatus, view: View): readonly string[] {
  const { leadership } = view;
  const answering = members.filter(answers).length;
  return [
    leadership.kind === 'held' ? `primary ${leadership.member}` : 'NO PRIMARY',
    `timeline ${view.timeline ?? '?'}`,
    `revision ${view.revision}`,
    answering === members.length
      ? `all ${members.length} servers answer`
      : `${answering} of ${members.length} servers answer`,
  ];
}

/** Why nobody is taken for the primary. */
export function unmanagedRemarks(cluster: ClusterStatus, { leadership }: View): readonly Remark[] {
  if (leadership.kind === 'held') return [];
  const claiming = claimants(cluster);
  const since = formatAge(leadership.forMs);
  if (claiming.length > 1) {
    const text = `${claiming.join(' and ')} say that they are primary (for ${since}): nobody gets writes until one of them is gone`;
    return [{ text, ink: 'bad' }];
  }
  const former =
    leadership.former === null ? 'nobody is known to have done so before' : `${leadership.former} did so last`;
  return [{ text: `no server alone has said for ${since} that it is primary: ${former}`, ink: 'bad' }];
}

/** Who takes writes, and by whose word. */
export function wordOfServers(cluster: ClusterStatus, { leadership }: View): string {
  const answering = cluster.members.filter(answers).length;
  const heard = `${answering} of ${cluster.members.length} servers answer`;
  const since = formatAge(leadership.forMs);
  if (leadership.kind === 'held') {
    return `PostgreSQL of ${leadership.member} alone has said for ${since} that it is primary; ${heard}`;
  }
  const claiming = claimants(cluster);
  if (claiming.length > 1) return `${claiming.join(' and ')} say that they are primary (for ${since}); ${heard}`;
  const former = leadership.former === null ? '' : ` (${leadership.former} did so last)`;
  return `no PostgreSQL alone has said for ${since} that it is primary${former}; ${heard}`;
}

/** What a server said last, in place of a record. */
export function lastWords(member: MemberStatus): string {
  const where = `PostgreSQL at ${formatAddress(member.address)}`;
  const said = member.probe?.lastAnswer ?? null;
  if (said === null) return `${where}; it has never answered`;
  const parts = [
    said.kind,
    member.timeline === null ? 'timeline not told' : `timeline ${member.timeline}`,
    ...(member.position === null ? [] : [`WAL position ${member.position}`]),
    ...(member.lagBytes === null ? [] : [`${formatBytes(member.lagBytes)} behind the primary`]),
    where,
  ];
  return `${parts.join(', ')}; said ${formatAge(said.ageMs)} ago`;
}

const answers = ({ probe }: MemberStatus): boolean => probe?.kind === 'primary' || probe?.kind === 'standby';

const claimants = ({ members }: ClusterStatus): readonly string[] =>
  members.filter(({ probe }) => probe?.kind === 'primary').map(({ name }) => name);
