// A Debian root as a machine: namespaces of its own, every change in memory, gone with its first process. Booted: its systemd is process 1,
// with a cgroup tree of its own, and units start as on any server. Not booted: a shell waits, as in a container.
//
// ┌ holder: mount namespace, tmpfs, overlay (root below, tmpfs above), a cgroup ──────────────────────┐
// │   └ process 1: mount, pid, net, ipc, uts (booted: cgroup) namespaces; the overlay is its root     │
// └ commands enter by nsenter; with `network` they keep this machine's net namespace, so apt works ───┘
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { endWithEverything, eventually, temporaryFolder } from '../lab/process.ts';
import { childrenOf, trySignal } from '../lab/process-table.ts';
import { type Outcome, type ProgramOptions, runProgram } from './run-program.ts';

export interface MachineOptions {
  /** The root below: an unpacked one. It is only read. */
  readonly root: string;
  readonly boot: boolean;
}

export interface RunOptions extends ProgramOptions {
  /** In the network of this machine instead of the box's own, which has a loopback interface only (up where systemd was booted). */
  readonly network?: boolean;
}

export interface Machine {
  readonly root: string;
  /** The machine's own files, as seen from here. Absolute links in it lead astray. */
  readonly files: string;
  /** What was changed, and only that: the overlay's upper folder. */
  readonly upper: string;
  /** A script for `sh`; how it ends is for the caller to judge. */
  readonly run: (script: string, options?: RunOptions) => Promise<Outcome>;
  /** As `run`; throws unless it ends with 0. Gives what it printed. */
  readonly must: (script: string, options?: RunOptions) => Promise<string>;
  /** What the machine said on its console. */
  readonly console: () => string;
  readonly close: () => Promise<void>;
}

const holder = `
set -eu
root=$1 work=$2 id=$3 boot=$4
mount -t tmpfs -o mode=755 tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root" "$work/cgroup"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" "$work/root"
if [ "$boot" = yes ]; then
  mount -t cgroup2 cgroup2 "$work/cgroup"
  mkdir "$work/cgroup/$id"
  echo $$ > "$work/cgroup/$id/cgroup.procs"
  cgroup=--cgroup
fi
code=0
setpriv --pdeathsig KILL -- unshare --mount --pid --net --ipc --uts \${cgroup-} --fork --kill-child=KILL \\
  sh -c "$5" init "$work/root" "$boot" "$id" || code=$?
if [ "$boot" = yes ]; then
  echo $$ > "$work/cgroup/cgroup.procs"
  find "$work/cgroup/$id" -depth -type d -exec rmdir {} +
fi
exit $code
`;

// Kernel interfaces as a container gets them. /sys is read-only, so that systemd leaves hardware alone.
const init = `
set -eu
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  : > dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
[ "$2" = no ] || mount -t cgroup2 cgroup2 sys/fs/cgroup
echo "$3" > run/pgrouted-proof
mkdir run/before
pivot_root . run/before
umount -l /run/before
rmdir /run/before
if [ "$2" = yes ]; then
  # Kernel modules are this machine's business, not the box's.
  mkdir -p /run/systemd/system
  ln -s /dev/null /run/systemd/system/systemd-modules-load.service
  exec env -i container=pgrouted-proof PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 SYSTEMD_LOG_TARGET=journal \\
    /lib/systemd/systemd --unit=multi-user.target
fi
# Waits for everybody's orphans, for ever.
while :; do sleep 3600 & wait; done
`;

/** Opens it; booted: waits until systemd has come up, whatever has failed meanwhile. */
export async function openMachine({ root, boot }: MachineOptions): Promise<Machine> {
  const folder = temporaryFolder();
  const id = `pgrouted-proof-${randomBytes(4).toString('hex')}`;
  const args = ['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--fork', '--kill-child=KILL', 'sh', '-c', holder];
  const child = spawn('setpriv', [...args, 'holder', root, folder.path, id, boot ? 'yes' : 'no', init], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const only = (pid: number): number => childrenOf(pid)[0] ?? Number.NaN;
  // unshare -> the holder's shell -> unshare -> process 1.
  const holderPid = () => only(child.pid ?? Number.NaN);
  const firstPid = () => only(only(holderPid()));
  const close = async () => {
    forget();
    const first = firstPid();
    if (first > 0) trySignal(first, 'SIGKILL');
    else child.kill('SIGKILL');
    await ended;
    folder.remove();
  };
  const forget = endWithEverything(close);

  const run: Machine['run'] = (script, options = {}) => {
    const pid = firstPid();
    const nets = options.network === true ? [] : ['--net'];
    const spaces = ['--mount', '--pid', '--ipc', '--uts', ...(boot ? ['--cgroup'] : []), ...nets];
    return runProgram(
      'nsenter',
      [`--target=${pid}`, ...spaces, '--root', '--wdns=/', '--', 'sh', '-c', script],
      {
        ...options,
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          LC_ALL: 'C.UTF-8',
          ...options.env,
        },
      },
      script,
    );
  };
  const must: Machine['must'] = async (script, options) => {
    const outcome = await run(script, options);
    if (outcome.code !== 0) throw new Error(outcome.told);
    return outcome.stdout;
  };
  // Until it has its own root, a command that enters it would be let loose on this machine's.
  const inside = `[ "$(cat /run/pgrouted-proof)" = ${id} ] && [ ! -e /run/before ]`;
  const booted = 'case $(systemctl is-system-running) in running|degraded) ;; *) exit 1;; esac';
  const up = boot ? `${inside} && ${booted}` : inside;
  try {
    await eventually(
      'the machine to come up',
      async () => {
        if (child.exitCode !== null) throw new Error(`it has ended: ${said}`);
        return firstPid() > 0 && (await run(up)).code === 0;
      },
      90_000,
      200,
    );
  } catch (error) {
    await close();
    throw new Error(`a machine on ${root} did not come up; its console: ${said}`, { cause: error });
  }
  return {
    root,
    files: `/proc/${firstPid()}/root`,
    upper: join(`/proc/${holderPid()}/root`, folder.path, 'upper'),
    run,
    must,
    console: () => said,
    close,
  };
}
