// npm run package [-- --arch x64|arm64|all] [--only exe|deb|rpm|tar] [--fast]: builds the executable and every package around it into dist/.
// What can't be had for one processor is said, and the other goes on; it ends with 1 then only if it was asked for by name, or is this machine's own.
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { originOf } from '../scripts/origin.mjs';
import { writeChecksums } from './checksums.ts';
import type { Effort } from './compression.ts';
import { type Contents, contentsOf, writeSbom } from './contents.ts';
import { buildExecutable } from './executable/executable.ts';
import { type Arch, arches } from './executable/runtime.ts';
import { layStage, makePackage } from './packages.ts';
import { type Flavour, flavours, projectRoot } from './stage.ts';
import { clearWorkFolders, workFolder } from './work-folder.ts';

interface Options {
  readonly arch: Arch | 'all';
  readonly only?: Flavour | 'exe';
  readonly fast?: true;
}

const program = new Command('npm run package --')
  .description('Builds the executable, .deb, .rpm and .tar.gz into dist/. Needs no root.')
  .addOption(new Option('--arch <processor>', 'which processor to pack for').choices([...arches, 'all']).default('all'))
  .addOption(new Option('--only <kind>', 'make nothing else').choices(['exe', 'deb', 'rpm', 'tar']))
  .option('--fast', 'compress quickly instead of well, to try packages out')
  .addHelpText(
    'after',
    `
What is packed is the working tree; \`pgrouted --version\` tells its commit, with "+modified" where files differ from it. Everything in a package carries
the date of the commit, or SOURCE_DATE_EPOCH (seconds), so that the same commit gives the same bytes.`,
  )
  .parse();
const { arch, only, fast } = program.opts<Options>();

const dist = join(projectRoot, 'dist');
const release = originOf(projectRoot);
const effort: Effort = fast === true ? 'fast' : 'best';
const began = performance.now();
const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s`;
const say = (text: string): void => console.log(`${seconds()}  ${text}`);

let packed: Contents | undefined;

/** Gives what was made for one processor. */
async function pack(arch: Arch): Promise<readonly string[]> {
  const work = workFolder(dist);
  try {
    say(`${arch}: executable`);
    const executable = join(work, 'pgrouted');
    const built = await buildExecutable({ arch, to: executable, version: release.version, commit: release.commit });
    const contents = await contentsOf(built, arch);
    const options = {
      arch,
      release,
      effort,
      executable,
      bundled: [...contents.components, contents.runtime],
      to: dist,
    };
    say(`${arch}: the tree as it is installed`);
    const stage = layStage(options);
    packed ??= contents;
    if (only === 'exe') return [join(stage, 'usr/bin/pgrouted')];
    // Side by side: each compresses on one processor for a minute and more.
    const kinds = only === undefined ? flavours : [only];
    say(`${arch}: ${kinds.map((kind) => `.${kind === 'tar' ? 'tar.gz' : kind}`).join(', ')}`);
    const results = await Promise.allSettled(kinds.map((kind) => makePackage(kind, options)));
    return results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.on(signal, () => process.exit(code));

say(`pgrouted ${release.version}, commit ${release.commit}, dated ${new Date(release.epoch * 1000).toISOString()}`);
mkdirSync(dist, { recursive: true });
clearWorkFolders(dist);
const made: string[] = [];
const failed: Arch[] = [];
for (const one of arch === 'all' ? arches : [arch]) {
  try {
    made.push(...(await pack(one)));
  } catch (error) {
    failed.push(one);
    console.error(`${seconds()}  ${one}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
  }
}
if (packed !== undefined) made.push(await writeSbom(dist, release, packed));
made.push(writeChecksums(dist, release.version));

console.log('');
for (const file of made)
  console.log(`${(statSync(file).size / 1e6).toFixed(2).padStart(7)} MB  ${relative(projectRoot, file)}`);
if (failed.length > 0) {
  console.error(`not made: everything for ${failed.join(' and ')}; why is said above`);
  process.exitCode = arch !== 'all' || failed.some((one) => one === process.arch) ? 1 : 0;
}
