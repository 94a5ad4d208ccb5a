// What each of Patroni's health checks comes to for a member, as far as its cluster manager gives the question a meaning. The rules are Patroni's
// (patroni/api.py, 4.1) but for one: `primary` waits until the member has proven that it takes writes (writer.ts), where Patroni only looks at its lock.
//
//   primary            may take writes now, by the rules of a write service
//   leader             is named: holds the leader key (Stolon: masterDbUid; without a manager: alone says that it is primary)
//   standby_leader     leads a standby cluster
//   replica            a running standby, no noloadbalance, within `lag`; never the leader of a standby cluster
//   sync, quorum, async  a replica that is in the list of synchronous standbys, in that of quorum mode, in neither
//   read_only...       primary, standby leader, or the other one of the name
//   health             PostgreSQL runs
//   liveness           somebody is there who looks after it
//   readiness          named, or a standby that streams and is within `lag` (default: maximum_lag_on_failover)
import type { SourceSpec } from '../model/spec.ts';
import type { Member } from '../model/view.ts';
import { type Asked, type Finding, no, viewCounts, yes } from './asked.ts';
import type { CheckKind } from './kind.ts';
import { missingTag, parameterOf, type Query, sizeOf } from './parameters.ts';
import { lagBehind, runs, standby } from './standby.ts';
import { mayWrite } from './writer.ts';

/** Checks that mean nothing without Patroni's lists and modes. */
const patroniOnly: ReadonlySet<CheckKind> = new Set([
  'standby_leader',
  'sync',
  'async',
  'quorum',
  'read_only_sync',
  'read_only_quorum',
]);

/** These are about authority alone, and readiness and liveness have parameters of their own. */
const ignoresTags: ReadonlySet<CheckKind> = new Set(['primary', 'leader', 'standby_leader', 'liveness', 'readiness']);

export function judge(asked: Asked, kind: CheckKind, query: Query): Finding {
  const { source } = asked.view;
  if (source !== 'patroni' && patroniOnly.has(kind)) return no(meaningless[source]);
  const finding = judgeKind(asked, kind, query);
  if (!finding.ok || ignoresTags.has(kind)) return finding;
  const missing = missingTag(query, asked.member.tags);
  return missing === undefined ? finding : no(`${asked.member.name} has no tag ${missing} of the value asked for`);
}

const meaningless: Readonly<Record<Exclude<SourceSpec['kind'], 'patroni'>, string>> = {
  stolon: 'this check has a meaning for Patroni only; the cluster is run by Stolon',
  postgres: 'this check has a meaning for Patroni only; no cluster manager is asked about this server',
};

function judgeKind(asked: Asked, kind: CheckKind, query: Query): Finding {
  const replica = () => takesReads(asked, query);
  const listed = (as: Member['sync']) => listedAs(asked, as, query);
  switch (kind) {
    case 'primary':
      return mayWrite(asked);
    case 'leader':
      return leads(asked);
    case 'standby_leader':
      return leadsStandbys(asked);
    case 'replica':
      return replica();
    case 'sync':
    case 'async':
    case 'quorum':
      return listed(kind);
    case 'read_only':
      return leaderOr(asked, replica);
    case 'read_only_sync':
      return viewCounts(asked) ? leaderOr(asked, () => listed('sync')) : unconfirmed;
    case 'read_only_quorum':
      return viewCounts(asked) ? leaderOr(asked, () => listed('quorum')) : unconfirmed;
    case 'health':
      return runs(asked);
    case 'liveness':
      return lives(asked);
    case 'readiness':
      return isReady(asked, query);
  }
}

const unconfirmed = no('the state of the cluster has not been confirmed for too long');

const isNamed = ({ view: { leadership }, member }: Asked): boolean =>
  leadership.kind === 'held' && leadership.member === member.name;

