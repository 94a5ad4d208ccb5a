// A Docker engine of our own: dockerd in namespaces of its own, with images, containers and a socket below one folder. Everything that it has started ends with
// it, and so does its network. Never asks, and never disturbs, an engine that runs on this machine already.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, startProgram } from '../lab/process.ts';
import { childrenOf, trySignal } from '../lab/process-table.ts';
import { type Outcome, runProgram } from '../packages/run-program.ts';

export interface EngineOptions {
  /** An existing folder with a short path, for the socket and the log. */
  readonly folder: string;
  /** Where images and volumes are kept. */
  readonly images: string;
  /**
   * `machine`: that of this machine, without bridges and without a change to it: for building, which fetches packages. `own`: one that nobody else sees
   * and that leads nowhere: for running.
   */
  readonly network: 'machine' | 'own';
}

export interface Engine {
  /** `unix:///...`, for DOCKER_HOST. */
  readonly host: string;
  /** Asks its API by curl: a path and curl's arguments. */
  readonly ask: (path: string, ...args: readonly string[]) => Promise<Outcome>;
  readonly stop: () => Promise<void>;
}

const script = `
set -eu
mount --make-rprivate /
network=$1
shift
if [ "$network" = own ]; then
  ip link set lo up
else
  set -- "$@" --bridge none --iptables=false --ip-forward=false --ip-masq=false
fi
exec dockerd "$@"
`;

/** Starts it and waits until it answers. Throws, with the end of its log, where the kernel or our rights don't let it run. */
export async function startEngine({ folder, images, network }: EngineOptions): Promise<Engine> {
  const id = `pgrouted-compose-${randomBytes(4).toString('hex')}`;
  const socket = join(folder, 'docker.sock');
  const spaces = ['--mount', '--pid', '--mount-proc', ...(network === 'own' ? ['--net'] : [])];
  const program = startProgram({
    name: 'dockerd',
    command: 'unshare',
    args: [
      ...[...spaces, '--fork', '--kill-child=KILL', 'sh', '-c', script, 'engine', network],
      ...['--host', `unix://${socket}`, '--data-root', images, '--exec-root', join(folder, 'run')],
      ...['--pidfile', join(folder, 'docker.pid'), '--cgroup-parent', id, '--log-level', 'warn'],
    ],
    logFile: join(folder, `dockerd-${network}.log`),
  });
  const stop = async () => {
    // unshare itself passes no signal on.
    for (const pid of childrenOf(program.pid)) trySignal(pid, 'SIGTERM');
    await program.stop('SIGTERM', 20_000);
    await removeGroups(id);
    for (const name of ['docker.sock', 'docker.pid', 'run'])
      rmSync(join(folder, name), { recursive: true, force: true });
  };
  const ask: Engine['ask'] = (path, ...args) =>
    runProgram(
      'curl',
      ['--silent', '--show-error', '--fail-with-body', '--unix-socket', socket, `http://engine${path}`, ...args],
      { patienceMs: 120_000 },
      `curl ${path}`,
    );
  try {
    await eventually(
      'the engine to answer',
      async () => {
        if (!program.running()) throw new Error(`dockerd has ended: ${program.log().slice(-2_000)}`);
        return (existsSync(socket) && (await ask('/_ping')).code === 0) || undefined;
      },
      40_000,
      200,
    );
  } catch (error) {
    await stop();
    throw new Error(`no Docker engine can run here: ${program.log().trim().split('\n').at(-1)}`, { cause: error });
  }
  return { host: `unix://${socket}`, ask, stop };
}

/** The control groups of its containers, of either version: nobody else takes them away. What was killed may need an instant to be gone from them. */
async function removeGroups(id: string): Promise<void> {
  const top = '/sys/fs/cgroup';
  for (const parent of [top, ...folders(top)]) {
    const group = join(parent, id);
    if (existsSync(group)) await eventually(`${group} to be empty`, () => removeGroup(group), 10_000);
  }
}

/** Throws while a process is in it, or in one below it. */
function removeGroup(group: string): true {
  for (const inner of folders(group)) removeGroup(inner);
  rmdirSync(group);
  return true;
}

const folders = (parent: string): readonly string[] =>
  existsSync(parent)
    ? readdirSync(parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(parent, name))
    : [];
