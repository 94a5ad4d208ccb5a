// Makes the .tar.gz, for machines with neither dpkg nor rpm: the tree, and scripts that lay it down and take it away.
// Needs no root: tar writes every file as root's.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';
import { compression, compressionPatienceMs } from './compression.ts';
import { type InstalledFile, isConfiguration, layFiles, text } from './files.ts';
import { archiveName } from './names.ts';
import { type Packing, putInPlace } from './packing.ts';
import { scriptText } from './scripts.ts';

/** What the scripts work through, as `MODE PATH`: files, and those that are the administrator's once they are there. */
const lists = (files: readonly InstalledFile[]): readonly InstalledFile[] => [
  text('files', listOf(files.filter((file) => !isConfiguration(file)))),
  text('configuration', listOf(files.filter(isConfiguration))),
];

const listOf = (files: readonly InstalledFile[]): string =>
  files.map(({ mode, path }) => `${mode.toString(8).padStart(4, '0')} ${path}\n`).join('');

const ownFile = (name: string): string => scriptText(fileURLToPath(new URL(`archive/${name}`, import.meta.url)));

/** Gives the path of the archive. */
export function buildArchive({ arch, version, epoch, effort, files, to }: Packing): Promise<string> {
  const name = archiveName(version, arch);
  return putInPlace(to, `${name}.tar.gz`, async (work) => {
    const below = files.map((file) => ({ ...file, path: `tree/${file.path}` }));
    const scripts = ['install.sh', 'uninstall.sh'].map((script) => text(script, ownFile(script), 0o755));
    layFiles([text('INSTALL', ownFile('INSTALL')), ...scripts, ...lists(files), ...below], join(work, name), epoch);
    const made = join(work, 'made.tar.gz');
    await command(
      'tar',
      [
        ...['--create', '--file', made, '--directory', work, '--format=gnu', '--sort=name', `--mtime=@${epoch}`],
        ...['--owner=root:0', '--group=root:0', '--use-compress-program', `gzip -${compression[effort].gzipLevel}n`],
        name,
      ],
      { patienceMs: compressionPatienceMs },
    );
    return made;
  });
}
