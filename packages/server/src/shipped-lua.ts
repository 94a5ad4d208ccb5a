// Where a Lua file lies that a haproxy.cfg loads by `lua-load`: beside the built program, or in the folder haproxy/ of the repository.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodes, Failure } from './failure.ts';

/** The path of a file that is shipped with the program. Throws Failure (`failed`) when it is not there. */
export function shippedLua(name: 'pgrouted-watchdog.lua' | 'pgrouted-hold.lua'): string {
  const files = [`./${name}`, `../../../haproxy/${name}`].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = files.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Failure(exitCodes.failed, `there is no ${files[0]}; put ${name} beside the program`);
}
