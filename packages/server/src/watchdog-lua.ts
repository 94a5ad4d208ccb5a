// Where HAProxy's own watchdog lies.
import { shippedLua } from './shipped-lua.ts';

/** The path of pgrouted-watchdog.lua. Throws Failure (`failed`) when it is not there. */
export const watchdogLua = (): string => shippedLua('pgrouted-watchdog.lua');
