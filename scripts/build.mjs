#!/usr/bin/env node
// Bundles the daemon and the command line into one file each, which needs nothing but Node.
//   packages/server/src/main.ts -> packages/server/dist/pgrouted.mjs
//   packages/cli/src/main.ts    -> packages/cli/dist/pgroutectl.mjs
// What HAProxy loads is laid beside the daemon, which prints its path (`pgrouted haproxy-config`).
//   haproxy/*.lua -> packages/server/dist/*.lua
import { chmodSync, copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle, root } from './bundle.mjs';
import { originOf } from './origin.mjs';

const origin = originOf(root);

const bundles = [
  { from: 'packages/server/src/main.ts', to: 'packages/server/dist/pgrouted.mjs' },
  { from: 'packages/cli/src/main.ts', to: 'packages/cli/dist/pgroutectl.mjs' },
];

const absent = bundles.filter(({ from }) => !existsSync(join(root, from)));
if (absent.length > 0) {
  console.error(`build: no such entry point: ${absent.map(({ from }) => from).join(', ')}`);
  process.exitCode = 1;
}

for (const { from, to } of bundles.filter((entry) => !absent.includes(entry))) {
  const started = performance.now();
  try {
    const metafile = await bundle({ from, to, origin, firstLine: '#!/usr/bin/env node\n' });
    chmodSync(join(root, to), 0o755);
    const bytes = metafile.outputs[to]?.bytes ?? 0;
    console.log(`${to}  ${(bytes / 1024).toFixed(0)} KiB  ${(performance.now() - started).toFixed(0)} ms`);
  } catch {
    // esbuild has printed what is wrong, with file and line.
    console.error(`build: ${from} could not be bundled`);
    process.exitCode = 1;
  }
}

for (const lua of ['pgrouted-watchdog.lua', 'pgrouted-hold.lua']) {
  const [from, to] = [join(root, 'haproxy', lua), join(root, 'packages/server/dist', lua)];
  if (existsSync(from)) {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  } else {
    console.error(`build: there is no haproxy/${lua}`);
    process.exitCode = 1;
  }
}
