// Makes every kind of package around an executable that is there already. One place, so that proofs and `npm run package` make the same bytes.
// Builds no executable and knows no command line.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildArchive } from './archive.ts';
import { type Entry, entriesOf } from './changelog.ts';
import type { Effort } from './compression.ts';
import { type Bundled, copyrightText, licenseOf } from './copyright.ts';
import { buildDeb } from './deb/build.ts';
import type { Arch } from './executable/runtime.ts';
import { layFiles } from './files.ts';
import type { Packing } from './packing.ts';
import { buildRpm } from './rpm/build.ts';
import { type Flavour, installedFiles, type Parts, projectFile } from './stage.ts';
import { texts } from './texts/texts.ts';

/** What is packed: the same as of scripts/origin.mjs, so that another version can be packed to try an upgrade. */
export interface Release {
  readonly version: string;
  readonly commit: string;
  /** Unix time in seconds: the date of everything in a package. */
  readonly epoch: number;
}

export interface PackageOptions {
  readonly arch: Arch;
  readonly release: Release;
  readonly effort: Effort;
  /** The path of the executable for this processor. */
  readonly executable: string;
  /** What it is made of besides our own program. */
  readonly bundled: readonly Bundled[];
  /** The folder of the packages: `dist`. */
  readonly to: string;
}

interface Ingredients extends PackageOptions {
  readonly parts: Parts;
  readonly changelog: readonly Entry[];
}

const ingredientsOf = (options: PackageOptions): Ingredients => {
  const { release, executable, bundled } = options;
  const changelog = entriesOf(projectFile('CHANGELOG.md'), release);
  const date = new Date(release.epoch * 1000);
  const parts = {
    executable,
    texts: texts({ version: release.version, date }),
    changelog,
    copyright: copyrightText(bundled),
  };
  return { ...options, parts, changelog };
};

const makers: Readonly<Record<Flavour, (packing: Packing, ingredients: Ingredients) => Promise<string>>> = {
  deb: buildDeb,
  rpm: (packing, { changelog, bundled }) => buildRpm({ ...packing, changelog, license: licenseOf(bundled) }),
  tar: buildArchive,
};

/** Makes one package and gives its path. The same options give the same bytes. */
export function makePackage(flavour: Flavour, options: PackageOptions): Promise<string> {
  const { arch, release, effort, to } = options;
  const ingredients = ingredientsOf(options);
  const files = installedFiles(flavour, ingredients.parts);
  const packing = { arch, version: release.version, epoch: release.epoch, effort, files, to };
  return makers[flavour](packing, ingredients);
}

/** Lays down the tree as the .deb installs it, in place of what was there, to look at and to take the executable from. Gives its path. */
export function layStage(options: PackageOptions): string {
  const folder = join(options.to, 'stage', options.arch);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  layFiles(installedFiles('deb', ingredientsOf(options).parts), folder, options.release.epoch);
  return folder;
}
