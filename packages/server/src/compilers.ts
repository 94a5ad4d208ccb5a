// When V8 may compile to machine code: only while the process has much to do. At rest the interpreter is fast enough, and compiled code with the
// compiler's own pages costs megabytes (docs/memory.md). Knows nothing of what there is to do.
//
//   interpreted ──half a core or more──▶ compiling ──less than a tenth──▶ interpreted (what is compiled stays)
import { setFlagsFromString } from 'node:v8';

/** A share of a core is taken over so long. What follows a switchover is over by then. */
const lookEveryMs = 2_000;
/** Of one core. */
const busyShare = 0.5;
const calmShare = 0.1;

/** Whether V8 should compile after `share` of a core was used over the last while; `compiling`: whether it does. */
export const shouldCompile = (compiling: boolean, share: number): boolean =>
  share >= (compiling ? calmShare : busyShare);

/** Looks again and again; keeps no process alive. */
export function compileWhileBusy(): void {
  let compiling = false;
  let before = used();
  const look = (): void => {
    const now = used();
    const wanted = shouldCompile(compiling, (now.cpuMs - before.cpuMs) / (now.atMs - before.atMs));
    before = now;
    if (wanted === compiling) return;
    compiling = wanted;
    setFlagsFromString(compiling ? '--opt' : '--no-opt');
  };
  setInterval(look, lookEveryMs).unref();
}

/** CPU time of the whole process so far, and when. */
function used(): { readonly atMs: number; readonly cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), cpuMs: (user + system) / 1_000 };
}
