// What a member's own record proves about its authority. Small, pure, shared by the source (which remembers since when) and by decide.
import type { StolonMember } from './proxies.ts';
import type { Leadership, Member } from './view.ts';

type Held = Extract<Leadership, { kind: 'held' }>;

export type RecordProof =
  | { readonly kind: 'proven' }
  /** Written before the member was named: it tells about another time. */
  | { readonly kind: 'older' }
  /** Not running as primary. `promoting` is no proof either: the promotion has been issued, not done. */
  | { readonly kind: 'not_primary' }
  /** A version that calls itself primary as soon as the promotion is issued, and has not made its first checkpoint yet. */
  | { readonly kind: 'checkpoint_awaited' }
  /** Stolon: the keeper has not reported yet that it carried out the generation with which its db was named master. */
  | { readonly kind: 'not_converged' };

/**
 * Does the record of the member that holds authority prove that its promotion is over?
 *
 * Since Patroni 3.0 the role is `master`/`primary` only when PostgreSQL is out of recovery. Before, it was set when the promotion was *issued*;
 * but `checkpoint_after_promote: false` goes away only after a checkpoint that is asked for once PostgreSQL is out of recovery, so its
 * absence (with a known timeline) proves the same, about 0.15 s later (measured with 2.0.2 and 2.1.4).
 *
 * Stolon's clusterdata proves it by generations: a keeper reports one only after it has promoted PostgreSQL for it (0.17, cmd/keeper).
 */
export function recordProof(leadership: Held, member: Member): RecordProof {
  if (member.stolon !== undefined) return stolonProof(leadership, member, member.stolon);
  if (member.role !== 'primary' || !member.running) return { kind: 'not_primary' };
  if (member.recordRevision <= (leadership.recordsFrom ?? leadership.revision)) return { kind: 'older' };
  if (roleIsProof(member.version)) return { kind: 'proven' };
  const checkpointDone = member.checkpointPending !== true && member.timeline !== undefined;
  return checkpointDone ? { kind: 'proven' } : { kind: 'checkpoint_awaited' };
}

/**
 * Generations only, and no health: both `healthy` of Stolon tell of the last failInterval, and stolon-proxy goes on forwarding to the named master
 * whatever they say. A master that is really dead loses its naming in the very put that calls it unhealthy, if anybody can replace it.
 */
function stolonProof({ proofGeneration }: Held, { role }: Member, { currentGeneration }: StolonMember): RecordProof {
  if (role !== 'primary') return { kind: 'not_primary' };
  const converged = proofGeneration !== undefined && currentGeneration >= proofGeneration;
  return converged ? { kind: 'proven' } : { kind: 'not_converged' };
}

/** Version 3.0 or later. An unknown or odd version counts as old: the stricter rule holds. */
function roleIsProof(version: string | undefined): boolean {
  const major = /^(\d{1,4})\./.exec(version ?? '')?.[1];
  return major !== undefined && Number(major) >= 3;
}
