// Who may take writes in a Stolon cluster. `proxy.spec.masterDbUid` names it, and nothing else does: `cluster.status.master` and a db's role move one
// step before the proxies have let go of the old master. In this order:
//   clusterdata can't be used                             maint, all
//   not initialized; follows another cluster              maint, all
//   nobody is named                                       maint at once: the sentinel waits until every proxy has let go, and never renames in passing
//   somebody is named                                     proven as a leader of Patroni is (leader.ts), by a probe or by record
//     but the view can't be confirmed within the grace    maint, whatever it is: a master of Stolon that is cut off goes on taking writes for ever
//     but Stolon does not count with this proxy (yet)     see proxy-gate.ts
import { clusterDataReason, reason } from '../model/reason.ts';
import { type Leadership, memberOf } from '../model/view.ts';
import { leaderRuling } from './leader.ts';
import { graceMs, PROMOTION_HURRY_MS } from './limits.ts';
import { gated } from './proxy-gate.ts';
import { type Case, closedForAll, ruling, type WriterRuling } from './ruling.ts';

type Vacant = Extract<Leadership, { kind: 'vacant' }>;

export function stolonWriterRuling(given: Case): WriterRuling {
  const { view } = given;
  const { proxies, leadership } = view;
  if (proxies?.problem !== undefined) return closedForAll(clusterDataReason(proxies.problem));
  if (proxies === undefined || !view.initialized) return closedForAll(reason('not_initialized'));
  if (view.settings.standbyCluster) return closedForAll(reason('standby_cluster'));
  if (leadership.kind === 'vacant') return withdrawn(given, leadership);
  return gated(given, leadership, confirmable(given, leaderRuling(given, leadership)));
}

/** The sentinel has chosen the next master (it may even be promoted already) and waits for the proxies before it names it. */
function withdrawn({ view, horizon }: Case, { former, seenAt }: Vacant): WriterRuling {
  const next = view.members.find(({ role }) => role === 'promoting')?.name;
  const successors = next !== undefined && horizon.within(seenAt, PROMOTION_HURRY_MS) ? [next] : [];
  if (former === undefined || memberOf(view, former) === undefined) {
    return closedForAll(reason('no_leader'), { successors });
  }
  return ruling(former, 'maint', reason('former_leader', { member: former }), { successors });
}

/** Draining, or keeping a server as it is, needs a view that still says something about now just as letting in does. */
function confirmable({ view, spec, horizon, outage }: Case, judged: WriterRuling): WriterRuling {
  const grace = graceMs(spec, view, outage);
  if (judged.state === 'maint' || horizon.within(view.confirmedAt, grace)) return judged;
  const facts = { member: judged.member ?? null, grace_ms: grace };
  return ruling(judged.member, 'maint', reason('view_unconfirmed', facts), { mayRead: judged.mayRead });
}
