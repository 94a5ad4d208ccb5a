// The .rpm, looked at with rpm's own tools and unpacked: the same files as the .deb's, what it asks for, what its scripts say; and rpm itself
// installs and removes it below a folder, without scripts, since no Red Hat system is here to run them.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Built, rpmArch, sha256 } from './built.ts';
import { mustOnHost, onHost } from './host.ts';
import { demand, type Sheet } from './sheet.ts';

const pathsBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .sort();

/** Where the two kinds of systems differ by their own custom; the rest must be the same. */
const debPlaceOf = (path: string): string => path.replace('/zsh/site-functions/', '/zsh/vendor-completions/');

const onlyHere = /^\/usr\/share\/(licenses|doc|lintian)\//;

export async function provesRpm(sheet: Sheet, { rpm, deb, arch, version }: Built, work: string): Promise<void> {
  const query = (...args: readonly string[]) => mustOnHost('rpm', ['--query', '--package', ...args, rpm]);
  await sheet.check('rpm reads it, and its digests are right', async () => {
    const { stdout } = await onHost('rpm', ['--checksig', '--verbose', rpm]);
    demand(/SHA256 digest: OK/.test(stdout) && !/BAD/.test(stdout), stdout);
    const name = await query('--queryformat', '%{NAME} %{VERSION} %{ARCH} %{LICENSE}');
    demand(name.startsWith(`pgrouted ${version.replace('-', '~')} ${rpmArch(arch)} `), name);
    return name;
  });
  await sheet.check('it asks for what the executable is linked to, and for no Node', async () => {
    const requires = (await query('--requires')).trim().split('\n');
    demand(
      requires.some((line) => /^(glibc|libc\.so\.6)/.test(line)),
      requires.join(', '),
    );
    demand(!requires.some((line) => /node|npm/i.test(line)), requires.join(', '));
    const libraries = requires.filter((line) => /^lib.*\.so/.test(line));
    const others = new Set(requires.filter((line) => !/^(lib.*\.so|rpmlib)/.test(line)));
    return `${libraries.length} symbol versions of libraries, ${[...others].join(', ')}`;
  });
  await sheet.check(
    'the configuration is kept over upgrades (%config(noreplace)) and is for root and the service',
    async () => {
      const flags = await query(
        '--queryformat',
        '[%{FILENAMES} %{FILEFLAGS:fflags} %{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME}\\n]',
      );
      const of = (path: string) => flags.split('\n').find((line) => line.startsWith(`${path} `)) ?? '';
      demand(/ cn 100640 root:pgrouted$/.test(of('/etc/pgrouted/pgrouted.yaml')), of('/etc/pgrouted/pgrouted.yaml'));
      const defaults = '/etc/default/pgrouted';
      demand(/ cn 100644 root:root$/.test(of(defaults)), of(defaults));
    },
  );
  await sheet.check('each of its scripts is one that sh can read', async () => {
    const scripts = await query('--scripts');
    const bodies = scripts.split(/^(?:\w+ scriptlet|trigger\w+ scriptlet) .*$/m).slice(1);
    demand(bodies.length >= 3, `it has ${bodies.length} scripts:\n${scripts}`);
    for (const body of bodies) await mustOnHost('sh', ['-n'], { input: body });
    return `${bodies.length} scripts`;
  });
  await sheet.check('unpacked, it has the files of the .deb, byte by byte', async () => {
    const here = join(work, 'rpm');
    const there = join(work, 'deb-of-rpm');
    mkdirSync(here);
    await mustOnHost('sh', ['-c', 'rpm2archive - < "$1" | tar -xz -C "$2"', 'unpack', rpm, here], {
      patienceMs: 300_000,
    });
    await mustOnHost('dpkg-deb', ['--extract', deb, there]);
    const ours = pathsBelow(here).filter((path) => !onlyHere.test(path));
    const theirs = pathsBelow(there).filter((path) => !onlyHere.test(path));
    demand(
      ours.map(debPlaceOf).sort().join('\n') === theirs.join('\n'),
      `of the .rpm: ${ours.join(' ')}\nof the .deb: ${theirs.join(' ')}`,
    );
    const different = ours.filter((path) => sha256(join(here, path)) !== sha256(join(there, debPlaceOf(path))));
    demand(different.length === 0, `they differ: ${different.join(' ')}`);
    return `${ours.length} files`;
  });
  await sheet.check('rpm installs it below a folder, verifies it, and removes it without a trace', async () => {
    const root = join(work, 'rpm-root');
    mkdirSync(root);
    // What this machine's rpm can't know: the libraries of a Red Hat system, and accounts that scripts would have made.
    const trust = ['--root', root, '--nodeps', '--noscripts', '--notriggers', '--ignorearch'];
    await mustOnHost('rpm', [...trust, '--install', rpm]);
    const { stdout } = await onHost('rpm', [
      '--root',
      root,
      '--verify',
      '--nodeps',
      '--noscripts',
      '--nouser',
      '--nogroup',
      'pgrouted',
    ]);
    demand(stdout === '', stdout);
    demand(readFileSync(join(root, 'usr/bin/pgrouted')).length > 0, 'there is no program');
    await mustOnHost('rpm', [...trust.filter((word) => word !== '--ignorearch'), '--erase', 'pgrouted']);
    const left = pathsBelow(root).filter((path) => path.includes('pgrout'));
    demand(left.length === 0, `left: ${left.join(' ')}`);
  });
}
