// On what a benchmark ran: machine, load, versions. Figures without it mean nothing.
import { spawnSync } from 'node:child_process';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';

export interface Environment {
  readonly at: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
}

const commands: readonly (readonly [string, string, readonly string[]])[] = [
  ['haproxy', '/usr/sbin/haproxy', ['-v']],
  ['etcd', 'etcd', ['--version']],
  ['patroni', 'patroni', ['--version']],
  ['postgresql', 'psql', ['--version']],
];

/** The first thing in a program's answer that looks like a version. */
function versionOf(command: string, args: readonly string[]): string {
  const { stdout } = spawnSync(command, [...args], { encoding: 'utf8' });
  return /\d+\.\d+[^\s,]*/.exec(stdout ?? '')?.[0] ?? 'not found';
}

export function environment(): Environment {
  const processors = cpus();
  return {
    at: new Date().toISOString(),
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: `${release()} ${arch()}`,
    versions: {
      node: process.versions.node,
      ...Object.fromEntries(commands.map(([name, command, args]) => [name, versionOf(command, args)])),
    },
  };
}

/** The load average of the last minute; a quiet machine of two cores begins well under 0.5. */
export const load = (): number => Number((loadavg()[0] ?? Number.NaN).toFixed(2));
