// A machine in a box: programs that live in one PID namespace and die with it, all at once, like a server whose power is cut.
// Patroni starts PostgreSQL in a session of its own, where no signal to Patroni's group reaches it; a namespace leaves nobody out.
//
// The box's first process is a small shell that starts what it is told to on its standard input. At the end of that input, which also
// comes when the starter is killed, everything in the box ends. Where namespaces are not allowed, the shell does that by process ids.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { endWithEverything, isRoot } from './process.ts';
import { childrenOf, trySignal } from './process-table.ts';

export interface BoxOptions {
  /** Programs run as this user when we are root. */
  readonly user: string;
  /** Standard output and error of everything in the box are appended here. */
  readonly logFile: string;
  /** PostgreSQL's `postmaster.pid`: tells the shell which process Patroni started, and which shared memory that guards its data with. */
  readonly pidFile: string;
  /** Default: a namespace where the kernel allows one. */
  readonly isolation?: Isolation;
}

/** `namespace`: the kernel ends the box as one. `plain`: its processes are ended one by one. */
export type Isolation = 'namespace' | 'plain';

export interface Box {
  readonly isolation: Isolation;
  readonly running: () => boolean;
  /** Starts a program in the box. No shell reads its arguments. */
  readonly start: (command: string, args: readonly string[]) => void;
  /** Cuts the power. Settles when the box has ended; in a plain one, children of PostgreSQL may need an instant more. */
  readonly kill: () => Promise<void>;
}

const shell = `
while read -r line; do eval "exec $line" </dev/null & done
[ $$ = 1 ] && exit
segment=$(sed -n '7s/.* //p' "$1")
kill -KILL $(jobs -p) $(head -n 1 "$1")
[ -z "$segment" ] || until ipcrm -m "$segment" || ! ipcs -m -i "$segment"; do sleep 0.1; done
`;

/** Ways into a new PID namespace, as root and as a normal user; the first that the kernel allows is taken. */
const waysIn: readonly (readonly string[])[] = [
  ['--pid', '--ipc', '--mount-proc', '--fork', '--kill-child=KILL'],
  ['--user', '--map-current-user', '--pid', '--ipc', '--mount-proc', '--fork', '--kill-child=KILL'],
];

const wayIn = waysIn.find((flags) => spawnSync('unshare', [...flags, 'true'], { stdio: 'ignore' }).status === 0);

export function openBox(options: BoxOptions): Box {
  const way = options.isolation === 'plain' ? undefined : wayIn;
  const user = isRoot() ? ['--reuid', options.user, '--regid', options.user, '--init-groups'] : [];
  const init = ['bash', '-c', shell, 'box', options.pidFile];
  // Changing the user clears the death signal, so that it is set last; without a namespace the shell must outlive its starter to clear up.
  const command =
    way === undefined
      ? ['setpriv', ...user, '--', ...init]
      : ['unshare', ...way, 'setpriv', ...user, '--pdeathsig', 'KILL', '--', ...init];
  const out = openSync(options.logFile, 'a', 0o644);
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['pipe', out, out],
    cwd: '/',
    // A terminal's Ctrl-C is for the starter alone: it decides in which order things end.
    detached: true,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  });
  closeSync(out);
  return controls(child, way === undefined ? 'plain' : 'namespace');
}

function controls(child: ChildProcess, isolation: Isolation): Box {
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  // Writing to a box that has just ended is no error of ours: `running` tells.
  child.stdin?.on('error', () => {});
  const kill = async () => {
    if (isolation === 'namespace') {
      // The shell is process 1 in there. Its parent, unshare, ends after the kernel has ended everything.
      for (const pid of child.pid === undefined ? [] : childrenOf(child.pid)) trySignal(pid, 'SIGKILL');
    }
    child.stdin?.end();
    await exited;
  };
  const forget = endWithEverything(kill);
  void exited.then(forget);
  return {
    isolation,
    running: () => !ended,
    start: (command, args) => {
      child.stdin?.write(`${[command, ...args].map(quote).join(' ')}\n`);
    },
    kill,
  };
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
