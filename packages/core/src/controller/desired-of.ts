// From a decision to what HAProxy shall hold. Pure.
import { type DesiredBackend, type DesiredServer, sameBackend } from '../haproxy/desired.ts';
import type { Decision, ServiceDecision, Verdict } from '../model/decision.ts';
import { isWriteService, type ServiceSpec } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { type Address, type ClusterView, memberOf } from '../model/view.ts';

/**
 * Services that are undecided as a whole (the first probe after a start is still on its way) are not named: targets leave them as they are. Where
 * only one member is undecided, its server is kept as it is and all others are told.
 */
export function desiredOf(decision: Decision, view: ClusterView, spec: ClusterSpec): readonly DesiredBackend[] {
  return decision.services.flatMap((decided) => {
    const service = spec.services.find(({ name }) => name === decided.service);
    if (service === undefined || (decided.undecided === true && decided.keep === undefined)) return [];
    const servers = decided.verdicts.map((verdict) => serverOf(decided, verdict, view, service));
    return service.backends.map((backend) => ({ ...frameOf(service, backend), servers }));
  });
}

function serverOf(
  { undecided, keep }: ServiceDecision,
  { member, state, ends, weight, lines }: Verdict,
  view: ClusterView,
  service: ServiceSpec,
): DesiredServer {
  // Whatever the table of leaving says, and through whichever line.
  const must = !isWriteService(service) && state !== 'ready' && takesForbiddenWrites(view, member);
  return {
    member,
    address: addressOf(memberOf(view, member)?.address, service.port),
    state: undecided === true && member === keep ? 'keep' : must ? 'maint' : state,
    ...(ends === true || must ? { ends: true } : {}),
    ...(weight === undefined ? {} : { weight }),
    ...(lines === undefined ? {} : { lines: must ? { own: 'maint', backup: 'maint' } : lines }),
  };
}

const addressOf = (recorded: Address | undefined, port: number | undefined): Address | undefined =>
  recorded === undefined || port === undefined ? recorded : { host: recorded.host, port };

/** All of a backend but its servers. */
const frameOf = (service: ServiceSpec, backend: string): Omit<DesiredBackend, 'servers'> => ({
  backend,
  exclusive: isWriteService(service),
  ...(service.hold === undefined ? {} : { holds: true }),
  match: service.servers,
  // In a write service a line that stands for nobody could be written to.
  removed: {
    leaving: isWriteService(service) ? 'kill' : service.leaving.removed,
    drainTimeoutMs: service.drainTimeoutMs,
  },
});

/**
 * A Stolon master that was withdrawn runs on and takes writes for as long as its keeper is cut off: nobody stops it (Patroni demotes its own). Whoever
 * reached it through a read service (`fallback: primary`, or when it was a standby) could write to it. The same holds where nobody manages the servers:
 * one that last said that it is primary, and is not taken for it.
 */
function takesForbiddenWrites(view: ClusterView, name: string): boolean {
  const { source, leadership } = view;
  if (source === 'patroni' || (leadership.kind === 'held' && leadership.member === name)) return false;
  const member = memberOf(view, name);
  if (source === 'postgres') return member?.role === 'primary';
  const withdrawn = leadership.kind === 'vacant' && leadership.former === name;
  return withdrawn || member?.role === 'demoted' || member?.probe?.latest.kind === 'primary';
}

/**
 * What to hold when nothing has ever been read and the time for that is over: these services closed, all others not named, so that they stay as they
 * are. Nobody knows anything against the servers of a read service, so their sessions stay.
 */
export function closedServices(services: readonly ServiceSpec[]): readonly DesiredBackend[] {
  return services.flatMap((service) =>
    service.backends.map((backend) => {
      const { removed, ...frame } = frameOf(service, backend);
      return { ...frame, ...(isWriteService(service) ? { removed } : {}), servers: [] };
    }),
  );
}

/** All write services of a cluster closed. */
export const closedWrites = ({ services }: ClusterSpec): readonly DesiredBackend[] =>
  closedServices(services.filter(isWriteService));

/**
 * The same, but for the master: write services closed, and in read services (`fallback: primary`) out as well, sessions ended. For a Stolon proxy
 * that leaves: nobody would take it out later.
 */
export function withoutMaster(
  desired: readonly DesiredBackend[],
  spec: ClusterSpec,
  master: string | undefined,
): readonly DesiredBackend[] {
  const reads = desired.filter(({ exclusive }) => !exclusive);
  return [
    ...closedWrites(spec),
    ...reads.map((backend) => ({
      ...backend,
      servers: backend.servers.map((server) =>
        server.member === master ? { ...server, state: 'maint' as const, ends: true, lines: undefined } : server,
      ),
    })),
  ];
}

/** Read services that lead to the master now, since no standby can take reads. */
export const readsOnMaster = (desired: readonly DesiredBackend[], master: string | undefined): readonly string[] =>
  desired
    .filter(
      ({ exclusive, servers }) =>
        !exclusive && servers.some(({ member, state }) => member === master && state === 'ready'),
    )
    .map(({ backend }) => backend);

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
