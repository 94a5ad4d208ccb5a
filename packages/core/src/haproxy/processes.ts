// Whether a process is there. A HAProxy worker out of reach has ended its sessions when its process is gone, and nothing else shows that.
import { readFileSync } from 'node:fs';

/** Whether a process has this id, in our own pid namespace. One that waits to be reaped is gone: it has no connections any more. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (err) {
    // It is there and belongs to somebody else.
    if (!(err instanceof Error && 'code' in err && err.code === 'EPERM')) return false;
  }
  return !waitsToBeReaped(pid);
}

function waitsToBeReaped(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it stands in brackets and may hold anything.
    return ['Z', 'X'].includes(text.slice(text.lastIndexOf(')') + 2).charAt(0));
  } catch {
    return false;
  }
}
