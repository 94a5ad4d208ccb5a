// Makes the .deb, by dpkg-deb. Needs no root: dpkg-deb writes every file as root's.
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from '../command.ts';
import { compression, compressionPatienceMs, type Effort } from '../compression.ts';
import { neededLibraries } from '../elf.ts';
import type { Arch } from '../executable/runtime.ts';
import { foldersOf, type InstalledFile, isConfiguration, layFiles, text } from '../files.ts';
import { debFile } from '../names.ts';
import { scriptText } from '../scripts.ts';
import { workFolder } from '../work-folder.ts';
import { conffilesText, controlText, installedKiB, triggersText } from './control.ts';
import { dependsOf } from './depends.ts';

export interface DebOptions {
  readonly arch: Arch;
  readonly version: string;
  /** Unix time in seconds: the date of everything in it. */
  readonly epoch: number;
  readonly effort: Effort;
  /** What is installed, the executable at `usr/bin/pgrouted` among it. */
  readonly files: readonly InstalledFile[];
  /** The folder to put it into. */
  readonly to: string;
}

const scripts = ['preinst', 'postinst', 'prerm', 'postrm'];

/** Gives the path of the package. */
export async function buildDeb({ arch, version, epoch, effort, files, to }: DebOptions): Promise<string> {
  const work = workFolder(to);
  try {
    const tree = join(work, 'tree');
    layFiles(files, tree, epoch);
    const regular = files.filter(({ content }) => content.kind !== 'link');
    const sizes = regular.map(({ path }) => lstatSync(join(tree, path)).size);
    const others = foldersOf(files).length + files.length - regular.length;
    const depends = dependsOf(await neededLibraries(join(tree, 'usr/bin/pgrouted')));
    const control = { version, arch, depends, installedKiB: installedKiB(sizes, others) };
    const sums = regular
      .filter((file) => !isConfiguration(file))
      .map(
        ({ path }) =>
          `${createHash('md5')
            .update(readFileSync(join(tree, path)))
            .digest('hex')}  ${path}\n`,
      );
    const about = [
      text('control', controlText(control)),
      text('conffiles', conffilesText(files)),
      text('triggers', triggersText),
      text('md5sums', sums.join('')),
      ...scripts.map((name) =>
        text(name, scriptText(fileURLToPath(new URL(`scripts/${name}`, import.meta.url))), 0o755),
      ),
    ];
    layFiles(about, join(tree, 'DEBIAN'), epoch);
    const made = join(work, 'pgrouted.deb');
    // One thread: with several, how the data is cut into blocks would depend on the machine.
    await command('dpkg-deb', ['--root-owner-group', ...compression[effort].debArgs, '--build', tree, made], {
      env: { SOURCE_DATE_EPOCH: String(epoch), DPKG_DEB_THREADS_MAX: '1' },
      patienceMs: compressionPatienceMs,
    });
    const deb = join(to, debFile(version, arch));
    renameSync(made, deb);
    return deb;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
