// The demo: a real cluster behind HAProxy and pgrouted, a client that writes all the time, a switchover, a kill -9 of the primary's
// whole node. Prints for each what happened when. Leaves nothing behind, however it ends.
import { parseArgs } from 'node:util';
import { endEverything, eventually, temporaryFolder } from '../lab/process.ts';
import { type ActResult, liveLine, play } from './act.ts';
import { addressesOf } from './addresses.ts';
import { openScreen, type Screen } from './screen.ts';
import { type Stage, setStage } from './stage.ts';
import { verdictOf } from './verdict.ts';

const usage = `npm run demo -- [--keep] [--ttl SECONDS] [--every MS]

  --keep           leave everything running at the end, with the addresses printed, until Ctrl-C
  --ttl SECONDS    Patroni's ttl: how long a dead primary keeps its leader key (default 20, at least 5)
  --every MS       how often the client writes (default 20)`;

const exitBySignal = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Some errors carry a whole status document. */
const longestMessage = 2_000;

const folder = temporaryFolder();
let leaving = false;

/** Ends every process, takes the folder away, and exits. Only the first call counts. */
async function leave(code: number): Promise<void> {
  if (leaving) return;
  leaving = true;
  await endEverything();
  folder.remove();
  process.exit(code);
}

async function main(screen: Screen): Promise<number> {
  const { values } = parseArgs({
    options: {
      keep: { type: 'boolean', default: false },
      ttl: { type: 'string', default: '20' },
      every: { type: 'string', default: '20' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    screen.line(usage);
    return 0;
  }
  const ttl = atLeast('ttl', values.ttl, 5);
  const writeEveryMs = atLeast('every', values.every, 1);

  screen.heading(`Starting on loopback, in ${folder.path}`);
  const stage = await setStage({ folder: folder.path, ttl, writeEveryMs, screen });
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

  const verdict = await verdictOf(stage, results);
  screen.heading('What became of it');
  for (const { well, text } of verdict)
    screen.line(`  ${screen.paint(well ? 'good' : 'bad', well ? 'ok    ' : 'BROKEN')}  ${text}`);
  if (values.keep) await keep(stage, screen);
  return verdict.every(({ well }) => well) ? 0 : 1;
}

/** Waits until Patroni is healthy and pgrouted routes to everybody again, and lets the client write for a moment. */
async function calm(stage: Stage, screen: Screen): Promise<void> {
  const stop = screen.live(() => liveLine(stage));
  try {
    await stage.cluster.waitUntilHealthy(90_000);
    const status = await stage.daemon.until('all servers to be routed to', ({ clusters }) =>
      clusters.every(({ services }) =>
        services.every(({ role, routing, servers }) => {
          const ready = servers.filter(({ state }) => state === 'ready').length;
          return routing && ready === (role === 'primary' ? 1 : stage.cluster.nodes.length - 1);
        }),
      ),
    );
    const seen = stage.writer.committed().length;
    await eventually('some more writes', () => stage.writer.committed().length > seen + 50);
    stop();
    const of = (role: string) =>
      status.clusters
        .flatMap(({ services }) => services.filter((service) => service.role === role))
        .flatMap(({ servers }) => servers.filter(({ state }) => state === 'ready').map(({ member }) => member));
    screen.line(
      `  writes go to ${of('primary').join(', ')}, reads to ${of('replica').join(' and ')}; ${liveLine(stage)}`,
    );
  } finally {
    stop();
  }
}

async function keep(stage: Stage, screen: Screen): Promise<void> {
  screen.heading('Running until Ctrl-C');
  for (const line of addressesOf(stage)) screen.line(`  ${line}`);
  screen.line();
  screen.live(() => liveLine(stage));
  // A signal ends this; the live line keeps the process busy.
  await new Promise(() => {});
}

function atLeast(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} wants a whole number, at least ${least}; it got "${text}"`);
  return value;
}

const screen = openScreen(process.stdout);
for (const [signal, code] of Object.entries(exitBySignal))
  process.on(signal, () => {
    if (!leaving) screen.line(`\n${signal}: stopping everything`);
    void leave(code);
  });

const fail = (error: unknown): Promise<void> => {
  if (!leaving) {
    screen.line();
    const message = error instanceof Error ? error.message : String(error);
    screen.line(screen.paint('bad', `The demo failed: ${message.slice(0, longestMessage)}`));
    if (error instanceof Error && error.cause !== undefined) screen.line(String(error.cause).slice(0, longestMessage));
  }
  return leave(1);
};
process.on('uncaughtException', fail);

await main(screen).then(leave, fail);
