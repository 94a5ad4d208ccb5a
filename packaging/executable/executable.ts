// Makes the executable: both programs in one bundle, put into a Node runtime (Node's single-executable form). Needs no compiler and no root.
// Knows nothing of packages: what goes around it is packaging/package.ts.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { bundle } from '../../scripts/bundle.mjs';
import { type Arch, chosenVersion, hostArch, type RuntimeVersion, runtimeOf } from './runtime.ts';
import { stripped } from './strip.ts';

const execFileAsync = promisify(execFile);

export interface ExecutableOptions {
  readonly arch: Arch;
  /** The file to write, replaced at once when it is complete. Its folder is made. */
  readonly to: string;
  readonly version: string;
  readonly commit: string;
  /** Default: what is shipped. */
  readonly runtime?: RuntimeVersion;
}

export interface Executable {
  readonly runtime: RuntimeVersion;
  /** What esbuild took into the bundle: what the SBOM and the licences follow from. */
  readonly metafile: Metafile;
}

/** Builds `to`. Throws when the runtime can't be had, or with what esbuild or Node said. */
export async function buildExecutable(options: ExecutableOptions): Promise<Executable> {
  const { arch, version, commit, runtime = chosenVersion } = options;
  const to = resolve(options.to);
  const host = await runtimeOf(runtime, hostArch());
  const target = await runtimeOf(runtime, arch);
  mkdirSync(dirname(to), { recursive: true });
  const work = mkdtempSync(join(dirname(to), '.executable-'));
  try {
    const main = join(work, 'pgrouted.cjs');
    const metafile = await bundle({
      from: 'packaging/executable/entry.ts',
      to: main,
      origin: { version, commit },
      target: `node${runtime}`,
      // As an ES module Node keeps the text twice, 3 MB more.
      format: 'cjs',
      legalComments: 'none',
    });
    const base = join(work, 'node');
    writeFileSync(base, stripped(readFileSync(target)), { mode: 0o755 });
    const output = join(work, 'pgrouted');
    const configFile = join(work, 'sea.json');
    const config = {
      // By its name alone: this is what stack traces show, and the same in every build.
      main: basename(main),
      mainFormat: 'commonjs',
      executable: base,
      output,
      disableExperimentalSEAWarning: true,
      // Compiled functions are the processor's own; Node refuses to make them for another.
      useCodeCache: arch === hostArch(),
      // FFI (packages/server/src/native.ts) is experimental, but this runtime is pinned. And a signal must not open a debugger's port.
      execArgv: ['--disable-warning=ExperimentalWarning', '--disable-sigusr1'],
      // Whoever sets the environment of a daemon must not be able to have code of his own loaded into it.
      execArgvExtension: 'none',
    };
    writeFileSync(configFile, JSON.stringify(config));
    // The order in what V8 compiles follows from how it scatters names: the same seed gives the same bytes.
    await execFileAsync(host, ['--random-seed=1', '--build-sea', configFile], { cwd: work });
    chmodSync(output, 0o755);
    renameSync(output, to);
    return { runtime, metafile };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
