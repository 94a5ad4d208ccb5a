// npm run test:compose: docker-compose.yml and the Dockerfile as a user runs them, under a Docker engine of our own (engine.ts). Bounded in time; nothing that it
// starts outlives it. The last line is `N passed, M failed`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endEverything, isRoot, temporaryFolder } from '../lab/process.ts';
import { composeOf, importImage, layRoot, suiteOf } from './base-image.ts';
import { type Checks, expectThat, openChecks } from './checks.ts';
import { type Engine, startEngine } from './engine.ts';
import { checkFile } from './file-checks.ts';
import { checkLayout } from './layout-checks.ts';
import { isMap, parsed } from './parsed-file.ts';
import { nodeNames, openProject, top } from './project.ts';
import { usage, type Wish, wishOf } from './words.ts';

const folder = temporaryFolder();
const engines: Engine[] = [];
let leaving = false;

async function leave(code: number): Promise<void> {
  if (leaving) return;
  leaving = true;
  for (const engine of engines) await engine.stop().catch((error: unknown) => console.error(String(error)));
  await endEverything();
  folder.remove();
  process.exit(code);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.on(signal, () => void leave(code));

async function main(): Promise<number> {
  const wish = wishOf(process.argv.slice(2));
  if (wish === 'help') {
    console.log(usage);
    return 0;
  }
  if (!isRoot())
    throw new Error('an engine and Debian roots can be made only by root: run this command as root, or with sudo');
  const startedAt = performance.now();
  const say = (text: string): void => {
    const seconds = `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
    console.log(`[${seconds.padStart(6)}] ${text}`);
  };
  const checks = openChecks(say);
  const total = (): number => {
    const { passed, failed, skipped } = checks.sum();
    console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    return failed === 0 ? 0 : 1;
  };
  const timer = setTimeout(() => {
    if (leaving) return;
    void checks.check('everything within its time', () => {
      throw new Error(`not done after ${wish.limitMs / 60_000} minutes (--minutes)`);
    });
    total();
    void leave(1);
  }, wish.limitMs);
  await checks.check('every part runs to its end', () => play(wish, checks, say, () => clearTimeout(timer)));
  clearTimeout(timer);
  return total();
}

async function play(wish: Wish, checks: Checks, say: (text: string) => void, untimed: () => void): Promise<void> {
  const suite = suiteOf(join(top, 'Dockerfile'));
  const root = join(folder.path, 'root');
  await layRoot(suite, root, say);
  const program = await composeOf(root);
  const common = { program, folder: folder.path };
  if (wish.parts.includes('file')) await checkFile(checks, openProject(common));
  if (!wish.parts.includes('image')) return;

  const images = wish.images === undefined ? join(folder.path, 'images') : resolve(wish.images);
  mkdirSync(images, { recursive: true });
  const start = async (network: 'machine' | 'own'): Promise<Engine> => {
    const engine = await startEngine({ folder: folder.path, images, network });
    engines.push(engine);
    return engine;
  };
  let builder: Engine;
  try {
    builder = await start('machine');
  } catch (error) {
    checks.skip('image and layout', error instanceof Error ? error.message : String(error));
    return;
  }
  await importImage(builder, suite, root);
  const overNetwork = join(folder.path, 'build.yml');
  const networks = nodeNames.map((name) => [name, { build: { context: top, network: 'host' } }]);
  writeFileSync(overNetwork, JSON.stringify({ services: Object.fromEntries(networks) }));
  const built = await checks.check('docker compose build: the image is made from this source', () =>
    openProject({ ...common, host: builder.host, files: [overNetwork] }).must(['build', 'node1'], 600_000),
  );
  const image = await builder.ask('/images/pgrouted-node/json');
  await builder.stop();
  if (built === undefined) return;
  await checks.check('no password stands in the configuration of the image', () => {
    expectThat(image.code === 0, 'there is no image pgrouted-node', image.told);
    const about = parsed(image.stdout);
    const { Config: config, Size: bytes } = isMap(about) ? about : {};
    say(`      the image has ${(Number(bytes) / 1e6).toFixed(0)} MB`);
    expectThat(
      !/password|secret=/i.test(JSON.stringify(config)),
      'its configuration speaks of passwords',
      image.stdout,
    );
  });
  if (!wish.parts.includes('layout')) return;
  const engine = await start('own');
  const project = openProject({ ...common, host: engine.host });
  await checkLayout(checks, project);
  if (wish.keep) {
    untimed();
    await project.must(['up', '--detach', '--no-build', '--wait'], 200_000);
    say(`running until Ctrl-C; in ${top}:`);
    say(`  export DOCKER_HOST=${engine.host}`);
    say(`  ${program} --project-name pgrouted exec node1 pgroutectl status`);
    await new Promise<never>(() => {});
  }
  await checks.check('docker compose down --volumes leaves nothing', async () => {
    await project.must(['down', '--volumes', '--timeout', '30'], 120_000);
    const left = [await engine.ask('/containers/json?all=1'), await engine.ask('/volumes')];
    expectThat(left[0]?.stdout.trim() === '[]', 'a container is left', left[0]?.stdout ?? '');
    expectThat(!(left[1]?.stdout ?? '').includes('pgrouted_'), 'a volume is left', left[1]?.stdout ?? '');
  });
}

await main().then(leave, async (error: unknown) => {
  console.error(`test:compose: ${error instanceof Error ? error.message : String(error)}`);
  await leave(1);
});
