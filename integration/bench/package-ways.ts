// The forms in which pgrouted could be shipped, made for comparison: the executable as it is, without what makes it what it is, and the plain bundle under Node
// of its own and of Debian's age. Measures nothing.
import { copyFileSync, cpSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildExecutable } from '../../packaging/executable/executable.ts';
import { chosenVersion, hostArch, type RuntimeVersion, runtimeOf } from '../../packaging/executable/runtime.ts';
import { bundles } from '../lab/daemon.ts';
import type { Way } from './package-stage.ts';

export interface MeasuredWay extends Way {
  /** The executable that is shipped; the others are what it is compared with. */
  readonly shipped: boolean;
  /** Bytes of what has to be installed for it: program and runtime. */
  readonly bytes: number;
}

const lua = (name: string): string => fileURLToPath(new URL(`../../haproxy/${name}`, import.meta.url));

/** Builds the executable below `folder` and lays everything down as a package would: copied, not as the linker left it. */
export async function waysToShip(folder: string): Promise<readonly MeasuredWay[]> {
  const arch = hostArch();
  const built = join(folder, 'built');
  await buildExecutable({ arch, to: built, version: '0.0.0', commit: 'bench' });
  const [bin, share] = [join(folder, 'usr/bin'), join(folder, 'usr/share/pgrouted')];
  for (const path of [bin, share]) mkdirSync(path, { recursive: true });
  for (const name of ['pgrouted-hold.lua', 'pgrouted-watchdog.lua']) copyFileSync(lua(name), join(share, name));
  const installed = join(bin, 'pgrouted');
  cpSync(built, installed);
  return [
    { name: 'the executable', command: installed, args: [], shipped: true, bytes: statSync(installed).size },
    await plain(chosenVersion),
    await plain('24.21.0'),
    await plain('22.23.3'),
    await plain('20.20.2'),
  ];
}

async function plain(version: RuntimeVersion): Promise<MeasuredWay> {
  const node = await runtimeOf(version, hostArch());
  const bytes = statSync(node).size + statSync(bundles.pgrouted).size + statSync(bundles.pgroutectl).size;
  return { name: `plain, Node ${version}`, command: node, args: [bundles.pgrouted], shipped: false, bytes };
}
