// The world as a command sees it, handed in by main.ts: output, environment, terminal, interruption. Tests hand in their own.
import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import type { Clock } from '@pgrouted/core/model/clock';
import { type Millis, millis } from '@pgrouted/core/model/units';
import type { Look } from './render/text.ts';

export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly input: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined: output is no terminal. */
  readonly columns: number | undefined;
  /** Standard error is a terminal: a line there may be written over. */
  readonly errIsTerminal: boolean;
  readonly clock: Clock;
  /** Aborted by Ctrl-C or SIGTERM: end cleanly. */
  readonly interrupted: AbortSignal;
}

/** Where output is no terminal: wide enough for reasons on one line, narrow enough for a ticket. */
const pipeWidth = 100;

/** Colour only on a terminal that can show it, and never against the wish in NO_COLOR (no-color.org: any value but empty). */
export function lookOf({ columns, env }: Io): Look {
  const asked = Number(env['COLUMNS'] ?? '');
  const width = columns ?? (Number.isInteger(asked) && asked > 0 ? asked : pipeWidth);
  const noColour = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return { width: Math.max(40, width), colour: columns !== undefined && !noColour };
}

/** Node runs a timer with a longer delay at once. */
const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: (): Millis => millis(performance.now()),
  wall: () => new Date(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, longestDelayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs`, or at once when the user interrupts. */
export function pause(io: Io, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (io.interrupted.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      io.interrupted.removeEventListener('abort', done);
      resolve();
    };
    const timer = io.clock.after(delayMs, done);
    io.interrupted.addEventListener('abort', done);
  });
}
