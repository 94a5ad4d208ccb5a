// Runs the programs that packages are made with (dpkg-deb, rpmbuild, tar, readelf), each with an end to our patience.
// Never a shell: arguments reach the program as they are.
import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is ended; default 10 minutes. */
  readonly patienceMs?: number;
}

/** What a child may know of our environment: no variable of the caller's may change what is packed. */
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
};

/** None of them outlives us, nor what they started in turn: each leads a process group of its own. */
const running = new Set<number>();
process.on('exit', () => {
  for (const group of running) kill(group);
});

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

/** Gives what it printed. Rejects with the end of what it said, and how to get a program that is missing. */
export function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { cwd, env = {}, patienceMs = 600_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const { pid } = child;
    let [printed, complained, late] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained += text;
    });
    const end = setTimeout(() => {
      late = true;
      if (pid !== undefined) kill(pid);
    }, patienceMs);
    child.once('error', (error) => {
      clearTimeout(end);
      reject(
        new Error(`${program}: ${error.message}; \`npm run package\` installs it where apt-get is`, { cause: error }),
      );
    });
    child.once('close', (code, signal) => {
      clearTimeout(end);
      if (pid !== undefined) running.delete(pid);
      const said = `${printed}${complained}`.trim().split('\n').slice(-15).join('\n');
      if (code === 0) resolve(printed);
      else if (late) reject(new Error(`${program} was not done after ${patienceMs / 1000} s and was ended: ${said}`));
      else reject(new Error(`${program} ended with ${code ?? signal}: ${said}`));
    });
    if (pid !== undefined) running.add(pid);
  });
}
