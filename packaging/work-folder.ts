// Where a package is put together: beside where it is put, since /tmp may be small, and gone when this process ends, however it ends.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder in `to`, which is made where it is not there. */
export function workFolder(to: string): string {
  mkdirSync(to, { recursive: true });
  const folder = mkdtempSync(join(to, '.work-'));
  folders.add(folder);
  return folder;
}

/** Takes away what a process that was killed has left in `to`. */
export function clearWorkFolders(to: string): void {
  for (const name of readdirSync(to))
    if (name.startsWith('.work-')) rmSync(join(to, name), { recursive: true, force: true });
}
