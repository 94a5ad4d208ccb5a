// What `explain` says of a Stolon cluster beyond the rest: whom the proxies are told to use, this router's handshake, a keeper's db. Pure.
import type { ClusterStatus, MemberStatus } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';
import { handshakeOf, keeperOf, type StolonStatus } from './handshake.ts';
import type { Ink } from './text.ts';

type View = NonNullable<ClusterStatus['view']>;

/** Who may take writes, and by which word of Stolon. */
export function masterSentence({ members }: ClusterStatus, { leadership }: View, stolon: StolonStatus): string {
  const { masterDbUid, statusMasterDbUid } = stolon;
  const since = `for ${formatAge(leadership.forMs)}`;
  if (leadership.kind === 'held') {
    const db = masterDbUid === null ? '' : `db ${masterDbUid}, `;
    return `${leadership.member} is the master ${since} (${db}named to the proxies since revision ${leadership.revision})`;
  }
  const former = leadership.former === null ? '' : `; ${leadership.former} was it last`;
  const named = masterDbUid === null ? 'no master is named' : `db ${masterDbUid} is named, which no keeper has,`;
  const next =
    masterDbUid !== null || statusMasterDbUid === null
      ? ''
      : `; ${keeperOf(members, statusMasterDbUid) ?? 'nobody'} (db ${statusMasterDbUid}) is chosen to be it, but is named only when every proxy has let go`;
  return `${named} to the proxies ${since} (since revision ${leadership.revision}${former})${next}`;
}

export interface LabelledText {
  readonly label: string;
  readonly text: string;
  readonly ink: Ink;
}

/** The handshake, step by step; what is missing is marked. Nothing for a cluster that is not Stolon's. */
export function proxyLines(cluster: ClusterStatus): readonly LabelledText[] {
  const { stolon } = cluster;
  if (stolon === null) return [];
  const steps = handshakeOf(cluster);
  if (steps === undefined) {
    const seen = `generation ${stolon.generation} of the proxies was seen ${formatAge(stolon.generationAgeMs)} ago`;
    return [{ label: 'proxy', text: `passive: no failover waits for this router; ${seen}`, ink: 'plain' }];
  }
  return steps.map(({ done, text }) => ({ label: done ? 'proxy' : '!! proxy', text, ink: done ? 'plain' : 'bad' }));
}

/** The keeper's db as clusterdata has it. */
export function dbSentence(db: NonNullable<MemberStatus['stolon']>): string {
  const wanted =
    db.generation === db.currentGeneration
      ? `generation ${db.generation} carried out`
      : `generation ${db.generation} wanted, ${db.currentGeneration === 0 ? 'none' : db.currentGeneration} carried out so far`;
  const parts = [
    db.dbUid,
    db.dbHealthy ? 'healthy' : 'NOT HEALTHY',
    db.keeperHealthy ? 'keeper healthy' : 'keeper NOT HEALTHY',
    wanted,
    ...(db.initMode === 'none' ? [] : [`being built (${db.initMode})`]),
    ...(db.forceFail ? ['stolonctl failkeeper was called for it'] : []),
  ];
  return parts.join(', ');
}
