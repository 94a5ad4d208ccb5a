// The kernel's table of TCP connections as /proc shows it: a witness that no program's own account of its sessions, and no event loop, stands
// between. IPv4 on this machine only.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Numbers of the kernel's: data can still flow, or the connection is being made. */
const LIVE = new Set(['01', '02']);

/** How many live connections these processes have made to that port of 127.0.0.1. A process that has ended has none. */
export function connectionsTo(port: number, pids: readonly number[]): number {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set(pids.flatMap(socketsOf));
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , to, state, , , , , , inode]) => to === remote && LIVE.has(state ?? '') && inodes.has(inode ?? ''))
    .length;
}

/** The inodes of a process's sockets. */
function socketsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
