// Entry of the daemon. The only file that knows the process: arguments, signals, standard output, exit codes.
//
//   starting ──ready──▶ running ──TERM, INT──▶ stopping ──▶ exit 0
//      └─Failure──▶ exit 1, 2, 78  └──HUP──▶ reload          └─INT again, or stuck──▶ exit 130, 1

import './heap.ts';
import { existsSync } from 'node:fs';
import { type PgroutedConfig, printableConfig } from '@pgrouted/core/config/config';
import { startRouter } from '@pgrouted/core/controller/router';
import { systemClock } from './clock.ts';
import { startDaemon } from './daemon.ts';
import { exitCodes, Failure } from './failure.ts';
import { collectGarbage } from './garbage.ts';
import { haproxyConfig } from './haproxy-config.ts';
import { defaultSource, loadConfig, readAsPgRoute66 } from './load-config.ts';
import { createLog } from './log.ts';
import { releaseStartPages } from './pages.ts';
import { type Task, taskOf } from './program.ts';
import { takeNotifying } from './systemd/environment.ts';
import { supervise } from './systemd/supervise.ts';
import { version } from './version.ts';

/** How long a clean stop may take. */
const stopPatienceMs = 8_000;

/** After so long all that a start does has been done, also on a busy machine. */
const startIsOverMs = 10_000;

const out = (text: string): void => void process.stdout.write(text);
const err = (text: string): void => void process.stderr.write(text);

async function run(task: Task): Promise<void> {
  switch (task.kind) {
    case 'run':
      return runDaemon(task);
    case 'check-config': {
      const { config, warnings } = loadConfig(task.source, task.overrides, process.env);
      for (const warning of warnings) err(`pgrouted: warning: ${warning}\n`);
      const form = readAsPgRoute66(config) ? ", as PgRoute66's" : '';
      out(
        task.print
          ? `${JSON.stringify(printableConfig(config), null, 2)}\n`
          : `${task.source.file}: no errors${form}\n`,
      );
      return;
    }
    case 'haproxy-config': {
      const { config } = loadConfig(task.source, task.overrides, process.env);
      out(await haproxyConfig(config, task.request, systemClock));
      return;
    }
    case 'nothing':
      return;
  }
}

/** `pgrouted --help | head -n 1`: the reader has what it wants. Of a daemon that runs it would be a fault. */
function endWithReader(): void {
  process.stdout.on('error', (error) =>
    process.exit('code' in error && error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed),
  );
}

async function runDaemon({ source, overrides }: Task & { readonly kind: 'run' }): Promise<void> {
  const log = createLog(overrides.logLevel ?? 'info');
  const notifying = takeNotifying(process.env, process.pid);
  // Nothing that we did not expect may leave the process half alive: HAProxy keeps its state, and whoever supervises us starts it anew.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error({ err: error }, 'a fault of pgrouted itself: it ends');
      process.exit(exitCodes.failed);
    });
  }
  let config: PgroutedConfig | undefined;
  const daemon = await startDaemon({
    load: () => {
      const loaded = loadConfig(source, overrides, process.env);
      config = loaded.config;
      // At a HUP as well: whoever rotates the file moves it away first.
      log.appendTo(config.log.file);
      return loaded;
    },
    startRouter: (options) => {
      collectGarbage();
      return startRouter(options);
    },
    clock: systemClock,
    log,
    version,
  });
  log.info({ url: daemon.url() }, 'pgrouted listens');
  systemClock.after(startIsOverMs, releaseStartPages);
  const supervision = supervise(notifying, { router: daemon.router, clock: systemClock, log, env: process.env });
  if (config !== undefined)
    log.debug({ file: source.file, config: printableConfig(config) }, 'the configuration as it was read');

  let stopping = false;
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (stopping && signal === 'SIGINT') process.exit(130);
    if (stopping) return;
    stopping = true;
    systemClock.after(stopPatienceMs, () => {
      log.error({}, 'the stop took too long: ending anyway');
      process.exit(exitCodes.failed);
    });
    supervision.stopping();
    void daemon.stop().then(() => process.exit(exitCodes.ok));
  };
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGHUP', () => void supervision.during(() => daemon.reload()));
}

async function main(): Promise<void> {
  try {
    const terminal = { out, err, columns: process.stdout.columns ?? 100 };
    const task = taskOf(process.argv.slice(2), terminal, () => defaultSource(process.env, existsSync));
    if (task.kind !== 'run') endWithReader();
    await run(task);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    for (const line of error.message.split('\n')) err(`pgrouted: ${line}\n`);
    process.exitCode = error.exitCode;
  }
}

// No `await` here: the executable holds this as CommonJS.
void main();
