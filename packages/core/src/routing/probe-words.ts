// What the words of a probe mean for routing.
import type { ProbeReading } from '../model/probe.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { Member } from '../model/view.ts';

/** PostgreSQL has said, or its absence says, that it takes no writes now. `silent` and `denied` say nothing. */
export function saysNoPrimary(reading: ProbeReading): boolean {
  switch (reading.kind) {
    case 'standby':
    case 'starting':
    case 'stopping':
    case 'down':
      return true;
    case 'primary':
    case 'silent':
    case 'denied':
      return false;
  }
}

export const errorOf = (reading: ProbeReading): string => ('error' in reading ? reading.error : reading.kind);

/** Why PostgreSQL's own word keeps a member out of a read service; undefined: it does not. */
export function probeForbidsReads({ name, probe }: Member): Reason | undefined {
  switch (probe?.latest.kind) {
    case 'down':
      return reason('replica_down', { member: name, error: errorOf(probe.latest) });
    case 'starting':
      return reason('replica_starting', { member: name });
    case 'stopping':
      return reason('replica_shutting_down', { member: name });
    case 'primary':
      return reason('primary_without_authority', { member: name });
    default:
      return undefined;
  }
}
