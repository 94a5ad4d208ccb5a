// What a write service holds: the one member that may take writes, if any, and why everybody else is out.
import type { Verdict } from '../model/decision.ts';
import { explainReason, type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { ClusterView, Member } from '../model/view.ts';
import { claimsPrimary } from './claims.ts';
import { type Case, namesOf, type ServiceRuling, type WriterRuling } from './ruling.ts';

export function writeService({ view }: Case, service: ServiceSpec, writer: WriterRuling): ServiceRuling {
  const verdicts = view.members.map((member): Verdict => {
    if (member.name === writer.member) return { member: member.name, state: writer.state, reason: writer.reason };
    return { member: member.name, state: 'maint', reason: bystander(view, member, writer) };
  });
  const { member, undecided, keeps } = writer;
  const keep = undecided && keeps ? member : undefined;
  return {
    decision: { ...namesOf(service), verdicts, reason: writeSummary(writer), undecided, keep },
    memory: [],
  };
}

/** Why a member that is not judged as the writer is out of a write service. */
function bystander(view: ClusterView, member: Member, writer: WriterRuling): Reason {
  const { name, problem } = member;
  if (problem !== undefined)
    return reason('record_unreadable', { member: name, key: problem.key, error: problem.error });
  if (claimsPrimary(view, member, writer.member)) return reason('primary_without_authority', { member: name });
  if (writer.forAll) return writer.reason;
  return view.leadership.kind === 'held'
    ? reason('not_leader', { member: name, leader: view.leadership.member })
    : reason('no_leader');
}

function writeSummary({ member, state, reason: because, forAll, undecided }: WriterRuling): Reason {
  if (forAll || member === undefined) return because;
  if (state === 'ready') return reason('write_open', { member });
  if (undecided) return reason('write_undecided', { member, because: explainReason(because) });
  const code = state === 'drain' ? 'write_draining' : 'write_closed';
  return reason(code, { member, because: explainReason(because) });
}
