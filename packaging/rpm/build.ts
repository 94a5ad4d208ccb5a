// Makes the .rpm, by rpmbuild, for either processor. Needs no root: owners are written down by name.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Entry, rpmChangelog } from '../changelog.ts';
import { command } from '../command.ts';
import { compression, compressionPatienceMs } from '../compression.ts';
import { neededLibraries } from '../elf.ts';
import { layFiles } from '../files.ts';
import { archNames, rpmFile } from '../names.ts';
import { type Packing, putInPlace } from '../packing.ts';
import { scriptText } from '../scripts.ts';
import { requiresOf } from './requires.ts';
import { specText } from './spec.ts';

export interface RpmPacking extends Packing {
  readonly changelog: readonly Entry[];
  /** SPDX expression of everything that is in the executable. */
  readonly license: string;
}

const sections: readonly (readonly [string, string])[] = [
  ['%pre', 'pre.sh'],
  ['%post', 'post.sh'],
  ['%triggerin -- haproxy', 'triggerin-haproxy.sh'],
  ['%preun', 'preun.sh'],
  ['%postun', 'postun.sh'],
  ['%posttrans', 'posttrans.sh'],
];

/** Gives the path of the package. */
export function buildRpm(packing: RpmPacking): Promise<string> {
  const { arch, version, epoch, effort, files, changelog, license, to } = packing;
  return putInPlace(to, rpmFile(version, arch), async (work) => {
    const tree = join(work, 'tree');
    layFiles(files, tree, epoch);
    const spec = specText({
      version,
      files,
      requires: requiresOf(await neededLibraries(join(tree, 'usr/bin/pgrouted'))),
      license,
      changelog: rpmChangelog(changelog),
      scripts: new Map(
        sections.map(([section, file]) => [
          section,
          scriptText(fileURLToPath(new URL(`scripts/${file}`, import.meta.url))),
        ]),
      ),
    });
    const specFile = join(work, 'pgrouted.spec');
    writeFileSync(specFile, spec);
    const defines = [
      `_topdir ${join(work, 'top')}`,
      `_dbpath ${join(work, 'db')}`,
      `tree ${tree}`,
      `_binary_payload ${compression[effort].rpmPayload}`,
    ];
    await command(
      'rpmbuild',
      [
        '-bb',
        '--target',
        `${archNames[arch].rpm}-linux`,
        ...defines.flatMap((define) => ['--define', define]),
        specFile,
      ],
      { env: { SOURCE_DATE_EPOCH: String(epoch), HOME: work }, patienceMs: compressionPatienceMs },
    );
    return join(work, 'top/RPMS', archNames[arch].rpm, rpmFile(version, arch));
  });
}