function leads(asked: Asked): Finding {
  const { view, member } = asked;
  const { leadership } = view;
  if (isNamed(asked) && viewCounts(asked)) return yes(`${member.name} is the leader`);
  // In pause and failsafe mode a primary goes on without the key, and its Patroni says so.
  const writes = mayWrite(asked);
  if (writes.ok) return writes;
  if (!viewCounts(asked)) return unconfirmed;
  return no(leadership.kind === 'held' ? `${leadership.member} is the leader` : 'nobody is the leader now');
}

function leadsStandbys(asked: Asked): Finding {
  const { view, member } = asked;
  if (!view.settings.standbyCluster) return no('this is no standby cluster');
  const leader = leads(asked);
  if (!leader.ok) return leader;
  const follows = member.probe?.latest.kind === 'standby' || ['replica', 'standby_leader'].includes(member.role);
  return follows ? yes(`${member.name} leads a standby cluster`) : no(`${member.name} is not in recovery`);
}

function leaderOr(asked: Asked, other: () => Finding): Finding {
  const writes = mayWrite(asked);
  if (writes.ok) return writes;
  const standbys = leadsStandbys(asked);
  if (standbys.ok) return standbys;
  const found = other();
  // Of a primary it is told why it takes no writes, not why it is no replica.
  const isPrimary = isNamed(asked) || asked.member.probe?.latest.kind === 'primary';
  return found.ok || !isPrimary ? found : writes;
}

function takesReads(asked: Asked, query: Query): Finding {
  const { view, member } = asked;
  if (view.settings.standbyCluster && (isNamed(asked) || member.role === 'standby_leader'))
    return no(`${member.name} leads a standby cluster`);
  const running = standby(asked);
  if (!running.ok) return running;
  if (member.tags.noloadbalance) return no(`${member.name} has the tag noloadbalance`);
  return withinLag(asked, query, 'replayed') ?? running;
}

function withinLag(asked: Asked, query: Query, what: 'replayed' | 'written', otherwise?: number): Finding | undefined {
  const wanted = parameterOf(query, 'lag');
  const limit = wanted === undefined ? otherwise : sizeOf(wanted);
  if (limit === undefined) return undefined;
  const lag = lagBehind(asked, what);
  if (lag <= limit) return undefined;
  const { name } = asked.member;
  return no(
    Number.isFinite(lag)
      ? `${name} is ${lag} bytes behind, more than ${limit}`
      : `how far ${name} is behind is not known, and there is a limit`,
  );
}

function listedAs(asked: Asked, as: Member['sync'], query: Query): Finding {
  const { member } = asked;
  if (!viewCounts(asked)) return unconfirmed;
  const running = takesReads(asked, query);
  if (!running.ok) return running;
  const words = { sync: 'synchronous', async: 'asynchronous', quorum: 'in the quorum' };
  return member.sync === as
    ? yes(`${member.name} is ${words[as]}`)
    : no(`${member.name} is ${words[member.sync]}, not ${words[as]}`);
}

/** Whoever answers for the member: its Patroni or keeper by the record that it renews; without etcd's word its PostgreSQL. */
function lives(asked: Asked): Finding {
  const { view, member } = asked;
  if (view.source === 'postgres' || !viewCounts(asked)) return runs(asked);
  const { name, present, stolon } = member;
  if (!present) return no(`${name}'s record is gone`);
  return stolon?.keeperHealthy === false
    ? no(`Stolon holds ${name}'s keeper for dead`)
    : yes(`${name} renews its record`);
}

function isReady(asked: Asked, query: Query): Finding {
  const { view, member } = asked;
  const leader = leads(asked);
  if (leader.ok) return leader;
  if (!viewCounts(asked)) return unconfirmed;
  const running = standby(asked);
  if (!running.ok) return running;
  const { name, replicationState } = member;
  if (replicationState !== undefined && replicationState !== 'streaming')
    return no(`${name} does not stream from the primary: '${replicationState}'`);
  const what = parameterOf(query, 'mode') === 'write' ? 'written' : 'replayed';
  const usual = view.source === 'postgres' ? undefined : view.settings.maximumLagOnFailoverBytes;
  return withinLag(asked, query, what, usual) ?? running;
}
