// What an executable that was just built is made of, for the licences in the packages and for the SBOM beside them.
// Builds nothing; asks the runtime itself for what it is made of.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { command } from './command.ts';
import { type Component, componentsOf, runtimeComponent } from './executable/components.ts';
import type { Executable } from './executable/executable.ts';
import { type Arch, hostArch, runtimeFolder, runtimeOf } from './executable/runtime.ts';
import { sbomText } from './executable/sbom.ts';
import type { Release } from './packages.ts';
import { projectRoot } from './stage.ts';

export interface Contents {
  /** What our program takes of others, bundled. */
  readonly components: readonly Component[];
  readonly runtime: Component;
  /** `process.versions` of the runtime: the same for every processor. */
  readonly runtimeParts: Readonly<Record<string, string>>;
}

/** Throws when something is bundled whose licence is not known. */
export async function contentsOf({ metafile, runtime }: Executable, arch: Arch): Promise<Contents> {
  const host = await runtimeOf(runtime, hostArch());
  const versions = await command(host, ['--print', 'JSON.stringify(process.versions)']);
  return {
    components: componentsOf(metafile, projectRoot),
    runtime: runtimeComponent(await runtimeFolder(runtime, arch)),
    runtimeParts: z.record(z.string(), z.string()).parse(JSON.parse(versions)),
  };
}

/** Writes the SBOM into `folder` and gives its path. Throws when it does not hold to CycloneDX's schema. */
export async function writeSbom(folder: string, release: Release, contents: Contents): Promise<string> {
  const file = join(folder, `pgrouted-${release.version}.cdx.json`);
  writeFileSync(file, await sbomText({ ...release, ...contents }));
  return file;
}
