// Runs the programs that packages are made with (dpkg-deb, rpmbuild, tar, readelf), each with an end to our patience.
// Never a shell: arguments reach the program as they are.
import { type ChildProcess, execFile } from 'node:child_process';

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

/** None of them outlives us, however we end. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Gives what it printed. Rejects with the end of what it said, and how to get a program that is missing. */
export function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { cwd, env = {}, patienceMs = 600_000 } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { cwd, env: { ...environment, ...env }, timeout: patienceMs, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        running.delete(child);
        if (error === null) resolve(stdout);
        else reject(new Error(trouble(program, error, `${stdout}${stderr}`, patienceMs), { cause: error }));
      },
    );
    running.add(child);
  });
}

function trouble(
  program: string,
  error: Error & { code?: unknown; killed?: boolean },
  said: string,
  patienceMs: number,
) {
  if (error.code === 'ENOENT') return `there is no ${program} here; \`npm run package\` installs it where apt-get is`;
  if (error.killed === true) return `${program} was not done after ${patienceMs / 1000} s and was ended`;
  return `${program} ended with ${String(error.code)}: ${said.trim().split('\n').slice(-15).join('\n')}`;
}
