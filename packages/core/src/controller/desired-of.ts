// From a decision to what HAProxy shall hold. Pure.
import { type DesiredBackend, sameBackend } from '../haproxy/desired.ts';
import type { Decision } from '../model/decision.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { type ClusterView, memberOf } from '../model/view.ts';

/**
 * Services that are undecided as a whole (the first probe after a start is still on its way) are not named: targets leave them as they are. Where
 * only one member is undecided, its server is kept as it is and all others are told.
 */
export function desiredOf(decision: Decision, view: ClusterView): readonly DesiredBackend[] {
  return decision.services
    .filter((service) => service.undecided !== true || service.keep !== undefined)
    .map((service) => ({
      backend: service.backend,
      exclusive: service.role === 'primary',
      servers: service.verdicts.map(({ member, state }) => ({
        member,
        address: memberOf(view, member)?.address,
        state: service.undecided === true && member === service.keep ? ('keep' as const) : state,
      })),
    }));
}

/**
 * What to hold when nothing has ever been read and the time for that is over: write services closed, read services not named, so that
 * they stay as they are.
 */
export function closedWrites(spec: ClusterSpec): readonly DesiredBackend[] {
  return spec.services
    .filter((service) => service.role === 'primary')
    .map((service) => ({ backend: service.backend, exclusive: true, servers: [] }));
}

/** Two sets of backends ask for the same. */
export function sameDesired(a: readonly DesiredBackend[], b: readonly DesiredBackend[]): boolean {
  return (
    a.length === b.length &&
    a.every((left, i) => {
      const right = b[i];
      return right !== undefined && sameBackend(left, right);
    })
  );
}
