#!/usr/bin/env node
// Bundles the daemon and the command line into one file each, which needs nothing but Node.
//   packages/server/src/main.ts -> packages/server/dist/pgrouted.mjs
//   packages/cli/src/main.ts    -> packages/cli/dist/pgroutectl.mjs
// What HAProxy loads is laid beside the daemon, which prints its path (`pgrouted haproxy-config`).
//   haproxy/*.lua -> packages/server/dist/*.lua
// `__PGROUTED_VERSION__` in the source becomes the version of the top package.json.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const bundles = [
  { from: 'packages/server/src/main.ts', to: 'packages/server/dist/pgrouted.mjs' },
  { from: 'packages/cli/src/main.ts', to: 'packages/cli/dist/pgroutectl.mjs' },
];

const absent = bundles.filter(({ from }) => !existsSync(join(root, from)));
if (absent.length > 0) {
  console.error(`build: no such entry point: ${absent.map(({ from }) => from).join(', ')}`);
  process.exitCode = 1;
}

// CommonJS packages inside an ES module bundle still call `require` for Node's own modules.
const banner = `#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);`;

// zod carries its messages in fifty languages; all but English are left out.
const englishOnly = {
  name: 'zod-english-only',
  setup: (plugin) =>
    plugin.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    })),
};

/**
 * One letter beyond ASCII, and Node keeps the whole text with two bytes for each. esbuild escapes those in strings, but neither in regular expressions nor
 * in comments. (On the one or two lines concerned the source map is off by some columns.)
 */
function escapeBeyondAscii(file) {
  const text = readFileSync(file, 'utf8');
  const escaped = text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (escaped !== text) writeFileSync(file, escaped);
}

for (const { from, to } of bundles.filter((bundle) => !absent.includes(bundle))) {
  const started = performance.now();
  try {
    const result = await build({
      absWorkingDir: root,
      entryPoints: [from],
      outfile: to,
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'esm',
      banner: { js: banner },
      define: { __PGROUTED_VERSION__: JSON.stringify(version) },
      external: ['pg-native'],
      sourcemap: 'linked',
      legalComments: 'eof',
      // A smaller text is less memory in a daemon that should stay small; names stay, so that stack traces can be read.
      minifyWhitespace: true,
      minifySyntax: true,
      plugins: [englishOnly],
      metafile: true,
      logLevel: 'error',
    });
    escapeBeyondAscii(join(root, to));
    chmodSync(join(root, to), 0o755);
    const bytes = result.metafile.outputs[to]?.bytes ?? 0;
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
