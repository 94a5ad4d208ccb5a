// An override: an operator's own word about a member, in one service or in all. It can take servers out, let a replica in again, or weigh it; it never
// makes a writer. Kept in etcd below pgrouted's own prefix, so that every router obeys it.
import type { Millis, Revision } from './units.ts';

/**
 * `maint`: out; open sessions end as the service's table says for `maintenance`. `drain`: no new sessions, open ones stay. `ready`: back in although it lags,
 * bears noloadbalance or is not selected; what is not safe stays out. `weight`: 0 to 256 instead of what its tag says.
 */
export type OverrideAction =
  | { readonly kind: 'maint' }
  | { readonly kind: 'drain' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'weight'; readonly weight: number };

export interface Override {
  /** Unique in its cluster. */
  readonly id: string;
  readonly member: string;
  /** Undefined: in all services of the cluster. */
  readonly service: string | undefined;
  readonly action: OverrideAction;
  /** Who asked for it, and why: told wherever it has an effect. */
  readonly owner: string;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Undefined: until it is taken back. */
  readonly expiresAt: string | undefined;
  /** The same instants on this router's clock. */
  readonly since: Millis;
  readonly until: Millis | undefined;
  /** `fleet`: kept in etcd, every router obeys. `local`: this router alone knows it, until it ends or the process does. */
  readonly scope: 'fleet' | 'local';
  /** When it was written to etcd; of two that contradict one another the later one counts. Undefined: local. */
  readonly revision: Revision | undefined;
}

/** `maint of n2`, `weight 10 of n2 in replica`: what it is, without who and why. */
export function overrideWords({ action, member, service }: Pick<Override, 'action' | 'member' | 'service'>): string {
  const what = action.kind === 'weight' ? `weight ${action.weight}` : action.kind;
  return `${what} of ${member}${service === undefined ? '' : ` in ${service}`}`;
}
