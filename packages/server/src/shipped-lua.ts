// Where a Lua file lies that a haproxy.cfg loads by `lua-load`: beside the built program, in the folder haproxy/ of the repository, or, of the executable, in
// share/pgrouted of the tree that it is installed in.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { exitCodes, Failure } from './failure.ts';

export type ShippedLua = 'pgrouted-watchdog.lua' | 'pgrouted-hold.lua';

/** Of an executable `/usr/bin/pgrouted`: `/usr/share/pgrouted`; or where it lies itself, if it was copied there with what belongs to it. */
export const foldersOfExecutable = (executable: string): readonly string[] => [
  join(dirname(executable), '../share/pgrouted'),
  dirname(executable),
];

const folders = (): readonly string[] =>
  isSea()
    ? foldersOfExecutable(process.execPath)
    : ['.', '../../../haproxy'].map((place) => fileURLToPath(new URL(place, import.meta.url)));

/** The path of a file that is shipped with the program. Throws Failure (`failed`) when it is not there. */
export function shippedLua(name: ShippedLua): string {
  const files = folders().map((folder) => join(folder, name));
  const found = files.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Failure(exitCodes.failed, `there is no ${files[0]}; put ${name} there`);
}
