// Starts the load on an HTTP server (http-load-process.ts), one run at a time, and says what the server's process used of the processor meanwhile.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Summary } from './figures.ts';
import { round } from './figures.ts';
import { nowMs } from './instant.ts';
import { cpuSecondsOf } from './processor.ts';

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  /** Any other answer ends the run with an error. */
  readonly status: number;
  /** Each is kept and has at most one request under way. */
  readonly connections: number;
  /** Undefined: each connection asks again as soon as it has its answer. Else so many requests fall due each second, at even distances. */
  readonly perSecond?: number | undefined;
  /** Before anything counts. */
  readonly warmUpMs: number;
  readonly forMs: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly tookMs: number;
  /** From when a request was sent (or, where so many are due each second, from when it was due) until its answer was there. */
  readonly latencyMs: Summary;
}

export type FromLoad =
  | { readonly type: 'measuring' }
  | ({ readonly type: 'measured' } & LoadReport)
  | { readonly type: 'failed'; readonly error: string };

export interface Loaded {
  readonly path: string;
  readonly connections: number;
  readonly perSecond: number | null;
  readonly requestsPerSecond: number;
  readonly latencyMs: Summary;
  /** Of one core: the server's process, and the load itself (which has nothing left to give near 1). */
  readonly serverCpu: number;
  readonly loadCpu: number;
  /** CPU time of the server's process for one request, in microseconds: what a busy machine changes least. */
  readonly serverUsPerRequest: number;
}

const program = fileURLToPath(new URL('./http-load-process.ts', import.meta.url));

/** One run. `serverPid`: whose CPU time is counted. */
export function putLoad(options: LoadOptions, serverPid: number): Promise<Loaded> {
  const child = fork(program, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] });
  const loadPid = child.pid ?? process.pid;
  let from = { atMs: 0, serverS: 0, loadS: 0 };
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`the load on ${options.path} ended without a result`)));
    child.on('message', (message: FromLoad) => {
      const now = () => ({ atMs: nowMs(), serverS: cpuSecondsOf(serverPid), loadS: cpuSecondsOf(loadPid) });
      if (message.type === 'measuring') from = now();
      if (message.type === 'failed') reject(new Error(`load on ${options.path}: ${message.error}`));
      if (message.type === 'measured') {
        const to = now();
        const seconds = (to.atMs - from.atMs) / 1_000;
        const serverS = to.serverS - from.serverS;
        resolve({
          path: options.path,
          connections: options.connections,
          perSecond: options.perSecond ?? null,
          requestsPerSecond: Math.round(message.requests / (message.tookMs / 1_000)),
          latencyMs: message.latencyMs,
          serverCpu: round(serverS / seconds, 2),
          loadCpu: round((to.loadS - from.loadS) / seconds, 2),
          serverUsPerRequest: round((serverS * 1e6) / message.requests, 1),
        });
      }
      if (message.type !== 'measuring') child.disconnect();
    });
  });
}
