// The scripts of the packages: each stands in a file of its own, and takes what it shares with others from scriptlets/ by a line `#include NAME`.
// So an installed script is complete, and what an administrator reads below /var/lib/dpkg/info is what runs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const shared = fileURLToPath(new URL('scriptlets', import.meta.url));

/** The text of a script with what it includes. Throws when a file is not there. */
export function scriptText(file: string): string {
  return readFileSync(file, 'utf8').replace(/^#include (\S+)\n/gm, (_, name: string) =>
    readFileSync(join(shared, name), 'utf8'),
  );
}
