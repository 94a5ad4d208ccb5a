// V8 and Node set for a small, long-lived process. Imported first and for its effect: it counts only for what is loaded after.
// What each line is worth was measured (docs/memory.md).
import { setFlagsFromString } from 'node:v8';
import { compileWhileBusy } from './compilers.ts';

// The young generation stays at its first size (1 MB) instead of growing to 16: collections come more often, and each is shorter.
setFlagsFromString('--semi-space-growth-factor=1');
// No compiling to machine code, unless there is much to do for long, such as thousands of requests a second. Our own work is short and mostly waiting;
// the compilers cost it more time and 17 MB more memory than they gain.
setFlagsFromString('--no-opt');
setFlagsFromString('--no-sparkplug');
// The compiler between those two, which `--no-opt` leaves on: from Node 24 on V8 uses it. Older ones know the flag and do nothing.
setFlagsFromString('--no-maglev');
compileWhileBusy();

// pg makes a `new Response()` to find out whether it runs on Cloudflare, and for that Node loads all of undici, 10 MB.
// Nothing here uses fetch.
Reflect.deleteProperty(globalThis, 'Response');
