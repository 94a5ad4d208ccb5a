// One cluster as a block: a header that says in words who leads and what is unusual, then members and services. Pure.
import type { ClusterStatus } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';
import { renderMembers } from './members.ts';
import { isUnmanaged, unmanagedFacts, unmanagedRemarks } from './postgres.ts';
import { renderServices } from './services.ts';
import { masterWords, type Remark, stolonRemarks, vacancyRemarks } from './stolon.ts';
import { clean, hang, type Look, paint } from './text.ts';

/** The proof comes every 250 ms; a view that old has missed several. */
export const unconfirmedAfterMs = 2_000;

export function renderCluster(look: Look, cluster: ClusterStatus): readonly string[] {
  const lines = [...header(look, cluster)];
  if (cluster.view !== null && cluster.members.length === 0) {
    lines.push(`    ${cluster.stolon === null ? 'no members: no record is in etcd' : 'no keepers are known'}`);
  }
  if (cluster.members.length > 0) lines.push('', ...renderMembers(look, cluster));
  if (cluster.services.length > 0) lines.push('', ...renderServices(look, cluster));
  return lines;
}

function header(look: Look, cluster: ClusterStatus): readonly string[] {
  const name = clean(cluster.name);
  const facts =
    cluster.view === null
      ? isUnmanaged(cluster)
        ? 'no server has been asked yet'
        : `etcd has not been read yet (${clean(cluster.source.prefix ?? '')})`
      : clean(factsOf(cluster, cluster.view));
  const [first = '', ...rest] = hang(`${name}  `, facts, look.width);
  const lines = [paint(look, 'strong', name) + first.slice(name.length), ...rest];
  for (const remark of remarksOf(cluster)) {
    for (const line of hang('  ', clean(remark.text), look.width))
      lines.push(`  ${paint(look, remark.ink, line.slice(2))}`);
  }
  return lines;
}

type View = NonNullable<ClusterStatus['view']>;

/** The leader in words: `leader n2`, or why there is none. */
function leaderWords({ leadership }: View): string {
  return leadership.kind === 'held' ? `leader ${leadership.member}` : 'NO LEADER';
}

function factsOf(cluster: ClusterStatus, view: View): string {
  if (isUnmanaged(cluster)) return unmanagedFacts(cluster, view).join(' | ');
  const facts = [
    cluster.stolon === null ? leaderWords(view) : masterWords(cluster, view),
    `timeline ${view.timeline ?? '?'}`,
    `revision ${view.revision}`,
    view.confirmedAgeMs < unconfirmedAfterMs
      ? `confirmed ${formatAge(view.confirmedAgeMs)} ago`
      : `NOT CONFIRMED for ${formatAge(view.confirmedAgeMs)}`,
  ];
  return facts.join(' | ');
}

function remarksOf(cluster: ClusterStatus): readonly Remark[] {
  const { view, stolon } = cluster;
  if (view === null) return [];
  if (isUnmanaged(cluster)) return unmanagedRemarks(cluster, view);
  const remarks: Remark[] = [];
  const { plannedSwitch } = view;
  remarks.push(...(stolon === null ? leaderVacancy(view) : vacancyRemarks(cluster, view, stolon)));
  if (!view.initialized && stolon === null)
    remarks.push({ text: 'NOT INITIALIZED: Patroni has not bootstrapped this cluster', ink: 'bad' });
  if (view.confirmedAgeMs >= unconfirmedAfterMs) {
    remarks.push({ text: 'etcd does not confirm this picture: it may be out of date', ink: 'bad' });
  }
  if (stolon !== null) remarks.push(...stolonRemarks(view, stolon));
  if (view.paused) remarks.push({ text: 'PAUSED: Patroni does no failover until it is resumed', ink: 'warn' });
  if (view.standbyCluster)
    remarks.push({ text: 'STANDBY CLUSTER: it follows another one, nobody in it takes writes', ink: 'warn' });
  if (plannedSwitch !== null) {
    const when = plannedSwitch.scheduledAt === null ? 'now' : `at ${plannedSwitch.scheduledAt}`;
    remarks.push({
      text: `SWITCHOVER asked for: ${plannedSwitch.from ?? 'any'} -> ${plannedSwitch.to ?? 'any'}, ${when}`,
      ink: 'warn',
    });
  }
  const synchronous = stolon === null ? `synchronous mode ${view.synchronousMode}` : 'synchronous replication';
  const modes = [
    ...(view.synchronousMode === 'off' ? [] : [synchronous]),
    ...(view.failsafeMode ? ['failsafe mode'] : []),
  ];
  if (modes.length > 0) remarks.push({ text: modes.join(', '), ink: 'plain' });
  for (const problem of view.problems) {
    // What makes clusterdata of no use has been said already, in a whole sentence.
    const isTold = stolon !== null && stolon.problem !== null && problem.key === `${cluster.source.prefix}clusterdata`;
    if (problem.member === null && !isTold)
      remarks.push({ text: `${problem.key} can't be read: ${problem.error}`, ink: 'bad' });
  }
  return remarks;
}

function leaderVacancy({ leadership }: View): readonly Remark[] {
  if (leadership.kind === 'held') return [];
  const former =
    leadership.former === null
      ? 'nobody is known to have held it before'
      : `${leadership.former} held it last${leadership.graceful ? ' and stopped PostgreSQL before it let go' : ''}`;
  return [{ text: `nobody holds the leader key for ${formatAge(leadership.forMs)}: ${former}`, ink: 'bad' }];
}
