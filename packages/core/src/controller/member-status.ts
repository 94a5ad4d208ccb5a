// What PgRoute66 calls a member, by what is known of it now. Pure.
import { learntAt } from '../checks/asked.ts';
import { writeDecision } from '../checks/writer.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { earliest, type Millis } from '../model/units.ts';
import type { ClusterView, Member } from '../model/view.ts';
import { Horizon } from '../routing/horizon.ts';

export type Status = 'primary' | 'standby' | 'unavailable';

export interface KnownStatuses {
  /** By the member's name, in the order of the view. */
  readonly statuses: ReadonlyMap<string, Status>;
  /** From this instant on they may be others without anything new; undefined: they stay. */
  readonly until: Millis | undefined;
}

/**
 * `primary` is the member that may take writes now by the same rules as a write service, whether or not one is configured; `standby` a running standby,
 * however far behind. Source `postgres`: what the server says itself, as PgRoute66 has it, also when two say that they are primary.
 *
 * `maxAgeMs`: a member of which nothing younger is known is `unavailable`.
 */
export function memberStatuses(spec: ClusterSpec, view: ClusterView, now: Millis, maxAgeMs: number): KnownStatuses {
  const horizon = new Horizon(now);
  const isYoung = (member: Member): boolean => {
    const at = learntAt({ view, member });
    return at !== undefined && horizon.within(at, maxAgeMs);
  };
  if (view.source === 'postgres') {
    const statuses = new Map(
      view.members.map((member) => [member.name, isYoung(member) ? wordOf(member) : 'unavailable']),
    );
    return { statuses, until: horizon.reviewAt };
  }
  const { verdicts, reviewAt } = writeDecision(view, spec, now);
  const writer = verdicts.find(({ takesWrites }) => takesWrites)?.member;
  const statuses = new Map(
    view.members.map((member) => [member.name, isYoung(member) ? statusOf(member, writer) : 'unavailable']),
  );
  return { statuses, until: earliest(horizon.reviewAt, reviewAt) };
}

function statusOf(member: Member, writer: string | undefined): Status {
  if (member.name === writer) return 'primary';
  const said = member.probe?.latest.kind;
  if (said === 'standby') return 'standby';
  const recordSaysStandby =
    member.present &&
    member.problem === undefined &&
    member.running &&
    (member.role === 'replica' || member.role === 'standby_leader');
  return recordSaysStandby && (said === undefined || said === 'denied') ? 'standby' : 'unavailable';
}

function wordOf({ probe }: Member): Status {
  const said = probe?.latest.kind;
  return said === 'primary' || said === 'standby' ? said : 'unavailable';
}
