// One cluster as a block: a header that says in words who leads and what is unusual, then members and services. Pure.
import type { ClusterStatus } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';
import { renderMembers } from './members.ts';
import { renderServices } from './services.ts';
import { clean, hang, type Ink, type Look, paint } from './text.ts';

/** The proof comes every 250 ms; a view that old has missed several. */
export const unconfirmedAfterMs = 2_000;

export function renderCluster(look: Look, cluster: ClusterStatus): readonly string[] {
  const lines = [...header(look, cluster)];
  if (cluster.view !== null && cluster.members.length === 0) lines.push('    no members: no record is in etcd');
  if (cluster.members.length > 0) lines.push('', ...renderMembers(look, cluster));
  if (cluster.services.length > 0) lines.push('', ...renderServices(look, cluster));
  return lines;
}

function header(look: Look, cluster: ClusterStatus): readonly string[] {
  const name = clean(cluster.name);
  const facts =
    cluster.view === null ? `etcd has not been read yet (${clean(cluster.source.prefix)})` : factsOf(cluster.view);
  const [first = '', ...rest] = hang(`${name}  `, facts, look.width);
  const lines = [paint(look, 'strong', name) + first.slice(name.length), ...rest];
  for (const remark of remarksOf(cluster)) {
    for (const line of hang('  ', clean(remark.text), look.width))
      lines.push(`  ${paint(look, remark.ink, line.slice(2))}`);
  }
  return lines;
}

/** The leader in words: `leader n2`, or why there is none. */
export function leaderWords(view: NonNullable<ClusterStatus['view']>): string {
  const { leadership } = view;
  return leadership.kind === 'held' ? `leader ${clean(leadership.member)}` : 'NO LEADER';
}

function factsOf(view: NonNullable<ClusterStatus['view']>): string {
  const facts = [
    leaderWords(view),
    `timeline ${view.timeline ?? '?'}`,
    `revision ${clean(view.revision)}`,
    view.confirmedAgeMs < unconfirmedAfterMs
      ? `confirmed ${formatAge(view.confirmedAgeMs)} ago`
      : `NOT CONFIRMED for ${formatAge(view.confirmedAgeMs)}`,
  ];
  return facts.join(' | ');
}

interface Remark {
  readonly text: string;
  readonly ink: Ink;
}

function remarksOf({ view }: ClusterStatus): readonly Remark[] {
  if (view === null) return [];
  const remarks: Remark[] = [];
  const { leadership, plannedSwitch } = view;
  if (leadership.kind === 'vacant') {
    const former =
      leadership.former === null
        ? 'nobody is known to have held it before'
        : `${leadership.former} held it last${leadership.graceful ? ' and stopped PostgreSQL before it let go' : ''}`;
    remarks.push({ text: `nobody holds the leader key for ${formatAge(leadership.forMs)}: ${former}`, ink: 'bad' });
  }
  if (!view.initialized)
    remarks.push({ text: 'NOT INITIALIZED: Patroni has not bootstrapped this cluster', ink: 'bad' });
  if (view.confirmedAgeMs >= unconfirmedAfterMs) {
    remarks.push({ text: 'etcd does not confirm this picture: it may be out of date', ink: 'bad' });
  }
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
  const modes = [
    ...(view.synchronousMode === 'off' ? [] : [`synchronous mode ${view.synchronousMode}`]),
    ...(view.failsafeMode ? ['failsafe mode'] : []),
  ];
  if (modes.length > 0) remarks.push({ text: modes.join(', '), ink: 'plain' });
  for (const problem of view.problems) {
    if (problem.member === null) remarks.push({ text: `${problem.key} can't be read: ${problem.error}`, ink: 'bad' });
  }
  return remarks;
}
