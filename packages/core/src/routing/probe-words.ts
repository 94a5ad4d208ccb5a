// What the words of a probe mean for routing.
import type { ProbeReading } from '../model/probe.ts';

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
