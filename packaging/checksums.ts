// SHA256SUMS: of every package of one version that lies in a folder, whenever it was made, in the form that `sha256sum --check` reads.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { arches } from './executable/runtime.ts';
import { archiveName, debFile, rpmFile } from './names.ts';

/** What may lie in `dist/` of a version. */
export const distributed = (version: string): readonly string[] =>
  [
    ...arches.flatMap((arch) => [
      debFile(version, arch),
      rpmFile(version, arch),
      `${archiveName(version, arch)}.tar.gz`,
    ]),
    `pgrouted-${version}.cdx.json`,
  ].sort();

/** Gives the path of the file. */
export function writeChecksums(folder: string, version: string): string {
  const file = join(folder, 'SHA256SUMS');
  const lines = distributed(version)
    .filter((name) => existsSync(join(folder, name)))
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(file, lines.join(''));
  return file;
}
