// A Stolon cluster behind HAProxy and pgrouted, which is registered as its proxy: the master is killed, and the handshake between sentinel and proxy is
// shown step by step. Stolon's own components are models here; the screen says so.
import { play } from './act.ts';
import { calm } from './calm.ts';
import { keep } from './keep.ts';
import { pgroutectl, pgroutectlOn, statusOf } from './pgroutectl.ts';
import type { Screen } from './screen.ts';
import { intervals, type StolonStage, setStolonStage } from './stolon-stage.ts';
import { type Finding, tellVerdict, verdictOf } from './verdict.ts';

export interface StolonDemoOptions {
  readonly folder: string;
  readonly screen: Screen;
  readonly writeEveryMs: number;
  readonly keepRunning: boolean;
}

/** After the acknowledgement, which takes milliseconds; long before the sentinel looks again. */
const askAfterMs = 200;

/** Gives the exit code. */
export async function stolonDemo({ folder, screen, writeEveryMs, keepRunning }: StolonDemoOptions): Promise<number> {
  const { sleepInterval, failInterval, proxyCheckInterval, proxyTimeout } = intervals;
  screen.heading("Stolon's protocol, without Stolon");
  screen.line(
    "  models  Stolon is not among Debian's packages: its sentinel and its keepers are models in TypeScript here, made",
  );
  screen.line('          after stolon v0.17.0 (integration/lab/stolon). They read and write the same keys in etcd.');
  screen.line('  real    etcd, PostgreSQL with streaming replication, HAProxy, pgrouted, and the client that writes.');
  screen.line(
    `  times   shorter than Stolon's own: sleepInterval ${sleepInterval} (5s), failInterval ${failInterval} (20s), proxyCheckInterval ${proxyCheckInterval} (5s),`,
  );
  screen.line(`          proxyTimeout ${proxyTimeout} (15s). So all that waits for an interval comes sooner here.`);
  screen.heading(`Starting on loopback, in ${folder}`);
  const stage = await setStolonStage({ folder, writeEveryMs, screen });
  await calm(stage, screen);
  screen.heading('pgroutectl status');
  tell(screen, await pgroutectl(stage.daemon.url, 'status'));

  const { cluster } = stage;
  const victim = await cluster.masterKeeper();
  screen.heading(`1. kill -9 of keeper and PostgreSQL of ${victim.uid}, the master`);
  let between: Promise<string> | undefined;
  stage.onCleared(() => {
    between ??= new Promise((resolve) => setTimeout(resolve, askAfterMs)).then(() => statusOf(stage.daemon));
  });
  const result = await play(stage, screen, { name: 'kill -9', perform: () => victim.kill(), patienceMs: 60_000 });
  screen.heading(`pgroutectl explain --service primary, ${askAfterMs} ms after the master was taken away`);
  tell(screen, await pgroutectlOn((await between) ?? '', 'explain', '--service', 'primary'));

  screen.heading(`2. ${victim.uid} is started again and becomes a standby`);
  await cluster.until('the old db to be removed', ({ dbs }) =>
    Object.values(dbs).every(({ spec }) => spec.keeperUID !== victim.uid),
  );
  victim.start();
  await calm(stage, screen);

  const well = tellVerdict(screen, [...(await verdictOf(stage, [result])), handshakeKept(stage)]);
  if (keepRunning) await keep(stage, screen);
  return well ? 0 : 1;
}

/** The promise to Stolon: when it names a master, HAProxy has let go of the one before. */
function handshakeKept({ namings }: StolonStage): Finding {
  const said = namings.map(({ master, sessions }) => `${sessions} before ${master} was named`).join(', ');
  return {
    well: namings.length > 0 && namings.every(({ sessions }) => sessions === 0),
    text: `sessions in HAProxy's write service, asked right before the sentinel's put: ${said || 'nobody was named'}`,
  };
}

function tell(screen: Screen, lines: readonly string[]): void {
  for (const line of lines) screen.line(line === '' ? '' : `  ${line}`);
}
