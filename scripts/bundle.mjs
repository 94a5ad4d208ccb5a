// How our TypeScript becomes one file of JavaScript: the same for the plain build (build.mjs) and for the executable (packaging/executable).
// `__PGROUTED_VERSION__` and `__PGROUTED_COMMIT__` in the source become what `origin` says (origin.mjs).
import { readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The top of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// CommonJS packages inside an ES module bundle still call `require` for Node's own modules.
const requireBanner = `import { createRequire as __createRequire } from 'node:module';
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
 * Node's own modules are required, not imported: for an import Node reads every name that a module has, and from Node 22 on `http` has WebSocket, for
 * which all of undici is loaded: 12 to 14 MB, and a tenth of the start.
 */
const requireBuiltins = {
  name: 'require-builtins',
  setup: (plugin) => {
    const names = new RegExp(`^(node:.+|${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`);
    plugin.onResolve({ filter: names }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin', sideEffects: false } : { path, external: true },
    );
    plugin.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
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

/** Bundles `from` into `to` (relative to the top, or absolute) and gives esbuild's metafile. Throws esbuild's errors, which it has printed. */
export async function bundle({
  from,
  to,
  origin,
  firstLine = '',
  target = 'node20.19',
  format = 'esm',
  legalComments = 'eof',
}) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [from],
    outfile: to,
    bundle: true,
    platform: 'node',
    target,
    format,
    banner: { js: format === 'esm' ? `${firstLine}${requireBanner}` : firstLine },
    define: {
      __PGROUTED_VERSION__: JSON.stringify(origin.version),
      __PGROUTED_COMMIT__: JSON.stringify(origin.commit),
    },
    external: ['pg-native'],
    sourcemap: 'linked',
    legalComments,
    // A smaller text is less memory in a daemon that should stay small; names stay, so that stack traces can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [englishOnly, requireBuiltins],
    metafile: true,
    logLevel: 'error',
  });
  escapeBeyondAscii(isAbsolute(to) ? to : join(root, to));
  return metafile;
}
