// A switch that has been asked for and not been begun. Where new connections can wait (`hold`) they do so from here on: whoever is let in now may not be served
// before PostgreSQL stops, 200 ms later or so. Where they can't, nothing is gained by refusing them sooner.
import { reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import { memberOf } from '../model/view.ts';
import { switchAskedFor } from './leader.ts';
import type { Case, WriterRuling } from './ruling.ts';

/** Patroni begins some 150 ms after it was asked (leader.ts), or takes the request back. A request that is left lying closes nothing for longer. */
const ANTICIPATED_FOR_MS = 2_000;

/** The ruling, or, for a service that holds its connections, the writer drained. A switch that is scheduled for later changes nothing. */
export function anticipated({ view, horizon }: Case, service: ServiceSpec, writer: WriterRuling): WriterRuling {
  if (service.hold === undefined || writer.state !== 'ready' || writer.member === undefined) return writer;
  const leader = memberOf(view, writer.member);
  const planned = leader === undefined ? undefined : switchAskedFor(view, leader);
  if (planned?.seenAt === undefined || planned.scheduledAt !== undefined) return writer;
  if (!horizon.within(planned.seenAt, ANTICIPATED_FOR_MS)) return writer;
  const facts = { member: writer.member, to: planned.to ?? 'another member' };
  return { ...writer, state: 'drain', reason: reason('switchover_ordered', facts) };
}
