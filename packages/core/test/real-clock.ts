// The real clock, for tests of things that meet the real world (sockets).
import type { Clock } from '@pgrouted/core/model/clock';
import { millis } from '@pgrouted/core/model/units';

export const realClock: Clock = {
  now: () => millis(performance.now()),
  wall: () => new Date(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
