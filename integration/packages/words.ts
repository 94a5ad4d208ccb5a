// The command line of `npm run test:packages`: which parts, and for how long. Pure; packages.ts does it.
export const parts = ['built', 'lintian', 'rpm', 'unit', 'bookworm', 'trixie'] as const;
export type Part = (typeof parts)[number];

export interface Wish {
  readonly parts: readonly Part[];
  /** What happens to dist/ first: built as for a release, or quickly and larger; or what lies there is taken. */
  readonly build: 'best' | 'fast' | 'none';
  /** Milliseconds for everything, roots and building included. */
  readonly limitMs: number;
}

export const usage = `Usage: npm run test:packages -- [part ...] [options]

Builds the packages, then installs, runs, upgrades, removes and purges them on fresh Debian systems: in a bare one as in a container, and on
one whose own systemd is booted, with Debian's own HAProxy and etcd. Needs root. What it starts and mounts is in namespaces that end with it.

Parts (without one: all):
  built      checksums, archive, SBOM, the same bytes from a second build
  lintian    the .deb, by Debian's own rules
  rpm        the .rpm, by rpm's own tools, and compared with the .deb
  unit       systemd-analyze verify and security on the unit, by the systemd of both Debians
  bookworm   Debian 12
  trixie     Debian 13

Options:
  --no-build    take what lies in dist/
  --fast        build with quick compression
  --minutes N   the time for everything (default 20)
  --help        print this help

The roots of Debian are made once, from the mirror that apt of this machine uses, and kept below .tools/roots.
The last line is "N passed, M failed".`;

/** Gives 'help', or what is wanted. Throws for a word that is neither part nor option. */
export function wishOf(args: readonly string[]): Wish | 'help' {
  if (args.includes('--help')) return 'help';
  const chosen: Part[] = [];
  let build: Wish['build'] = 'best';
  let minutes = 20;
  const words = args.values();
  for (const word of words) {
    const part = parts.find((name) => name === word);
    if (part !== undefined) chosen.push(part);
    else if (word === '--no-build') build = 'none';
    else if (word === '--fast') build = 'fast';
    else if (word === '--minutes') minutes = minutesOf(words.next().value);
    else throw new Error(`"${word}" is neither a part (${parts.join(', ')}) nor an option; --help tells more`);
  }
  return {
    parts: parts.filter((part) => chosen.length === 0 || chosen.includes(part)),
    build,
    limitMs: minutes * 60_000,
  };
}

function minutesOf(word: string | undefined): number {
  const minutes = Number(word);
  if (Number.isFinite(minutes) && minutes > 0) return minutes;
  throw new Error(`--minutes takes a number of minutes, not "${word ?? ''}"`);
}
