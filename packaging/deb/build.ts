// Makes the .deb, by dpkg-deb. Needs no root: dpkg-deb writes every file as root's.
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from '../command.ts';
import { compression, compressionPatienceMs } from '../compression.ts';
import { neededLibraries } from '../elf.ts';
import { foldersOf, type InstalledFile, isConfiguration, layFiles, text } from '../files.ts';
import { debFile } from '../names.ts';
import { type Packing, putInPlace } from '../packing.ts';
import { scriptText } from '../scripts.ts';
import { conffilesText, controlText, installedKiB, triggersText } from './control.ts';
import { dependsOf } from './depends.ts';

const scripts = ['preinst', 'postinst', 'prerm', 'postrm'];

/** Gives the path of the package. */
export const buildDeb = ({ arch, version, epoch, effort, files, to }: Packing): Promise<string> =>
  putInPlace(to, debFile(version, arch), async (work) => {
    const tree = join(work, 'tree');
    layFiles(files, tree, epoch);
    const regular = files.filter(({ content }) => content.kind !== 'link');
    const sizes = regular.map(({ path }) => lstatSync(join(tree, path)).size);
    const others = foldersOf(files).length + files.length - regular.length;
    const depends = dependsOf(await neededLibraries(join(tree, 'usr/bin/pgrouted')));
    const control = { version, arch, depends, installedKiB: installedKiB(sizes, others) };
    const about = [
      text('control', controlText(control)),
      text('conffiles', conffilesText(files)),
      text('triggers', triggersText),
      text(
        'md5sums',
        regular
          .filter((file) => !isConfiguration(file))
          .map(sumIn(tree))
          .join(''),
      ),
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
    return made;
  });

/** A line of the file `md5sums`. */
const sumIn =
  (tree: string) =>
  ({ path }: InstalledFile): string =>
    `${createHash('md5')
      .update(readFileSync(join(tree, path)))
      .digest('hex')}  ${path}\n`;
