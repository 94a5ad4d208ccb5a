// How much of the machine others used while something was measured. The load average can't tell them from us, and figures taken on a busy
// machine mean little.
import { readdirSync, readFileSync } from 'node:fs';

export interface MachineUse {
  /** Share of all cores, 0 to 1: what was busy and is not known to be of others. */
  readonly ours: number;
  readonly others: number;
}

interface Ticks {
  readonly busy: number;
  readonly total: number;
  /** Of all processes that do not descend from this one, with what their ended children used. */
  readonly others: number;
}

/** Begins to count; the function it gives tells what was used since. */
export function watchMachine(): () => MachineUse {
  const before = read();
  return () => {
    const after = read();
    const total = Math.max(1, after.total - before.total);
    const share = (ticks: number): number => Number(Math.max(0, ticks / total).toFixed(3));
    // Theirs are added up, and not ours: what a node used is counted nowhere once it is killed with its whole namespace.
    const others = Math.max(0, after.others - before.others);
    return { ours: share(after.busy - before.busy - others), others: share(others) };
  };
}

function read(): Ticks {
  const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/).map(Number);
  // user, nice, system, idle, iowait, irq, softirq, steal; guest times are in user already.
  const counted = fields.slice(0, 8);
  const total = counted.reduce((sum, ticks) => sum + ticks, 0);
  const idle = (counted[3] ?? 0) + (counted[4] ?? 0);
  return { busy: total - idle, total, others: ticksOfOthers() };
}

function ticksOfOthers(): number {
  const processes = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // The command's name stands in brackets and may itself hold blanks and brackets.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
      processes.set(Number(entry), { parent: Number(fields[1]), ticks });
    } catch {
      // It has ended.
    }
  }
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = processes.get(at)?.parent) {
      if (at === process.pid) return true;
    }
    return false;
  };
  return [...processes].reduce((sum, [pid, { ticks }]) => sum + (isOurs(pid) ? 0 : ticks), 0);
}
