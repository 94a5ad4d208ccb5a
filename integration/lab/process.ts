// Starts real programs for tests, benchmarks and the demo, and makes sure that none outlives its starter.
// A child gets SIGKILL from the kernel when the starter dies, however it dies (setpriv --pdeathsig, util-linux).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export interface ProgramOptions {
  /** For messages: `etcd1`, `haproxy`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Run as this user when we are root (PostgreSQL refuses root). */
  readonly user?: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly cwd?: string;
}

/** A running program. `exited` settles when it has ended, with the exit code or the signal's name. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<number | string>;
  readonly running: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Asks with `signal` (default SIGTERM), waits up to `patienceMs`, then SIGKILL. */
  readonly stop: (signal?: NodeJS.Signals, patienceMs?: number) => Promise<void>;
  readonly log: () => string;
}

const started = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** How everything that runs is ended; each entry takes itself away when that has happened otherwise. */
const endings = new Set<() => Promise<unknown>>();
let over = false;

/** Adds something to what `endEverything` ends. Returns how to take it away again. */
export function endWithEverything(end: () => Promise<unknown>): () => void {
  endings.add(end);
  if (over) void end();
  return () => endings.delete(end);
}

/** For a program that is told to end in the middle of anything: kills whatever was started, lets nothing new live, waits until all is gone. */
export async function endEverything(): Promise<void> {
  over = true;
  while (endings.size > 0) {
    const all = [...endings];
    endings.clear();
    await Promise.all(all.map((end) => end()));
  }
}

export const isRoot = (): boolean => userInfo().uid === 0;

export function startProgram(options: ProgramOptions): Program {
  const out = openSync(options.logFile, 'a', 0o644);
  const asUser =
    options.user !== undefined && isRoot() ? ['--reuid', options.user, '--regid', options.user, '--init-groups'] : [];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...asUser, '--', options.command, ...options.args], {
    stdio: ['ignore', out, out],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  closeSync(out);
  started.add(child);
  let ended = false;
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => {
      ended = true;
      started.delete(child);
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      ended = true;
      started.delete(child);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  const forget = endWithEverything(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  void exited.then(forget);
  return {
    name: options.name,
    pid: child.pid ?? -1,
    exited,
    running: () => !ended,
    signal: (signal) => {
      if (!ended) child.kill(signal);
    },
    stop: async (signal = 'SIGTERM', patienceMs = 5_000) => {
      if (ended) return;
      child.kill(signal);
      child.kill('SIGCONT');
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await exited;
      clearTimeout(timer);
    },
    log: () => readFileSync(options.logFile, 'utf8'),
  };
}

/**
 * A free TCP port on 127.0.0.1 that no call of this process got before. Taken below the kernel's ephemeral range, so that no
 * outgoing connection grabs it between this check and the program's start.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (handedOut.has(port)) continue;
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (!free) continue;
    handedOut.add(port);
    return port;
  }
}
const handedOut = new Set<number>();

/** A new temporary folder that other users may enter (PostgreSQL runs as another user), with a short path (sockets: 107 bytes). */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'pgrouted-'));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Hands a folder to the user that PostgreSQL runs as, when we are root. */
export function giveTo(user: string, path: string): void {
  if (isRoot()) execFileSync('chown', ['-R', `${user}:${user}`, path]);
}

/** Waits until `check` gives a value; fails with `what` and the last error after `patienceMs`. For readiness, never to measure. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  patienceMs = 30_000,
  everyMs = 20,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await check();
      if (value !== undefined && value !== (false as unknown)) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`timed out after ${patienceMs} ms waiting for ${what}`, { cause: last });
}
