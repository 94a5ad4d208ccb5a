// A member that is asked about, with all that an answer may rest on, and how old that is. Values only.

import type { ClusterSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView, Member } from '../model/view.ts';
import { Horizon } from '../routing/horizon.ts';
import type { Case } from '../routing/ruling.ts';

export interface Asked {
  readonly spec: ClusterSpec;
  readonly view: ClusterView;
  readonly member: Member;
  readonly now: Millis;
  /** Nothing older than this is told as a fact. */
  readonly maxAgeMs: number;
}

/** What a check comes to, and why in a sentence. */
export interface Finding {
  readonly ok: boolean;
  readonly why: string;
}

export const yes = (why: string): Finding => ({ ok: true, why });
export const no = (why: string): Finding => ({ ok: false, why });

export const caseOf = ({ spec, view, now }: Asked): Case => ({ spec, view, horizon: new Horizon(now) });

/**
 * Milliseconds since the newest of: the view was confirmed, the member's PostgreSQL was asked what it last told. Without a cluster manager only the
 * latter counts. Undefined: nothing is known.
 */
export function factsAgeMs({ view, member, now }: Pick<Asked, 'view' | 'member' | 'now'>): number | undefined {
  const answered = member.probe?.lastAnswer?.at;
  const instants = view.source === 'postgres' ? [answered] : [view.confirmedAt, answered];
  const known = instants.flatMap((at) => at ?? []);
  return known.length === 0 ? undefined : Math.max(0, now - Math.max(...known));
}

/**
 * What the cluster manager's store said still counts. Patroni itself forgets its picture of the cluster, and its own lock, when it could not renew them for
 * `ttl` (patroni/dcs, patroni/ha.py).
 */
export function viewCounts({ view, now, maxAgeMs }: Asked): boolean {
  const limitMs = view.source === 'patroni' ? Math.min(maxAgeMs, view.settings.ttlMs) : maxAgeMs;
  return now - view.confirmedAt <= limitMs;
}
