// Instants that several processes of one benchmark can compare: the kernel's monotonic clock, in milliseconds.
// `performance.now()` begins at another zero in each process; `hrtime` does not.

/** Now, in milliseconds of CLOCK_MONOTONIC. Only differences mean anything, but across processes too. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const zeroOfPerformance = nowMs() - performance.now();

/** The same instant as a `performance.now()` value of this process, as the lab's writer gives it. */
export const fromPerformance = (instant: number): number => zeroOfPerformance + instant;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
