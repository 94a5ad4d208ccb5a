// A Patroni cluster behind HAProxy and pgrouted, a client that writes all the time, a switchover, a kill -9 of the primary's whole node. Prints for
// each what happened when.
import { type ActResult, play } from './act.ts';
import { calm } from './calm.ts';
import { keep } from './keep.ts';
import type { Screen } from './screen.ts';
import { setStage } from './stage.ts';
import { tellVerdict, verdictOf } from './verdict.ts';

export interface PatroniDemoOptions {
  readonly folder: string;
  readonly screen: Screen;
  /** Patroni's, in seconds. */
  readonly ttl: number;
  readonly writeEveryMs: number;
  readonly keepRunning: boolean;
}

/** Gives the exit code. */
export async function patroniDemo(options: PatroniDemoOptions): Promise<number> {
  const { folder, screen, ttl, writeEveryMs } = options;
  screen.heading(`Starting on loopback, in ${folder}`);
  const stage = await setStage({ folder, ttl, writeEveryMs, screen });
  await calm(stage, screen);

  const results: ActResult[] = [];
  const next = stage.cluster.nodes.find(({ name }) => name !== stage.writer.servers().at(-1))?.name;
  screen.heading(`1. Switchover to ${next}, ordered from Patroni`);
  results.push(
    await play(stage, screen, {
      name: 'switchover',
      perform: () => stage.cluster.switchover(next),
      patienceMs: 60_000,
    }),
  );
  await calm(stage, screen);

  const victim = await stage.cluster.primary();
  screen.heading(`2. kill -9 of everything on ${victim.name}; its leader key lives on for up to ${ttl} s`);
  results.push(
    await play(stage, screen, { name: 'kill -9', perform: () => victim.killNode(), patienceMs: (ttl + 40) * 1_000 }),
  );

  screen.heading(`3. ${victim.name} is started again and becomes a standby`);
  victim.start();
  await calm(stage, screen);

  const well = tellVerdict(screen, await verdictOf(stage, results));
  if (options.keepRunning) await keep(stage, screen);
  return well ? 0 : 1;
}
