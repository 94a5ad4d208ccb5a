// What differs between two moments of a machine's file system: paths, kinds, owners, rights and contents, everything but dates.
// Pictures are taken from outside, so that nothing in the machine can hide from them.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';

/** By path (`/etc/passwd`): what is there. A file that is still the root's own is not read. */
export type Picture = ReadonlyMap<string, string>;

/** Mounts of the machine: kernel interfaces and what is gone after a restart. */
const elsewhere = new Set(['/proc', '/sys', '/dev', '/run', '/tmp']);

const statOf = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

const contentOf = (path: string, stat: Stats): string => {
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16) : '';
};

const aboutOf = (stat: Stats): string => `${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`;

/** A picture of everything, taken while nothing is being written. */
export function pictureOf({ files, upper, root }: Machine): Picture {
  const picture = new Map<string, string>();
  const look = (folder: string) => {
    for (const name of readdirSync(join(files, folder))) {
      const path = join(folder, name);
      if (elsewhere.has(path)) continue;
      const stat = statOf(join(files, path));
      // Gone since the folder was read: a running system writes its journal.
      if (stat === undefined) continue;
      const changed = statOf(join(upper, path)) !== undefined;
      const from = changed ? join(files, path) : join(root, path);
      picture.set(
        path,
        `${aboutOf(stat)} ${changed || stat.isSymbolicLink() ? contentOf(from, stat) : 'as in the root'}`,
      );
      if (stat.isDirectory()) look(path);
    }
  };
  look('/');
  return picture;
}

export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** `rootEntry`: what an untouched file is in the root, read only where it was touched since. */
export function differenceOf(
  before: Picture,
  after: Picture,
  rootEntry: (path: string) => string | undefined,
): Difference {
  const resolved = (path: string, entry: string): string =>
    entry.endsWith('as in the root') ? (rootEntry(path) ?? entry) : entry;
  const same = (path: string, one: string, other: string): boolean =>
    one === other || resolved(path, one) === resolved(path, other);
  return {
    added: [...after.keys()].filter((path) => !before.has(path)),
    removed: [...before.keys()].filter((path) => !after.has(path)),
    changed: [...after].flatMap(([path, entry]) => {
      const was = before.get(path);
      return was === undefined || same(path, was, entry) ? [] : [path];
    }),
  };
}

/** What changed in the machine since `before`, without what Debian's own tools write down about it, and without the paths `ours`. */
export function changesSince(machine: Machine, before: Picture, ours: readonly string[] = []): Difference {
  const all = differenceOf(before, pictureOf(machine), (path) => {
    const stat = statOf(join(machine.root, path));
    return stat === undefined ? undefined : `${aboutOf(stat)} ${contentOf(join(machine.root, path), stat)}`;
  });
  const kept = (paths: readonly string[]) => paths.filter((path) => !isBookkeeping(path) && !ours.includes(path));
  return { added: kept(all.added), removed: kept(all.removed), changed: kept(all.changed) };
}

/** dpkg's, apt's and systemd's own records, caches and logs: they tell what happened, and are written by any package. */
const bookkeeping: readonly RegExp[] = [
  /^\/var\/lib\/dpkg\/(status|status-old|available|available-old|lock|lock-frontend|diversions|triggers\/.*|alternatives\/.*|info\/format)$/,
  /^\/var\/lib\/apt\/(extended_states|lists(\/.*)?|periodic(\/.*)?)$/,
  /^\/var\/cache\/(apt|man|ldconfig|debconf)(\/.*)?$/,
  /^\/var\/log\/(apt(\/.*)?|dpkg\.log|alternatives\.log|btmp|lastlog|faillog|wtmp|journal(\/.*)?)$/,
  // Copies that the account tools keep of what they changed last.
  /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /^\/etc\/\.pwd\.lock$/,
  /^\/etc\/ld\.so\.cache$/,
  // The machine's own life: it boots, its services run.
  /^\/var\/lib\/(systemd(?!\/deb-systemd-helper)|etcd|haproxy|dbus|private)(\/.*)?$/,
  /^\/var\/(log|lib|cache)\/private$/,
  /^\/etc\/machine-id$/,
];

const isBookkeeping = (path: string): boolean => bookkeeping.some((pattern) => pattern.test(path));

export const isNone = ({ added, removed, changed }: Difference): boolean =>
  added.length + removed.length + changed.length === 0;

export const tell = ({ added, removed, changed }: Difference): string =>
  [
    ...added.map((path) => `+ ${path}`),
    ...removed.map((path) => `- ${path}`),
    ...changed.map((path) => `~ ${path}`),
  ].join('\n');
