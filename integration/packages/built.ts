// What `npm run package` left in dist/ for this machine's processor: checksums, archive, SBOM, and whether a second build gives the same bytes.
// Makes nothing in dist/ itself.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { buildExecutable } from '../../packaging/executable/executable.ts';
import { type Arch, hostArch } from '../../packaging/executable/runtime.ts';
import { archiveName, archNames, debFile, rpmFile } from '../../packaging/names.ts';
import { makePackage } from '../../packaging/packages.ts';
import { originOf } from '../../scripts/origin.mjs';
import { mustOnHost, onHost } from './host.ts';
import { demand, type Sheet } from './sheet.ts';

export interface Built {
  readonly folder: string;
  readonly arch: Arch;
  readonly version: string;
  readonly deb: string;
  readonly rpm: string;
  readonly archive: string;
}

/** The paths of what must have been built below `top`, the repository. */
export function builtIn(top: string): Built {
  const folder = join(top, 'dist');
  const arch = hostArch();
  const { version } = originOf(top);
  const [deb, rpm, archive] = [debFile(version, arch), rpmFile(version, arch), `${archiveName(version, arch)}.tar.gz`];
  return { folder, arch, version, deb: join(folder, deb), rpm: join(folder, rpm), archive: join(folder, archive) };
}

export const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** `work`: a folder for what is unpacked. `top`: the repository. */
export async function provesBuilt(sheet: Sheet, built: Built, work: string, top: string): Promise<void> {
  await sheet.check('checksums: sha256sum agrees with SHA256SUMS, which names every package', async () => {
    await mustOnHost('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: built.folder });
    const sums = readFileSync(join(built.folder, 'SHA256SUMS'), 'utf8');
    const missing = [built.deb, built.rpm, built.archive].filter((path) => !sums.includes(`  ${basename(path)}\n`));
    demand(missing.length === 0, `not in it: ${missing.join(' ')}`);
  });
  await sheet.check('the archive has the very same programs as the .deb, and says how to install them', async () => {
    const unpacked = join(work, 'archive');
    const debTree = join(work, 'deb');
    mkdirSync(unpacked);
    await mustOnHost('tar', ['-C', unpacked, '-xzf', built.archive]);
    await mustOnHost('dpkg-deb', ['--extract', built.deb, debTree]);
    const [top = ''] = readdirSync(unpacked);
    const tree = join(unpacked, top, 'tree');
    for (const path of [
      'usr/bin/pgrouted',
      'usr/share/pgrouted/pgrouted-hold.lua',
      'usr/lib/systemd/system/pgrouted.service',
    ])
      demand(sha256(join(tree, path)) === sha256(join(debTree, path)), `${path} differs`);
    for (const script of ['install.sh', 'uninstall.sh']) await mustOnHost('sh', ['-n', join(unpacked, top, script)]);
    return readdirSync(join(unpacked, top)).join(' ');
  });
  await provesSbom(sheet, built);
  await provesSameness(sheet, built, work, top);
}

const sbomSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  components: z.array(
    z.object({ name: z.string(), version: z.string().optional(), licenses: z.array(z.unknown()).optional() }),
  ),
});

/** What is in every executable: our own dependencies that the daemon can't be without, and the runtime. */
const certainly = ['protobufjs', 'zod', 'commander', 'yaml', 'pg'];

async function provesSbom(sheet: Sheet, { folder, version }: Built): Promise<void> {
  await sheet.check('the SBOM names what is bundled and the runtime, each with a licence', () => {
    const path = join(folder, `pgrouted-${version}.cdx.json`);
    demand(existsSync(path), `there is no ${path}`);
    const { components, specVersion } = sbomSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    const missing = certainly.filter((name) => !components.some((component) => component.name === name));
    demand(missing.length === 0, `not in it: ${missing.join(' ')}`);
    demand(
      components.some(({ name }) => /^node/i.test(name)),
      'the runtime is not in it',
    );
    const unlicensed = components.filter(({ licenses = [] }) => licenses.length === 0).map(({ name }) => name);
    demand(unlicensed.length === 0, `without a licence: ${unlicensed.join(' ')}`);
    return `CycloneDX ${specVersion}, ${components.length} components`;
  });
}

async function provesSameness(sheet: Sheet, built: Built, work: string, top: string): Promise<void> {
  const { arch, version } = built;
  const release = originOf(top);
  const executable = join(built.folder, 'stage', arch, 'usr/bin/pgrouted');
  await sheet.check('a second executable of the same commit has the same bytes', async () => {
    const again = join(work, 'again');
    await buildExecutable({ arch, to: again, version, commit: release.commit });
    demand(sha256(again) === sha256(executable), 'it differs');
  });
  await sheet.check('two packages around the same executable have the same bytes', async () => {
    for (const flavour of ['deb', 'rpm', 'tar'] as const) {
      const sums = new Set<string>();
      for (const turn of ['first', 'second']) {
        const to = join(work, `${flavour}-${turn}`);
        mkdirSync(to);
        sums.add(sha256(await makePackage(flavour, { arch, release, effort: 'fast', executable, bundled: [], to })));
      }
      demand(sums.size === 1, `the two of kind ${flavour} differ`);
    }
  });
}

/** lintian's word on the .deb: errors are failures; warnings are shown. */
export async function provesLintian(sheet: Sheet, { deb }: Built): Promise<void> {
  await sheet.check('lintian finds no error', async () => {
    const { stdout, stderr, code, told } = await onHost('lintian', ['--tag-display-limit', '0', '--allow-root', deb], {
      patienceMs: 300_000,
    });
    demand(code === 0 || code === 2, told);
    const of = (letter: string) => `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith(`${letter}: `));
    demand(of('E').length === 0, of('E').join('\n'));
    return [`${of('W').length} warnings`, ...of('W')].join('\n          ');
  });
}

/** The name of the processor in package file names. */
export const rpmArch = (arch: Arch): string => archNames[arch].rpm;
