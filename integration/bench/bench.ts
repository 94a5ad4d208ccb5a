// npm run bench [-- [reaction] [footprint] [http] [switch] [fail-closed] [hold] [handshake] [scale] [package] [--quick]]: measures, prints tables, writes bench/results/<section>.json.
// Bounded in time; every program that it starts is gone when it ends, also when it is interrupted.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../lab/process.ts';
import { environment, load } from './environment.ts';
import { failClosed } from './fail-closed.ts';
import { table } from './figures.ts';
import { footprint } from './footprint.ts';
import { handshake } from './handshake.ts';
import { hold } from './hold.ts';
import { http } from './http.ts';
import { watchMachine } from './others.ts';
import { packaged } from './package.ts';
import { reaction } from './reaction.ts';
import type { Goal, Section } from './result.ts';
import { scale } from './scale.ts';
import { switches } from './switch.ts';

interface Chapter {
  readonly run: Section;
  readonly what: string;
  /** About how long it takes on two cores, in minutes: whole, quick. */
  readonly minutes: readonly [number, number];
}

const chapters: Readonly<Record<string, Chapter>> = {
  reaction: { run: reaction, what: 'a put in etcd until HAProxy holds what follows', minutes: [1, 0.2] },
  footprint: { run: footprint, what: 'memory after an hour of events, CPU at rest', minutes: [1.5, 0.7] },
  http: { run: http, what: 'the REST lists under load, and what checks by scripts cost', minutes: [4.5, 1.7] },
  switch: { run: switches, what: 'switchovers and node deaths, all methods side by side', minutes: [8, 2] },
  'fail-closed': { run: failClosed, what: 'HAProxy that also checks with the router', minutes: [4, 0.7] },
  hold: { run: hold, what: 'new connections that wait out planned switchovers', minutes: [3.5, 0.7] },
  handshake: {
    run: handshake,
    what: 'a master that Stolon takes away, until acknowledged; whole failovers',
    minutes: [8.5, 1.5],
  },
  scale: { run: scale, what: 'a thousand clusters: all primaries move at once, the router at rest', minutes: [3, 1] },
  package: { run: packaged, what: 'the executable beside the plain bundle: size, start, memory', minutes: [8, 3] },
};
const results = fileURLToPath(new URL('../../bench/results', import.meta.url));

const words = process.argv.slice(2);
const quick = words.includes('--quick');
const chosen = words.filter((word) => !word.startsWith('--'));
const unknown = words.find((word) => word !== '--quick' && !Object.hasOwn(chapters, word));
if (unknown !== undefined) {
  console.error(`bench: "${unknown}" is unknown; choose among ${Object.keys(chapters).join(', ')} and --quick`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const names = Object.keys(chapters).filter((name) => chosen.length === 0 || chosen.includes(name));
const beganAt = performance.now();
const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(0)} s`;
const say = (text: string): void => console.log(`[${seconds(beganAt).padStart(5)}] ${text}`);
const minutes = names.reduce((sum, name) => sum + (chapters[name]?.minutes[quick ? 1 : 0] ?? 0), 0);
say(`${names.join(', ')}: about ${minutes} minutes, load ${load()}`);

const missed: Goal[] = [];
for (const name of names) {
  const chapter = chapters[name];
  if (chapter === undefined) continue;
  const [whole, short] = chapter.minutes;
  const startedAt = performance.now();
  const loadBefore = load();
  const usedBy = watchMachine();
  say(`${name}: ${chapter.what}; about ${quick ? short : whole} minutes, load ${loadBefore}`);
  const folder = temporaryFolder();
  process.on('exit', folder.remove);
  const result = await chapter.run({ quick, folder: folder.path, say: (text) => say(`${name}: ${text}`) });
  folder.remove();
  const tookS = Math.round((performance.now() - startedAt) / 1000);
  const loads = { before: loadBefore, after: load() };
  const machine = usedBy();
  const document = { section: name, quick, tookS, load: loads, machine, environment: environment(), ...result };
  // A quick run is for trying out; its figures never replace those of a whole one.
  const file = join(results, `${name}${quick ? '-quick' : ''}.json`);
  mkdirSync(results, { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`);
  console.log('');
  for (const text of result.tables) console.log(`${text}\n`);
  for (const text of result.definitions) console.log(`  * ${text}`);
  console.log('');
  const goals = result.goals.map(({ what, wanted, measured, met }) => [what, wanted, measured, met ? 'met' : 'MISSED']);
  console.log(`${table([['goal', 'wanted', 'measured', ''], ...goals])}\n`);
  missed.push(...result.goals.filter(({ met }) => !met));
  say(
    `${name}: took ${seconds(startedAt)}, load ${loads.before} -> ${loads.after}, CPU ${Math.round(machine.ours * 100)} % ours, ${Math.round(machine.others * 100)} % of others; written to bench/results/${name}${quick ? '-quick' : ''}.json`,
  );
}
say(
  missed.length === 0 ? 'all goals met' : `${missed.length} goals missed: ${missed.map(({ what }) => what).join('; ')}`,
);
process.exit(0);
