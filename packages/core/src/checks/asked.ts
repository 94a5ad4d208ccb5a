// A member that is asked about, with all that an answer may rest on, and how old that is. Values only.

import { outageDefault } from '../model/service.ts';
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

export const caseOf = ({ spec, view, now }: Asked): Case => ({
  spec,
  view,
  horizon: new Horizon(now),
  outage: outageDefault('primary', spec.grace),
  overrides: [],
  memory: [],
});

/**
 * The newest of: the view was confirmed, the member's PostgreSQL was asked what it last told. Without a cluster manager only the latter counts. Undefined:
 * nothing is known.
 */
export function learntAt({ view, member }: Pick<Asked, 'view' | 'member'>): Millis | undefined {
  const answeredAt = member.probe?.lastAnswer?.at;
  if (view.source === 'postgres') return answeredAt;
  return answeredAt !== undefined && answeredAt > view.confirmedAt ? answeredAt : view.confirmedAt;
}

/** Milliseconds since then. */
export function factsAgeMs(asked: Pick<Asked, 'view' | 'member' | 'now'>): number | undefined {
  const at = learntAt(asked);
  return at === undefined ? undefined : Math.max(0, asked.now - at);
}

/**
 * What the cluster manager's store said still counts. Patroni itself forgets its picture of the cluster, and its own lock, when it could not renew them for
 * `ttl` (patroni/dcs, patroni/ha.py).
 */
export function viewCounts({ view, now, maxAgeMs }: Asked): boolean {
  const limitMs = view.source === 'patroni' ? Math.min(maxAgeMs, view.settings.ttlMs) : maxAgeMs;
  return now - view.confirmedAt <= limitMs;
}
