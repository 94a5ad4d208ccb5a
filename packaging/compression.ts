// How packages are compressed: as small as the formats that every distribution in use can read allow, or quickly, to try a package out.
// Never with a number of threads that follows the machine: the bytes would.

/** `fast` takes a tenth of the time, and half more space; the RPM of RHEL 9 and newer reads it. */
export type Effort = 'best' | 'fast';

interface Compression {
  readonly debArgs: readonly string[];
  /** RPM's `_binary_payload`. */
  readonly rpmPayload: string;
  readonly gzipLevel: number;
}

export const compression: Readonly<Record<Effort, Compression>> = {
  best: { debArgs: ['-Zxz', '-z6'], rpmPayload: 'w6.xzdio', gzipLevel: 9 },
  fast: { debArgs: ['-Zgzip', '-z1'], rpmPayload: 'w3.zstdio', gzipLevel: 1 },
};

/** Compressing takes a minute and more on a machine that has nothing else to do. */
export const compressionPatienceMs = 45 * 60_000;
