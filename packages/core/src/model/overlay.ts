// The same picture with something that does not come from the store's values laid over it: a confirmation, what PostgreSQL said, how far the
// registration as a proxy is.
import type { ProbeState } from './probe.ts';
import type { RegistrationState } from './proxies.ts';
import type { Millis } from './units.ts';
import type { ClusterView } from './view.ts';

/** The same picture with what PostgreSQL itself said. */
export function withProbes(view: ClusterView, probes: ReadonlyMap<string, ProbeState>): ClusterView {
  return {
    ...view,
    members: view.members.map((member) => ({ ...member, probe: probes.get(member.name) })),
  };
}

/** The same picture, confirmed once more. */
export function withConfirmation(view: ClusterView, at: Millis): ClusterView {
  return at === view.confirmedAt ? view : { ...view, confirmedAt: at };
}

/** The same picture with where this router's own registration as a Stolon proxy stands; undefined: it has none (passive). */
export function withRegistration(view: ClusterView, registration: RegistrationState | undefined): ClusterView {
  return view.proxies === undefined ? view : { ...view, proxies: { ...view.proxies, registration } };
}
