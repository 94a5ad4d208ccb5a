// What a read service holds: the members that may take reads, or whoever stands in for them.
import type { Verdict } from '../model/decision.ts';
import { clusterDataReason, type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import { type ClusterView, memberOf } from '../model/view.ts';
import { unasked } from './postgres-writer.ts';
import { readRuling } from './reader.ts';
import { type Case, namesOf, type ServiceRuling, type WriterRuling } from './ruling.ts';

export function readService(given: Case, service: ServiceSpec, writer: WriterRuling): ServiceRuling {
  const { view } = given;
  const rulings = view.members.map((member) => ({ member, ...readRuling(given, service, member, writer) }));
  const ready = rulings.filter((ruling) => ruling.ready).map(({ member }) => member.name);
  const fallback = ready.length === 0 && service.fallback === 'primary' ? fallbackOn(view, writer) : undefined;
  const verdicts = rulings.map(({ member: { name }, ready, reason: why }): Verdict => {
    if (name !== fallback) return { member: name, state: ready ? 'ready' : 'maint', reason: why };
    return { member: name, state: 'ready', reason: reason('fallback_to_primary', { member: name }) };
  });
  const mayFallBack = ready.length === 0 && service.fallback === 'primary' && writer.undecided;
  const unknown = unknownReads(given);
  return {
    decision: {
      ...namesOf(service),
      verdicts,
      reason: unknown ?? readSummary(ready, fallback),
      undecided: (mayFallBack && fallback === undefined) || unknown !== undefined,
    },
    memory: [],
  };
}

/** A cluster of which nothing could be read yet, or a server that was not asked yet, may well have standbys that serve. */
function unknownReads(given: Case): Reason | undefined {
  const waits = unasked(given);
  if (waits !== undefined) return reason('read_undecided', { member: waits });
  const { members, proxies } = given.view;
  return members.length > 0 || proxies?.problem === undefined ? undefined : clusterDataReason(proxies.problem);
}

/** The primary as the reads' last resort: if it could be written to, or only etcd's confirmation is missing for that. */
function fallbackOn(view: ClusterView, { member, mayRead }: WriterRuling): string | undefined {
  return mayRead && member !== undefined && memberOf(view, member) !== undefined ? member : undefined;
}

function readSummary(ready: readonly string[], fallback: string | undefined): Reason {
  if (ready.length > 0) return reason('read_open', { members: ready.join(', ') });
  return fallback === undefined ? reason('read_closed') : reason('read_on_primary', { member: fallback });
}
