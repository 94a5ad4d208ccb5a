// Runs a program to its end, or until its time is over, or until everything is told to end; and tells all about it.
// Never throws for how it ended: that is for the caller to judge.
import { spawn } from 'node:child_process';
import { endWithEverything } from '../lab/process.ts';

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default 2 minutes; then it is killed, which counts as a failure. */
  readonly patienceMs?: number;
  readonly input?: string;
  readonly cwd?: string;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it was, how it ended and what it said last, for messages. */
  readonly told: string;
}

/** How long a program that is told to end may clear up. */
const farewellMs = 5_000;

/** `what` names it in messages. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
  what: string,
): Promise<Outcome> {
  const { env, cwd, input = '', patienceMs = 120_000 } = options;
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  let late = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // Whoever does not read its input gives EPIPE: no matter.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const kill = () => {
    child.kill('SIGKILL');
    // Its own children may hold these open.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const timer = setTimeout(() => {
    late = ` (killed after ${patienceMs / 1000} s)`;
    kill();
  }, patienceMs);
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      stderr += error.message;
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 137));
  });
  const forget = endWithEverything(async () => {
    child.kill('SIGTERM');
    const last = setTimeout(kill, farewellMs);
    await ended;
    clearTimeout(last);
  });
  return ended.then((code) => {
    clearTimeout(timer);
    forget();
    const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-25).join('\n');
    return { code, stdout, stderr, told: `"${what.trim()}" ended with ${code}${late}:\n${words}` };
  });
}
