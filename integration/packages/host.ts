// Programs of this machine that packages are looked at with: dpkg-deb, rpm, lintian, systemd-analyze, tar.
// Each has its time; how it ended is told with what it said.
import { type Outcome, type ProgramOptions, runProgram } from './run-program.ts';

const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/** Runs it; how it ends is for the caller to judge. */
export const onHost = (command: string, args: readonly string[], options: ProgramOptions = {}): Promise<Outcome> =>
  runProgram(command, args, { ...options, env: { ...environment, ...options.env } }, [command, ...args].join(' '));

/** Gives what it printed; throws unless it ended with 0. */
export async function mustOnHost(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const outcome = await onHost(command, args, options);
  if (outcome.code !== 0) throw new Error(outcome.told);
  return outcome.stdout;
}
