// May this member take reads? Each rule that keeps it out says so with its facts; the first that applies is told. The view's age is not asked:
// when etcd can't be read, read services keep their last known state, and probes go on taking out what is down.
import { type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { ClusterView, Member } from '../model/view.ts';
import { claimsPrimary } from './claims.ts';
import { lagOf } from './lag.ts';
import { postgresRefusal } from './postgres-reader.ts';
import { probeForbidsReads } from './probe-words.ts';
import type { Case, WriterRuling } from './ruling.ts';
import { stolonRefusal } from './stolon-reader.ts';
import { timelineRefuses } from './timeline.ts';

export interface ReadRuling {
  readonly ready: boolean;
  readonly reason: Reason;
}

type Refusal = (given: Case, member: Member, writer: WriterRuling) => Reason | undefined;

const refusals: Readonly<Record<ClusterView['source'], Refusal>> = {
  patroni: patroniRefusal,
  stolon: stolonRefusal,
  postgres: postgresRefusal,
};

const out = (reason: Reason): ReadRuling => ({ ready: false, reason });

export function readRuling(given: Case, service: ServiceSpec, member: Member, writer: WriterRuling): ReadRuling {
  const { view } = given;
  const refused = refusals[view.source](given, member, writer) ?? timelineRefuses(given, member);
  if (refused !== undefined) return out(refused);
  const { name } = member;
  const maxLagBytes = service.maxLag?.bytes?.leave ?? view.proxies?.maxStandbyLagBytes;
  if (maxLagBytes === undefined) return { ready: true, reason: reason('replica_ok', { member: name }) };
  const lag = lagOf(given, member);
  const facts = { member: name, max_lag_bytes: maxLagBytes };
  if (lag === undefined) return out(reason('replica_lag_unknown', facts));
  return lag > maxLagBytes
    ? out(reason('replica_lagging', { ...facts, lag_bytes: lag }))
    : { ready: true, reason: reason('replica_within_lag', { ...facts, lag_bytes: lag }) };
}

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
  if (member.tags.noloadbalance) return reason('replica_noloadbalance', { member: name });
  const { replicationState } = member;
  return replicationState === undefined || replicationState === 'streaming'
    ? undefined
    : reason('replica_not_streaming', { member: name, replication_state: replicationState });
}
