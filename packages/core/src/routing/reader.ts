// Is it safe to read from this member, whatever the service wishes? Each rule that speaks against it says so with its facts; the first that applies is
// told. No override and no selector is asked here, nor the view's age: when etcd can't be read, probes go on taking out what is down.
import { type Reason, reason } from '../model/reason.ts';
import type { ClusterView, Member } from '../model/view.ts';
import { claimsPrimary } from './claims.ts';
import { postgresRefusal } from './postgres-reader.ts';
import { probeForbidsReads } from './probe-words.ts';
import type { Case, WriterRuling } from './ruling.ts';
import { stolonRefusal } from './stolon-reader.ts';
import { timelineRefuses } from './timeline.ts';

/** `primary`: it takes writes, or only etcd's confirmation is missing for that. `barred`: nobody may read from it. */
export type Fitness =
  | { readonly kind: 'standby' }
  | { readonly kind: 'primary' }
  | { readonly kind: 'barred'; readonly reason: Reason };

type Refusal = (given: Case, member: Member, writer: WriterRuling) => Reason | undefined;

const refusals: Readonly<Record<ClusterView['source'], Refusal>> = {
  patroni: patroniRefusal,
  stolon: stolonRefusal,
  postgres: postgresRefusal,
};

export function fitnessOf(given: Case, member: Member, writer: WriterRuling): Fitness {
  if (writer.mayRead && writer.member === member.name) return { kind: 'primary' };
  const refused = refusals[given.view.source](given, member, writer) ?? timelineRefuses(given, member);
  return refused === undefined ? { kind: 'standby' } : { kind: 'barred', reason: refused };
}

/** `noloadbalance` is Patroni's word about standbys: its own checks let a primary take reads all the same. */
export const unbalanced = ({ name, tags }: Member): Reason | undefined =>
  tags.noloadbalance ? reason('replica_noloadbalance', { member: name }) : undefined;

function patroniRefusal({ view }: Case, member: Member, writer: WriterRuling): Reason | undefined {
  const { name, problem } = member;
  const { standbyCluster } = view.settings;
  if (!view.initialized) return reason('not_initialized');
  if (problem !== undefined)
    return reason('record_unreadable', { member: name, key: problem.key, error: problem.error });
  if (claimsPrimary(view, member, writer.member)) return reason('primary_without_authority', { member: name });
  const leads = view.leadership.kind === 'held' && view.leadership.member === name;
  const keptAsPrimary = writer.member === name && writer.state === 'ready';
  if ((leads && !standbyCluster) || keptAsPrimary) return reason('leader_takes_no_reads', { member: name });
  if (!member.present) return reason('replica_record_gone', { member: name });
  const saidSo = probeForbidsReads(member);
  if (saidSo !== undefined) return saidSo;
  const standby = member.role === 'replica' || (member.role === 'standby_leader' && standbyCluster);
  if (!standby) return reason('replica_role', { member: name, role: member.role });
  if (!member.running) return reason('replica_not_running', { member: name, state: member.stateText });
  const { replicationState } = member;
  return replicationState === undefined || replicationState === 'streaming'
    ? undefined
    : reason('replica_not_streaming', { member: name, replication_state: replicationState });
}
