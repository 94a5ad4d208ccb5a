// Where HAProxy's own watchdog lies, which a haproxy.cfg loads by `lua-load`: beside the built program, or in the folder haproxy/ of the repository.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodes, Failure } from './failure.ts';

const places = ['./pgrouted-watchdog.lua', '../../../haproxy/pgrouted-watchdog.lua'];

/** The path of pgrouted-watchdog.lua. Throws Failure (`failed`) when it is not there. */
export function watchdogLua(): string {
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = files.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Failure(exitCodes.failed, `there is no ${files[0]}; put pgrouted-watchdog.lua beside the program`);
}
