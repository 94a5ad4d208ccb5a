// Node's clocks and timers as the rest takes them.
import { performance } from 'node:perf_hooks';
import type { Clock } from '@pgrouted/core/model/clock';
import { millis } from '@pgrouted/core/model/units';

/** Node runs a timer with a longer delay at once. */
const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => millis(performance.now()),
  wall: () => new Date(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, longestDelayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};
