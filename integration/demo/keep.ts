// `--keep`: everything goes on until it is interrupted.
import { liveLine } from './act.ts';
import { addressesOf, type Located } from './addresses.ts';
import type { Screen } from './screen.ts';

/** Prints where everything is, and never settles: a signal ends it. */
export async function keep(located: Located, screen: Screen): Promise<never> {
  screen.heading('Running until Ctrl-C');
  for (const line of addressesOf(located)) screen.line(`  ${line}`);
  screen.line();
  // The live line keeps the process busy.
  screen.live(() => liveLine(located));
  return new Promise<never>(() => {});
}
