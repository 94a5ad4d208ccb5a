// Where the Lua action lies that lets new connections wait.
import { shippedLua } from './shipped-lua.ts';

/** The path of pgrouted-hold.lua. Throws Failure (`failed`) when it is not there. */
export const holdLua = (): string => shippedLua('pgrouted-hold.lua');
