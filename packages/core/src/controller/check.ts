// Patroni's health checks, answered for any member from what this router knows. Rules: patroni/api.py (4.1). Pure.
import type { Millis } from '../model/units.ts';
import type { CheckAnswer, CheckQuestion } from './api.ts';
import type { KnownCluster } from './known-cluster.ts';

export function checkOf(
  { member }: CheckQuestion,
  clusters: readonly KnownCluster[],
  _now: Millis,
  _maxAgeMs: number,
): CheckAnswer | undefined {
  const known = clusters.some(({ view }) => view.members.some(({ name }) => name === member));
  return known ? { status: 503, body: {} } : undefined;
}
