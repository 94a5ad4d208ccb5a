// What a service does while its view can't be confirmed: the operator's policy as a span of time, and the verdict on a read service. Write services are
// judged with it in limits.ts (graceMs) and confirmation.ts.
import { type Reason, reason } from '../model/reason.ts';
import type { OutagePolicy, ServiceSpec } from '../model/service.ts';
import { FRESH_MS, graceMs } from './limits.ts';
import type { Case } from './ruling.ts';

/**
 * Why nobody serves in this read service any more, whoever is asked about: its outage policy is at its end. Undefined: it serves on. The facts lack
 * the member's name.
 */
export function outageOf(given: Case, { outage }: ServiceSpec): Reason | undefined {
  const limitMs = lastsMs(given, outage);
  if (limitMs === undefined || given.horizon.within(given.view.confirmedAt, limitMs)) return undefined;
  return reason('view_lost', { limit_ms: limitMs });
}

/** How long after its last confirmation a view is good enough to read by. Undefined: for ever. */
function lastsMs({ view, spec }: Case, outage: OutagePolicy): number | undefined {
  switch (outage.kind) {
    case 'close':
      return FRESH_MS;
    case 'hold':
      return outage.forMs === undefined ? undefined : Math.max(FRESH_MS, outage.forMs);
    case 'auto':
      return graceMs(spec, view, outage);
  }
}
