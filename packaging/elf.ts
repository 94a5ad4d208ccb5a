// Which shared libraries an executable needs, and in which versions: read by readelf, which reads files for other processors too.
// Knows nothing of packages; deb/depends.ts and rpm/requires.ts say what they are called there.
import { command } from './command.ts';

/** A shared library, and the symbol versions (`GLIBC_2.28`) that are used of it, sorted. */
export interface NeededLibrary {
  readonly soname: string;
  readonly versions: readonly string[];
}

/** Throws when readelf can't read the file. */
export const neededLibraries = async (file: string): Promise<readonly NeededLibrary[]> =>
  fromReadelf(await command('readelf', ['--wide', '--dynamic', '--version-info', file]));

/** From what `readelf --wide --dynamic --version-info` prints. */
export function fromReadelf(text: string): readonly NeededLibrary[] {
  const versions = new Map<string, string[]>();
  for (const [, soname = ''] of text.matchAll(/\(NEEDED\).*\[(.+)\]/g)) versions.set(soname, []);
  // Only what is needed, not what the executable itself defines.
  const [, needs = ''] = /Version needs section([\s\S]*)/.exec(text) ?? [];
  let used: string[] | undefined;
  for (const [, soname, name] of needs.matchAll(/File: (\S+)|Name: (\S+)/g)) {
    if (soname !== undefined) used = versions.get(soname);
    else if (name !== undefined) used?.push(name);
  }
  return [...versions].map(([soname, all]) => ({ soname, versions: all.sort(byVersion) })).sort(bySoname);
}

const bySoname = (a: NeededLibrary, b: NeededLibrary): number => (a.soname < b.soname ? -1 : 1);

/** `GLIBC_2.9` before `GLIBC_2.28`. */
export function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
