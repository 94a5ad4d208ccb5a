// What every kind of package has in common: what it is made from, and that it takes its place only when it is complete.
// Knows no format.
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Effort } from './compression.ts';
import type { Arch } from './executable/runtime.ts';
import type { InstalledFile } from './files.ts';
import { workFolder } from './work-folder.ts';

export interface Packing {
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

/** Has `make` put a package together in a folder of its own, which goes away then, and gives it the name in `to`. `make` gives the path of what it made. */
export async function putInPlace(to: string, name: string, make: (work: string) => Promise<string>): Promise<string> {
  const work = workFolder(to);
  try {
    const place = join(to, name);
    renameSync(await make(work), place);
    return place;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
