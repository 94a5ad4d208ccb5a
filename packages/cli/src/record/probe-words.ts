// What a probe said, in the words of a recorded probe line's `value`.
import type { ProbeReading } from '@pgrouted/core/model/probe';

export type ProbeWord = 'primary' | 'standby' | 'starting' | 'shutting down' | 'down' | 'lost' | 'denied';

export const probeWords: Readonly<Record<ProbeReading['kind'], ProbeWord>> = {
  primary: 'primary',
  standby: 'standby',
  starting: 'starting',
  stopping: 'shutting down',
  down: 'down',
  silent: 'lost',
  denied: 'denied',
};
