// Overrides and the routers of the fleet as /v2/status tells them. Pure: values in, documents out.
import { agreementOf } from '../fleet/agreement.ts';
import type { FleetBook } from '../fleet/book.ts';
import type { Millis } from '../model/units.ts';
import type { FleetDocument, OverrideDocument } from '../status/schema.ts';
import { leaderOf, type ToldCluster } from './fleet-facts.ts';
import type { ClusterOverride } from './overrides.ts';

export function overrideDocument({ cluster, override }: ClusterOverride, now: Millis): OverrideDocument {
  const { id, member, service, action, owner, reason, createdAt, expiresAt, until, scope } = override;
  return {
    id,
    cluster,
    member,
    service: service ?? null,
    action: action.kind,
    weight: action.kind === 'weight' ? action.weight : null,
    owner,
    reason,
    createdAt,
    expiresAt: expiresAt ?? null,
    endsInMs: until === undefined ? null : Math.max(0, Math.round(until - now)),
    scope,
  };
}

/** `own`: what this router is called. */
export const fleetClusters = (
  book: FleetBook,
  clusters: readonly ToldCluster[],
  own: string,
): FleetDocument['clusters'] =>
  clusters.map((told) => {
    const cluster = told.spec.name;
    const routers = book.routers(cluster);
    const { leader, waiting } = agreementOf(routers, leaderOf(told.view()));
    return {
      cluster,
      leader: leader ?? null,
      applied: waiting.length === 0,
      waiting: [...waiting],
      routers: routers.map(({ name, record }) => ({
        name,
        own: name === own,
        version: record.pgrouted,
        host: record.host,
        since: record.since,
        leader: record.leader?.member ?? null,
        revision: record.leader?.revision ?? null,
        services: Object.fromEntries(
          Object.entries(record.services).map(([service, { in: open, reason }]) => [service, { in: open, reason }]),
        ),
        targets: record.targets,
        health: record.health,
      })),
    };
  });
