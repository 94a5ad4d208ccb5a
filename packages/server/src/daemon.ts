// The running daemon: HTTP, router, metrics and journal file, started, reconfigured and stopped together. Knows no process and no signal.
//
//   start ──port bound──▶ running ──reload──▶ running (the new configuration, or the old one and why)
//                            └──stop──▶ stopped; HAProxy keeps what it holds
import type { JournalSpec } from '@pgrouted/core/config/config';
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { RouterOptions, RunningRouter } from '@pgrouted/core/controller/router';
import type { Clock } from '@pgrouted/core/model/clock';
import { errorText } from './failure.ts';
import { ApiServer } from './http/api-server.ts';
import { buildHttp } from './http/app.ts';
import { checksFirst } from './http/check.ts';
import { sendJson } from './http/json.ts';
import { listsFirst } from './http/lists.ts';
import { JournalFile } from './journal-file.ts';
import type { Loaded } from './load-config.ts';
import { type DaemonLog, logEntry } from './log.ts';
import { createMetrics } from './metrics.ts';
import { roomFor } from './room.ts';
import type { Reloaded } from './systemd/supervision.ts';

export interface DaemonOptions {
  /** Throws Failure when the configuration is wrong. */
  readonly load: () => Loaded;
  readonly startRouter: (options: RouterOptions) => RunningRouter;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly version: string;
}

export interface Daemon {
  /** Where the API listens: `http://127.0.0.1:8080`. */
  readonly url: () => string;
  readonly router: RunningRouter;
  /** Reads the configuration again. Never rejects: what is wrong is logged, and the old configuration stays. */
  reload(): Promise<Reloaded>;
  stop(): Promise<void>;
}

/** Binds the port before anything else: a second daemon on the same port must not touch HAProxy. Throws Failure. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { load, startRouter, clock, log, version } = options;
  const first = load();
  let config = first.config;
  log.setLevel(config.log.level);
  for (const warning of first.warnings) log.warn({}, warning);

  let router: RunningRouter | undefined;
  const metrics = createMetrics();
  const api = lateApi(() => router);
  const app = buildHttp(api, { metrics, clock, log });
  app.addHook('onRequest', (_request, reply, done) => {
    if (router === undefined) void sendJson(reply, 503, { error: 'starting' });
    else done();
  });
  await app.ready();
  const handle = checksFirst(listsFirst(app), api, metrics.requests);
  const http = await ApiServer.start({ spec: config.http, handle, clock, log });

  try {
    roomFor(config);
    router = startRouter({ config, clock, log, version });
  } catch (error) {
    await http.close();
    throw error;
  }
  metrics.attach(router, () => http.notAfter);
  let file = openJournal(config.journal, options);
  const take = (entry: Parameters<typeof logEntry>[1]): void => {
    logEntry(log, entry);
    file?.write(entry);
  };
  for (const entry of router.events(0, Number.MAX_SAFE_INTEGER).entries) take(entry);
  router.onEvent(take);
  const running = router;

  const apply = async ({ config: next, warnings }: Loaded): Promise<Reloaded> => {
    for (const warning of warnings) log.warn({}, warning);
    const was = config;
    // Also where the configuration is the same: its files may hold another certificate.
    await http.reconfigure(next.http);
    if (same(next, was)) {
      log.info({}, 'the configuration is the same as before');
      return 'unchanged';
    }
    config = next;
    log.setLevel(next.log.level);
    if (!same(next.journal, was.journal)) {
      const before = file;
      file = openJournal(next.journal, options);
      await before?.close();
    }
    await running.reconfigure(next);
    return 'taken';
  };

  // One after the other: a second HUP, or the end, waits until the first is through.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine;
    return mine;
  };
  return {
    url: () => http.url,
    router: running,
    reload: () =>
      inTurn(async () => {
        try {
          return await apply(load());
        } catch (error) {
          for (const line of errorText(error).split('\n'))
            log.error({ err: line }, 'the new configuration was not taken');
          return 'refused';
        }
      }),
    stop: () =>
      inTurn(async () => {
        await running.stop();
        await http.close();
        await app.close();
        await file?.close();
      }),
  };
}

function openJournal({ file, maxBytes, keep }: JournalSpec, { clock, log }: DaemonOptions): JournalFile | undefined {
  return file === undefined ? undefined : new JournalFile({ file, maxBytes, keep, clock, log });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The router, once there is one; no route is answered before. */
function lateApi(current: () => RouterApi | undefined): RouterApi {
  const now = (): RouterApi => {
    const router = current();
    if (router === undefined) throw new Error('asked before the router was started');
    return router;
  };
  return {
    status: () => now().status(),
    events: (afterSeq, limit) => now().events(afterSeq, limit),
    onEvent: (listener) => now().onEvent(listener),
    ready: () => now().ready(),
    settling: () => current()?.settling(),
    members: () => now().members(),
    freshness: () => now().freshness(),
    check: (question) => now().check(question),
    checkLine: (backend, server) => now().checkLine(backend, server),
    availability: (member, limitS) => now().availability(member, limitS),
    control: () => now().control(),
    fleet: () => now().fleet(),
    overrides: () => now().overrides(),
    setOverride: (request) => now().setOverride(request),
    liftOverride: (cluster, id, by) => now().liftOverride(cluster, id, by),
  };
}
