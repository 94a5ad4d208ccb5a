// Files as they are to be installed: path, rights, and where the content comes from. They are values, so that each kind of package is made from the
// same list, and a test can look at it without building anything.
import { chmodSync, copyFileSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export type Content =
  | { readonly kind: 'text'; readonly text: string }
  /** Compressed as `gzip -9n` does it: without name and date. */
  | { readonly kind: 'gzip'; readonly text: string }
  | { readonly kind: 'copy'; readonly from: string }
  /** A symbolic link, to a name beside it. */
  | { readonly kind: 'link'; readonly to: string };

export interface InstalledFile {
  /** Without the leading slash: `usr/bin/pgrouted`. */
  readonly path: string;
  readonly mode: number;
  readonly content: Content;
}

export const text = (path: string, content: string, mode = 0o644): InstalledFile => ({
  path,
  mode,
  content: { kind: 'text', text: content },
});

export const compressed = (path: string, content: string): InstalledFile => ({
  path: `${path}.gz`,
  mode: 0o644,
  content: { kind: 'gzip', text: content },
});

export const copied = (path: string, from: string, mode = 0o644): InstalledFile => ({
  path,
  mode,
  content: { kind: 'copy', from },
});

/** Files that belong to the administrator once they are there: an upgrade keeps what was changed in them. */
export const isConfiguration = ({ path }: InstalledFile): boolean => path.startsWith('etc/');

/** Every folder that these files lie in, sorted, each before what is in it. */
export function foldersOf(files: readonly InstalledFile[]): readonly string[] {
  const folders = new Set<string>();
  for (const { path } of files)
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  return [...folders].sort();
}

/** Writes them below `folder`, which is empty; all have the date `epoch` (Unix time in seconds), folders too, and rights that no umask changed. */
export function layFiles(files: readonly InstalledFile[], folder: string, epoch: number): void {
  const folders = foldersOf(files).map((path) => join(folder, path));
  for (const path of [folder, ...folders]) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
  }
  for (const { path, mode, content } of files) {
    const to = join(folder, path);
    if (content.kind === 'link') symlinkSync(content.to, to);
    else {
      if (content.kind === 'copy') copyFileSync(content.from, to);
      else writeFileSync(to, content.kind === 'gzip' ? gzipSync(content.text, { level: 9 }) : content.text);
      chmodSync(to, mode);
    }
    lutimesSync(to, epoch, epoch);
  }
  for (const path of [...folders].reverse()) utimesSync(path, epoch, epoch);
  utimesSync(folder, epoch, epoch);
}
