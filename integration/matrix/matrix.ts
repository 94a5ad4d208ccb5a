// npm run test:node-matrix: what we ship, under every Node that we promise. One Node at a time, bounded in time; nothing that it starts outlives it.
// The last line is `N passed, M failed`. Installs no Node: runtimes come from npm, by pinned checksum, and lie below .tools/node.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hostArch, runtimeOf, runtimeVersions } from '../../packaging/executable/runtime.ts';
import { table } from '../bench/figures.ts';
import { leaving } from '../lab/leaving.ts';
import { temporaryFolder } from '../lab/process.ts';
import { runSuite, type SuiteResult } from './suite.ts';
import { patienceMs, usage, wishOf } from './words.ts';

const folder = temporaryFolder();
const leave = leaving(
  async () => {},
  () => folder.remove(),
);

const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`;

async function main(): Promise<number> {
  const wish = wishOf(process.argv.slice(2), runtimeVersions);
  if (wish === 'help') {
    console.log(usage);
    return 0;
  }
  const startedAt = performance.now();
  const say = (text: string): void => console.log(`[${seconds(performance.now() - startedAt).padStart(6)}] ${text}`);
  const rows: (readonly string[])[] = [];
  const sum = { passed: 0, failed: 0 };
  const count = (version: string, suite: string, result: SuiteResult): void => {
    const { passed, failed, skipped, tookMs, trouble } = result;
    sum.passed += passed;
    sum.failed += failed;
    rows.push([`Node ${version}`, suite, ...[passed, failed, skipped].map(String), seconds(tookMs)]);
    say(`Node ${version}, ${suite}: ${passed} passed, ${failed} failed, ${seconds(tookMs)}`);
    if (trouble !== undefined) console.log(`\n${trouble}\n`);
  };
  const nothing = { passed: 0, failed: 1, skipped: 0, tookMs: 0 };
  for (const version of runtimeVersions.filter((pinned) => wish.versions.includes(pinned))) {
    let node: string;
    say(`Node ${version}`);
    try {
      node = await runtimeOf(version, hostArch());
    } catch (error) {
      for (const suite of wish.suites) count(version, suite, { ...nothing, trouble: String(error) });
      continue;
    }
    for (const suite of wish.suites) {
      const limitMs = patienceMs(wish, performance.now() - startedAt);
      if (limitMs === 0) {
        count(version, suite, { ...nothing, trouble: 'not begun: the time was over (--minutes)' });
        continue;
      }
      const place = join(folder.path, version);
      mkdirSync(place, { recursive: true });
      say(`Node ${version}, ${suite} ...`);
      count(version, suite, await runSuite({ suite, node, folder: place, limitMs }));
    }
  }
  console.log(`\n${table([['', '', 'passed', 'failed', 'skipped', 'took'], ...rows])}\n`);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.failed === 0 ? 0 : 1;
}

await main().then(leave, async (error: unknown) => {
  console.error(`test:node-matrix: ${error instanceof Error ? error.message : String(error)}`);
  await leave(1);
});
