// Lets go of the pages of the executable that only its start has touched: the kernel maps generously, and without this they count as ours for good. What is
// needed again comes back by itself, out of the kernel's cache, in microseconds. In the executable only (native.ts).
import { readFileSync } from 'node:fs';
import { nativeFunctions } from './native.ts';

/** Linux: give back these pages; a file's are read again when they are touched. */
const MADV_DONTNEED = 4;

interface Native {
  readonly madvise: (address: bigint, length: bigint, advice: number) => number;
}

export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * From `/proc/PID/smaps`: mappings of files that can't be written to and in which nothing ever was. Pages of the others hold what no file holds, such as addresses
 * that the loader has put in.
 */
export function untouchedMappings(smaps: string): readonly Span[] {
  const spans: Span[] = [];
  let candidate: Span | undefined;
  for (const line of smaps.split('\n')) {
    const [, from, to, rights, file] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(\S?)/.exec(line) ?? [];
    if (from !== undefined)
      candidate =
        file === '/' && (rights === 'r--p' || rights === 'r-xp')
          ? { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`) }
          : undefined;
    else if (candidate !== undefined && /^Anonymous:\s+0 kB$/.test(line)) spans.push(candidate);
  }
  return spans;
}

/** Takes a few milliseconds, in which nothing else is done. */
export function releaseStartPages(): void {
  const native = nativeFunctions<Native>({ madvise: { arguments: ['u64', 'u64', 'i32'], return: 'i32' } });
  if (native === undefined) return;
  for (const { from, to } of untouchedMappings(readFileSync('/proc/self/smaps', 'utf8')))
    native.madvise(from, to - from, MADV_DONTNEED);
}
