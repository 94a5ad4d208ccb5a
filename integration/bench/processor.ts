// What processes have used of the processor, and which cores they may run on. By /proc and taskset (util-linux); of any process, ours or not.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The kernel's clock tick for CPU times, fixed by Linux for what /proc shows. */
const ticksPerSecond = 100;

/**
 * User and system time of a process so far, all its threads, in seconds. `withEnded`: and of its children that have ended and that it has
 * waited for, with theirs.
 */
export function cpuSecondsOf(pid: number, withEnded = false): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name stands in brackets and may itself hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, withEnded ? 15 : 13).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/** Resident memory now and its greatest value so far, in MiB. */
export function memoryOf(pid: number): { readonly rssMiB: number; readonly peakMiB: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (field: string): number =>
    Number((Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024).toFixed(1));
  return { rssMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
}

export interface Cores {
  /** For messages: `core 0 alone`. */
  readonly daemon: string;
  readonly others: string;
  /** Holds a process with all of its threads to the daemon's core. */
  readonly give: (pid: number) => void;
  /** Lets this process run everywhere again. */
  readonly release: () => void;
}

/**
 * Keeps one core for the program that is measured: this process, and whatever it starts from now on, stays on the others. With a single core, or
 * where taskset may not do that, nothing is held to anything.
 */
export function partCores(): Cores {
  const cores = availableParallelism();
  const hold = (pid: number, list: string): boolean =>
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', list, String(pid)], { stdio: 'ignore' }).status === 0;
  const others = cores === 2 ? '1' : `1-${cores - 1}`;
  if (cores < 2 || !hold(process.pid, others)) {
    return { daemon: 'any core', others: 'any core', give: () => {}, release: () => {} };
  }
  return {
    daemon: 'core 0 alone',
    others: cores === 2 ? 'core 1' : `cores ${others}`,
    give: (pid) => void hold(pid, '0'),
    release: () => void hold(process.pid, `0-${cores - 1}`),
  };
}
