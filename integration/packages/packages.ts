// npm run test:packages: the packages of `npm run package`, on the systems that they are for. Bounded in time; whatever it starts, mounts and unpacks
// is gone when it ends, however it ends. The last line is `N passed, M failed`.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leaving } from '../lab/leaving.ts';
import { provesBare } from './bare.ts';
import { provesBooted } from './booted.ts';
import { type Built, builtIn, provesBuilt, provesLintian } from './built.ts';
import type { Packages } from './ground.ts';
import { mustOnHost } from './host.ts';
import { olderDeb } from './older-deb.ts';
import { bare, server } from './recipes.ts';
import { type RootRecipe, rootsFolder, unpackRoot } from './roots.ts';
import { provesRpm } from './rpm.ts';
import { openSheets, type Sheet } from './sheet.ts';
import { provesUnit } from './unit.ts';
import { type Part, usage, wishOf } from './words.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
const folder = rootsFolder();
const sheets = openSheets((line) => console.log(line));
const leave = leaving(
  async () => {},
  () => rmSync(folder, { recursive: true, force: true }),
);

const conclude = (trouble?: string): number => sheets.conclude(trouble);

async function main(): Promise<number> {
  const wish = wishOf(process.argv.slice(2));
  if (wish === 'help') {
    console.log(usage);
    return 0;
  }
  setTimeout(() => {
    void leave(conclude(`the time is over: ${wish.limitMs / 60_000} minutes (--minutes)`));
  }, wish.limitMs).unref();

  const building = sheets.part('building');
  const built = builtIn(top);
  const packages = await building.check('npm run package', async () => {
    if (wish.build === 'none') return 'not wanted: what lies in dist/ is taken';
    const args = [
      '--import',
      'tsx',
      join(top, 'packaging/package.ts'),
      '--arch',
      built.arch,
      ...(wish.build === 'fast' ? ['--fast'] : []),
    ];
    const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/root' };
    await mustOnHost(process.execPath, args, { cwd: top, env, patienceMs: 900_000 });
    return built.folder;
  });
  let older = '';
  const ready =
    packages &&
    (await building.check('the same as an older version', async () => {
      older = await olderDeb(built.deb, folder);
    }));
  if (!ready) return conclude();

  const debs = { deb: built.deb, older, archive: built.archive, version: built.version.replace('-', '~') };
  for (const part of wish.parts) await prove(part, built, debs);
  return conclude();
}

async function prove(part: Part, built: Built, debs: Packages): Promise<void> {
  // What can't even begin has failed as one check.
  const whole = async (name: string, attempt: (sheet: Sheet) => Promise<void>) => {
    const sheet = sheets.part(name);
    await sheet.check('all of it could be tried', () => attempt(sheet));
  };
  switch (part) {
    case 'built':
      return whole(part, (sheet) => provesBuilt(sheet, built, folder, top));
    case 'lintian':
      return whole(part, (sheet) => provesLintian(sheet, built));
    case 'rpm':
      return whole(part, (sheet) => provesRpm(sheet, built, folder));
    case 'unit':
      return whole(part, async (sheet) => {
        for (const suite of ['bookworm', 'trixie'] as const)
          await provesUnit(sheet, await rootFor(server(suite)), debs);
      });
    case 'bookworm':
    case 'trixie':
      await whole(`${part}, bare`, async (sheet) => provesBare(sheet, await rootFor(bare(part)), debs));
      return whole(`${part}, booted`, async (sheet) => provesBooted(sheet, await rootFor(server(part)), debs));
  }
}

const unpacked = new Map<string, string>();

/** The folder of an unpacked root; each is unpacked once, since machines only read it. */
async function rootFor(recipe: RootRecipe): Promise<string> {
  const name = `${recipe.suite}-${recipe.name}`;
  const root = unpacked.get(name) ?? join(folder, name);
  if (!unpacked.has(name)) await unpackRoot(recipe, root, (text) => console.log(`          ${text}`));
  unpacked.set(name, root);
  return root;
}

await main().then(leave, async (error: unknown) => {
  console.error(`test:packages: ${error instanceof Error ? error.message : String(error)}`);
  await leave(1);
});
