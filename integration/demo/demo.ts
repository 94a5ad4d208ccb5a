// The demo: a cluster behind HAProxy and pgrouted, and a client that writes all the time. With Patroni (patroni-demo.ts) it is switched over and loses its
// primary's whole node, with Stolon (stolon-demo.ts) its master. Leaves nothing behind, however it ends.
import { parseArgs } from 'node:util';
import { endEverything, temporaryFolder } from '../lab/process.ts';
import { patroniDemo } from './patroni-demo.ts';
import { openScreen, type Screen } from './screen.ts';
import { stolonDemo } from './stolon-demo.ts';

const usage = `npm run demo -- [--stolon] [--keep] [--ttl SECONDS] [--every MS]

  --stolon         Stolon's protocol instead of Patroni: a failover, with the handshake between sentinel and proxy
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
      ttl: { type: 'string' },
      stolon: { type: 'boolean', default: false },
      every: { type: 'string', default: '20' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    screen.line(usage);
    return 0;
  }
  const { keep: keepRunning, stolon } = values;
  const writeEveryMs = atLeast('every', values.every, 1);
  const common = { folder: folder.path, screen, writeEveryMs, keepRunning };
  if (!stolon) return patroniDemo({ ...common, ttl: atLeast('ttl', values.ttl ?? '20', 5) });
  if (values.ttl !== undefined) throw new Error("--ttl is Patroni's; it has no meaning with --stolon");
  return stolonDemo(common);
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
