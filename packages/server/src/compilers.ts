// When V8 may compile to machine code: only while the process has much to do. At rest the interpreter is fast enough, and compiled code with the
// compiler's own pages costs megabytes (docs/memory.md). Knows nothing of what there is to do.
//
//   interpreted ──three quarters busy──▶ compiling ──less than a tenth──▶ interpreted (what is compiled stays)
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';

/** The share is taken over so long. What follows a switchover is over by then. */
const lookEveryMs = 2_000;
const busyShare = 0.75;
const calmShare = 0.1;

/** Whether V8 should compile when there was something to do for that share of the last while; `compiling`: whether it does. */
export const shouldCompile = (compiling: boolean, share: number): boolean =>
  share >= (compiling ? calmShare : busyShare);

let always = false;

/** From now on, whatever there is to do: where a burst is over before anybody could see that it has begun. */
export function compileAlways(): void {
  always = true;
  setFlagsFromString('--sparkplug');
  setFlagsFromString('--opt');
}

/** Looks again and again; keeps no process alive. */
export function compileWhileBusy(): void {
  let compiling = false;
  let before = performance.eventLoopUtilization();
  const look = (): void => {
    const now = performance.eventLoopUtilization();
    // Not CPU time: where others take most of the processor that is little, and all the more to be saved.
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const wanted = shouldCompile(compiling, utilization);
    if (always || wanted === compiling) return;
    compiling = wanted;
    setFlagsFromString(compiling ? '--opt' : '--no-opt');
  };
  setInterval(look, lookEveryMs).unref();
}
