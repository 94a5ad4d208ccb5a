// The way to systemd's socket where pgrouted is run by a Node of somebody's own. That has no datagram sockets of the Unix kind, so one small shell waits beside us
// for lines and hands each to systemd-notify; Node itself forks once, when the first message is sent. Knows nothing of what is told.
//
//   asleep ──first message──▶ told, waiting for its word ──▶ idle ──next──▶ told ...
//                                └──ended──▶ resting (1 s, then longer) ──▶ told anew   └──no systemd-notify here: given up, said once
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { errorText } from '../failure.ts';
import { FAILING, GOOD_AGAIN, type Way, type WayOptions } from './way.ts';

/** One line is one message, its assignments parted by tabs; an empty line back says that systemd has taken it. Signals for the whole group are ours. */
const script = `# pgrouted: hands messages to systemd
trap '' HUP INT TERM
command -v systemd-notify >/dev/null || exit 127
tab=$(printf '\\t')
set -f
while IFS= read -r message; do
  IFS=$tab
  set -- $message
  unset IFS
  systemd-notify "$@" || exit
  echo
done`;

const NOT_FOUND = 127;
const REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ShellWayOptions extends WayOptions {
  /** Where systemd-notify is looked for. */
  readonly path: string | undefined;
}

type Shell = ChildProcessByStdio<Writable, Readable, Readable>;

export class ShellWay implements Way {
  readonly #o: ShellWayOptions;
  #state: 'asleep' | 'told' | 'idle' | 'resting' | 'given up' = 'asleep';
  #shell: Shell | undefined;
  #restMs = REST_MS;
  #failing = false;

  constructor(options: ShellWayOptions) {
    this.#o = options;
  }

  /** There is something in the outbox. */
  wake(): void {
    if (this.#state === 'asleep') this.#begin();
    else if (this.#state === 'idle') this.#tell();
  }

  /** What stands in the pipe is read by the shell even when we are gone. */
  flush(): void {
    if (this.#shell === undefined) this.wake();
    else this.#tell();
  }

  #begin(): void {
    this.#state = 'told';
    // Where no process can be had (no memory, no descriptors) a spawn fails in more than one way; routing goes on.
    this.#spawn().catch((error: unknown) => this.#failed(undefined, errorText(error)));
  }

  async #spawn(): Promise<void> {
    // Loaded only where somebody wants to be told.
    const { spawn } = await import('node:child_process');
    const { socket, path = systemPath } = this.#o;
    const shell = spawn('/bin/sh', ['-c', script], {
      // Nothing else of our environment: it may hold passwords.
      env: { NOTIFY_SOCKET: socket, PATH: path, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: '/',
    });
    this.#shell = shell;
    let said = '';
    shell.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-500);
    });
    shell.stdout.on('data', () => this.#taken());
    // A shell that has ended is told of by `close`, which comes after all that it said.
    shell.stdin.on('error', () => {});
    shell.once('error', (error) => this.#ended(shell, undefined, error.message));
    shell.once('close', (code) => this.#ended(shell, code ?? undefined, said.trim()));
    // Whoever has nothing else to do may end: this is no reason to stay.
    shell.unref();
    for (const stream of [shell.stdin, shell.stdout, shell.stderr]) if ('unref' in stream) unref(stream);
    this.#tell();
  }

  #tell(): void {
    const message = this.#o.outbox.take();
    this.#state = message === undefined ? 'idle' : 'told';
    if (message !== undefined) this.#shell?.stdin.write(`${message.join('\t')}\n`);
  }

  #taken(): void {
    if (this.#state !== 'told') return;
    if (this.#failing) this.#o.log.info({}, GOOD_AGAIN);
    this.#failing = false;
    this.#restMs = REST_MS;
    this.#tell();
  }

  #ended(shell: Shell, code: number | undefined, said: string): void {
    if (shell !== this.#shell) return;
    this.#failed(code, said);
  }

  #failed(code: number | undefined, said: string): void {
    this.#shell = undefined;
    const { log, clock, outbox } = this.#o;
    if (code === NOT_FOUND) {
      this.#state = 'given up';
      log.error(
        {},
        'systemd wants to be told how pgrouted is, but there is no systemd-notify (it comes with systemd): install it, or write Type=exec and WatchdogSec=0 into a drop-in of the unit',
      );
      return;
    }
    if (!this.#failing) log.warn({ err: said, exitCode: code }, FAILING);
    this.#failing = true;
    this.#state = 'resting';
    outbox.lost();
    clock.after(this.#restMs, () => this.#begin());
    this.#restMs = Math.min(LONGEST_REST_MS, 2 * this.#restMs);
  }
}

function unref(stream: { readonly unref: unknown }): void {
  if (typeof stream.unref === 'function') stream.unref();
}
