// Where this machine's apt gets Debian from: the same mirror, proxy and authorities serve the roots that packages are proved in.
// Never names a host of its own: a machine whose apt knows no Debian mirror is told so.
import { execFileSync } from 'node:child_process';

export interface AptMirror {
  /** The archive's address as apt has it, with a slash at its end. */
  readonly url: string;
  /** Lines of apt's configuration that a root needs to reach it as this machine does: proxies. */
  readonly configuration: string;
}

/** The mirror of Debian's own archive, out of what `apt-get indextargets` prints (address, origin and label, a tab between them). */
export function mirrorIn(targets: string): string | undefined {
  const rows = targets.split('\n').map((line) => line.split('\t'));
  return rows.find(([url, origin, label]) => url !== undefined && origin === 'Debian' && label === 'Debian')?.[0];
}

const output = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** Throws when apt knows no mirror of Debian, or has never read its lists. */
export function aptMirror(): AptMirror {
  const format = '$(REPO_URI)\t$(ORIGIN)\t$(LABEL)';
  const url = mirrorIn(output('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']));
  if (url === undefined)
    throw new Error(
      'apt of this machine has read no list of a Debian mirror; run "apt-get update", on Debian, and try again',
    );
  const configuration = output('apt-config', ['dump'])
    .split('\n')
    .filter((line) => /^Acquire::https?::Proxy/i.test(line))
    .join('\n');
  return { url, configuration: `${configuration}\n` };
}
