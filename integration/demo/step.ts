// One line for each thing that is started: what it is, where it is, how long it took.
import type { Screen } from './screen.ts';

/** Starts it, showing that while it takes time; gives it. */
export async function step<T>(
  screen: Screen,
  what: string,
  start: () => Promise<T>,
  tell: (started: T) => string,
): Promise<T> {
  const beganAt = performance.now();
  const took = (): string => `${((performance.now() - beganAt) / 1000).toFixed(1)} s`;
  const stop = screen.live(() => `${what} starts ... ${took()}`);
  const started = await start().finally(stop);
  screen.line(`  ${what.padEnd(9)} ${tell(started)}${screen.paint('faint', `  (${took()})`)}`);
  return started;
}
