// Fresh Debian systems as folders: debootstrap and apt once, kept as a tarball below .tools/roots, unpacked for each run.
// Nothing that is unpacked is ever packed again: each run starts from what Debian delivers.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isRoot } from '../lab/process.ts';
import { aptMirror } from './apt-mirror.ts';

const execFileAsync = promisify(execFile);

export type Suite = 'bookworm' | 'trixie';

export interface RootRecipe {
  readonly suite: Suite;
  /** For the name of the tarball: `bare`, `server`. */
  readonly name: string;
  /** Besides Debian's minimal system (`debootstrap --variant=minbase`), without what they recommend. Their services are not started. */
  readonly packages: readonly string[];
}

const kept = fileURLToPath(new URL('../../.tools/roots', import.meta.url));

/** One shell for all of it, in namespaces of its own: it leaves no mount and no process, however it ends. */
const inNamespaces = ['--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];

/** Debian's minimal system, which reaches its mirror as this machine does. */
const bareScript = `
set -eu
suite=$1 root=$2 mirror=$3
case $mirror in https:*) include=--include=ca-certificates;; *) include=;; esac
debootstrap --variant=minbase $include "$suite" "$root" "$mirror"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$root.apt" "$root/etc/apt/apt.conf.d/01mirror"
[ -z "$include" ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
chroot "$root" apt-get -q update
chroot "$root" apt-get clean
tar -C "$root" --numeric-owner --one-file-system -cf - . | gzip -1 > "$root.tar.gz"
`;

/** More packages in a bare one, none of whose services is started. */
const moreScript = `
set -eu
root=$1 bare=$2
shift 2
mkdir "$root"
tar -C "$root" --numeric-owner -xpf "$bare"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
printf '#!/bin/sh\\nexit 101\\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" apt-get -q update
chroot "$root" apt-get -q -y --no-install-recommends install "$@"
chroot "$root" apt-get clean
rm "$root/usr/sbin/policy-rc.d"
umount "$root/proc"
tar -C "$root" --numeric-owner --one-file-system -cf - . | gzip -1 > "$root.tar.gz"
`;

const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };

function proxies(): Readonly<Record<string, string>> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name] ?? '']] : [])));
}

const tarballOf = ({ suite, name, packages }: RootRecipe): string => {
  const scripts = packages.length === 0 ? [bareScript] : [bareScript, moreScript];
  const recipe = createHash('sha256')
    .update(JSON.stringify([...scripts, suite, packages]))
    .digest('hex')
    .slice(0, 8);
  return join(kept, `${suite}-${name}-${recipe}.tar.gz`);
};

/** Gives the tarball of a root, making it first where that was never done. */
async function tarball(recipe: RootRecipe, say: (text: string) => void): Promise<string> {
  const to = tarballOf(recipe);
  if (existsSync(to)) return to;
  const { suite, name, packages } = recipe;
  const mirror = aptMirror();
  const bare = packages.length === 0 ? undefined : await tarball({ suite, name: 'bare', packages: [] }, say);
  say(`making a root of Debian ${suite} (${name}) from ${mirror.url}; it is kept below .tools/roots`);
  mkdirSync(kept, { recursive: true });
  const work = mkdtempSync(join(kept, '.making-'));
  const root = join(work, 'root');
  try {
    writeFileSync(`${root}.apt`, mirror.configuration);
    const script =
      bare === undefined
        ? [bareScript, 'bare', suite, root, mirror.url]
        : [moreScript, 'more', root, bare, ...packages];
    await execFileAsync('setpriv', ['--pdeathsig', 'KILL', '--', 'unshare', ...inNamespaces, 'sh', '-c', ...script], {
      env: { ...environment, ...proxies() },
      timeout: 15 * 60_000,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
    });
    renameSync(`${root}.tar.gz`, to);
    return to;
  } catch (error) {
    throw new Error(`a root of Debian ${suite} could not be made from ${mirror.url}: ${lastWords(error)}`, {
      cause: error,
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const lastWords = (error: unknown): string =>
  (typeof error === 'object' && error !== null && 'stdout' in error && 'stderr' in error
    ? `${String(error.stdout)}\n${String(error.stderr)}`
    : String(error)
  )
    .trim()
    .split('\n')
    .slice(-15)
    .join('\n');

/**
 * Unpacks a root into `folder`, a new one; makes and keeps it first where that was never done (a minute or two, from apt's mirror).
 * Throws when this is not root: owners and device files can't be made then.
 */
export async function unpackRoot(
  recipe: RootRecipe,
  folder: string,
  say: (text: string) => void = () => {},
): Promise<void> {
  if (!isRoot()) throw new Error('Debian roots can be made only by root: run this command as root, or with sudo');
  const from = await tarball(recipe, say);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  await execFileAsync('tar', ['-C', folder, '--numeric-owner', '-xpf', from], { timeout: 5 * 60_000 });
  // Names are resolved as this machine does it now, not as it did when the root was made.
  copyFileSync('/etc/resolv.conf', join(folder, 'etc/resolv.conf'));
  // As Debian's installer writes it; debootstrap does not.
  writeFileSync(join(folder, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
}

/** A new folder for roots; below TMPDIR. Removed by the caller. */
export const rootsFolder = (): string => mkdtempSync(join(tmpdir(), 'pgrouted-roots-'));
