// The same package as an older version, to upgrade from and to go back to: taken apart, given another version, put together again by dpkg-deb.
// What is in it stays, so that whatever an upgrade changes is the upgrade's doing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustOnHost } from './host.ts';

/** Older than any version that we may have. */
export const olderVersion = '0.0.1';

/** Writes it into `folder`, an existing one, and gives its path. */
export async function olderDeb(deb: string, folder: string): Promise<string> {
  const tree = join(folder, 'older');
  const to = join(folder, `pgrouted_${olderVersion}.deb`);
  await mustOnHost('dpkg-deb', ['--raw-extract', deb, tree]);
  const control = join(tree, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${olderVersion}`));
  await mustOnHost('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, to], { patienceMs: 180_000 });
  return to;
}
