// npm run test:compose: docker-compose.yml and the Dockerfile as a user runs them, under a Docker engine of our own (engine.ts). Bounded in time; nothing that it
// starts outlives it. The last line is `N passed, M failed`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { leaving } from '../lab/leaving.ts';
import { isRoot, temporaryFolder } from '../lab/process.ts';
import { openSheets } from '../packages/sheet.ts';
import { playActs } from './acts.ts';
import { composeOf, importImage, layRoot, suiteOf } from './base-image.ts';
import { type Engine, startEngine } from './engine.ts';
import { checkFile } from './file-checks.ts';
import { checkLayout } from './layout-checks.ts';
import { isMap, parsed } from './parsed-file.ts';
import { nodeNames, openProject, top } from './project.ts';
import { demandSeen } from './seen.ts';
import { usage, type Wish, wishOf } from './words.ts';

const folder = temporaryFolder();
const engines: Engine[] = [];
/** Where no engine can run. */
const untried: string[] = [];
const sheets = openSheets((line) => console.log(line));
const leave = leaving(
  async () => {
    for (const engine of engines) await engine.stop().catch((error: unknown) => console.error(String(error)));
  },
  () => folder.remove(),
);

const conclude = (trouble?: string): number => sheets.conclude(trouble, untried);

async function main(): Promise<number> {
  const wish = wishOf(process.argv.slice(2));
  if (wish === 'help') {
    console.log(usage);
    return 0;
  }
  if (!isRoot())
    throw new Error('an engine and Debian roots can be made only by root: run this command as root, or with sudo');
  const timer = setTimeout(() => {
    void leave(conclude(`the time is over: ${wish.limitMs / 60_000} minutes (--minutes)`));
  }, wish.limitMs);
  try {
    await play(wish, () => clearTimeout(timer));
    return conclude();
  } catch (error) {
    return conclude(error instanceof Error ? error.message : String(error));
  }
}

async function play(wish: Wish, untimed: () => void): Promise<void> {
  const suite = suiteOf(join(top, 'Dockerfile'));
  const root = join(folder.path, 'root');
  await layRoot(suite, root, (text) => console.log(text));
  const program = await composeOf(root);
  const common = { program, folder: folder.path };
  if (wish.parts.includes('file')) await checkFile(sheets.part('file'), openProject(common));
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
    untried.push(`image and layout were not tried: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  const building = sheets.part('image');
  await importImage(builder, suite, root);
  const overNetwork = join(folder.path, 'build.yml');
  const networks = nodeNames.map((name) => [name, { build: { context: top, network: 'host' } }]);
  writeFileSync(overNetwork, JSON.stringify({ services: Object.fromEntries(networks) }));
  const built = await building.check('docker compose build: the image is made from this source', async () => {
    await openProject({ ...common, host: builder.host, files: [overNetwork] }).must(['build', 'node1'], wish.limitMs);
  });
  const image = await builder.ask('/images/pgrouted-node/json');
  await builder.stop();
  if (!built) return;
  await building.check('no password stands in the configuration of the image', () => {
    demandSeen(image.code === 0, 'there is no image pgrouted-node', image.told);
    const about = parsed(image.stdout);
    const { Config: config, Size: bytes } = isMap(about) ? about : {};
    const text = JSON.stringify(config);
    demandSeen(!/password|secret=/i.test(text), 'its configuration speaks of passwords', text);
    return `${(Number(bytes) / 1e6).toFixed(0)} MB unpacked`;
  });
  if (!wish.parts.includes('layout')) return;

  const engine = await start('own');
  const project = openProject({ ...common, host: engine.host });
  await checkLayout(sheets.part('layout'), project);
  await playActs(sheets.part('acts'), project);
  if (wish.keep) {
    untimed();
    await project.must(['up', '--detach', '--no-build', '--wait'], 200_000);
    console.log(`running until Ctrl-C; in ${top}:\n\n  export DOCKER_HOST=${engine.host}`);
    console.log(`  ${program} --project-name pgrouted exec node1 pgroutectl status\n`);
    await new Promise<never>(() => {});
  }
  await sheets.part('end').check('docker compose down --volumes leaves nothing', async () => {
    await project.must(['down', '--volumes', '--timeout', '30'], 120_000);
    const ours = encodeURIComponent(JSON.stringify({ label: ['com.docker.compose.project=pgrouted'] }));
    for (const [what, nothing] of [
      ['containers/json', /^\[\]$/],
      ['volumes', /"Volumes":(\[\]|null)/],
      ['networks', /^\[\]$/],
    ] as const) {
      const { stdout } = await engine.ask(`/${what}?all=1&filters=${ours}`);
      demandSeen(nothing.test(stdout.trim()), `of the ${what} something is left`, stdout);
    }
  });
}

await main().then(leave, async (error: unknown) => {
  console.error(`test:compose: ${error instanceof Error ? error.message : String(error)}`);
  await leave(1);
});
