// What a probe said, in the words of a recorded probe line's `value`.
import type { ProbeReading } from '@pgrouted/core/model/probe';
import type { ProbeWord } from '@pgrouted/core/replay/replay';

export const probeWords: Readonly<Record<ProbeReading['kind'], ProbeWord>> = {
  primary: 'primary',
  standby: 'standby',
  starting: 'starting',
  stopping: 'shutting down',
  down: 'down',
  silent: 'lost',
  denied: 'denied',
};
