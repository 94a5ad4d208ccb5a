// The kernel's process table as /proc shows it: who is whose child, who runs what. For programs that we did not start ourselves.
import { readdirSync, readFileSync } from 'node:fs';

/** State and parent of a process; undefined when there is none. */
function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name stands in brackets and may itself hold blanks and brackets.
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

const everyPid = (): readonly number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);

export const childrenOf = (pid: number): readonly number[] =>
  everyPid().filter((candidate) => statOf(candidate)?.parent === pid);

/** A process that has ended, also one that nobody has waited for yet. */
export const isGone = (pid: number): boolean => ['Z', 'X'].includes(statOf(pid)?.state ?? 'X');

/** Processes whose command line, as a list of words, satisfies `matches`. */
export function processesWhere(matches: (words: readonly string[]) => boolean): readonly number[] {
  return everyPid().filter((pid) => {
    try {
      return matches(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
    } catch {
      return false;
    }
  });
}

/** Sends a signal; a process that has ended meanwhile is fine. */
export function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
