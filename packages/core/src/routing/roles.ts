// What a read service's role means for a member that is safe to read from: the words of Patroni's own health checks (/replica, /sync, /async, /quorum).
import { type Reason, reason } from '../model/reason.ts';
import type { ServiceRole } from '../model/service.ts';
import type { ClusterView, Member } from '../model/view.ts';
import type { Fitness } from './reader.ts';

/** Why the service does not want it, as long as those that it wants can serve; undefined: it does. */
export function roleRefuses(
  view: ClusterView,
  role: ServiceRole,
  member: Member,
  kind: Fitness['kind'],
): Reason | undefined {
  const { name, sync } = member;
  if (kind === 'primary') return role === 'any' ? undefined : reason('leader_takes_no_reads', { member: name });
  const other = (kind: string): Reason => reason('replica_of_other_kind', { member: name, kind, wanted: role });
  switch (role) {
    case 'any':
    case 'replica':
    case 'primary':
      return undefined;
    case 'sync':
    case 'quorum':
    case 'async':
      return sync === role ? undefined : other(sync);
    case 'standby_leader': {
      const leads = view.leadership.kind === 'held' && view.leadership.member === name;
      return leads && view.settings.standbyCluster ? undefined : other('replica');
    }
  }
}
