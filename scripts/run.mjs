#!/usr/bin/env node
// The way in from a fresh clone: `npm run setup`, `npm test`, `npm run demo`, `npm run bench`.
// Needs Node and npm only; brings Debian's programs, pnpm (into .tools), the dependencies and the build, each only if missing.
//
//   npm test -- [--static] [--unit] [--integration] [vitest filters]      without a choice: everything
//   npm run demo -- [--stolon] [--keep] [--help]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePrograms } from './programs.mjs';
import { verdictOf } from './verdict.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const say = (text) => console.log(`\n== ${text}`);

// A child gets the terminal's Ctrl-C itself; we only wait for it. Signals sent to us alone are passed on.
let child;
let interruptedBy;
function interrupt(signal) {
  interruptedBy ??= signal;
  child?.kill(signal);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);

// npm passes SIGTERM to the shell between it and us, which dies of it without a word: then the parent is another.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || interruptedBy !== undefined || interrupt('SIGTERM'), 500).unref();
}

/** Runs a program in the project's folder with our own output. Gives its exit code, 128 + n after signal n. */
function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      if (interruptedBy === undefined) resolve(code ?? 128 + (constants.signals[signal] ?? 0));
      else reject(new Stop(`stopped by ${interruptedBy}`, 128 + constants.signals[interruptedBy]));
    });
  });
}

class Stop extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

async function must(what, command, args, env) {
  say(what);
  const code = await run(command, args, env);
  if (code !== 0) throw new Stop(`${what}: ${command} ended with ${code}`, code);
}

const versionOf = (text) => text.split('.').map(Number);

function checkNode() {
  const wanted = /\d+\.\d+/.exec(manifest.engines.node)?.[0] ?? '20.19';
  const [major, minor] = versionOf(process.versions.node);
  const [wantedMajor, wantedMinor] = versionOf(wanted);
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor))
    throw new Stop(`Node ${wanted} or newer is needed; this is ${process.versions.node}`);
}

const tools = join(root, '.tools');
const pnpm = join(tools, 'node_modules/.bin/pnpm');

async function ensurePnpm() {
  const [, version] = /^pnpm@([^+]+)/.exec(manifest.packageManager) ?? [];
  const installed = join(tools, 'node_modules/pnpm/package.json');
  if (existsSync(installed) && JSON.parse(readFileSync(installed, 'utf8')).version === version) return;
  mkdirSync(tools, { recursive: true });
  const args = [
    'install',
    '--prefix',
    tools,
    '--no-save',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  await must(`pnpm ${version} into .tools`, 'npm', [...args, `pnpm@${version}`]);
}

/** What the installed dependencies follow from. */
function dependencyStamp() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/package.json`);
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    'integration/package.json',
    'packaging/package.json',
    ...packages.sort(),
  ];
  const hash = createHash('sha256').update(process.versions.modules);
  for (const file of files)
    hash.update(file).update(existsSync(join(root, file)) ? readFileSync(join(root, file)) : '');
  return hash.digest('hex');
}

async function ensureDependencies() {
  const stampFile = join(root, 'node_modules/.pgrouted-stamp');
  const stamp = dependencyStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  // CI=true: pnpm asks nothing.
  await must('dependencies', pnpm, ['install', '--frozen-lockfile', '--reporter=append-only'], { CI: 'true' });
  writeFileSync(stampFile, stamp);
}

function ensureDebianPrograms(kinds) {
  const trouble = ensurePrograms(say, kinds);
  if (trouble !== undefined) throw new Stop(trouble);
}

const build = () => must('build', process.execPath, ['scripts/build.mjs']);

/** Runs one of our TypeScript programs. It gets SIGTERM, and so clears up, should we be killed before it. */
async function program(file, args) {
  if (!existsSync(join(root, file))) throw new Stop(`${file} does not exist`);
  return run('setpriv', ['--pdeathsig', 'TERM', '--', process.execPath, '--import', 'tsx', file, ...args]);
}

const choices = ['--static', '--unit', '--integration'];
const choicesIn = (args) => args.filter((arg) => choices.includes(arg));

/** Type check, linter and both vitest projects. The last line printed is the sum; a check that fails counts as one failed test. */
async function test(args) {
  const chosen = choicesIn(args);
  const filters = args.filter((arg) => !chosen.includes(arg));
  const wants = (choice) => chosen.length === 0 || chosen.includes(choice);
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  const check = async (what, script) => {
    say(what);
    if ((await run(pnpm, ['run', '--silent', script])) === 0) return;
    sum.failed += 1;
    failures.push(what);
  };
  const folder = mkdtempSync(join(tmpdir(), 'pgrouted-test-'));
  const suite = async (what, script) => {
    say(what);
    const report = join(folder, `${script.replace(':', '-')}.json`);
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const code = await run(pnpm, ['run', '--silent', script, ...reporters, ...filters]);
    const verdict = verdictOf(existsSync(report) ? readFileSync(report, 'utf8') : undefined, code);
    for (const key of ['passed', 'failed', 'skipped']) sum[key] += verdict[key];
    if (verdict.failed > 0) failures.push(what);
  };
  try {
    if (wants('--static')) {
      await check('type check', 'typecheck');
      await check('linter', 'lint');
    }
    if (wants('--unit')) await suite('unit tests', 'test:unit');
    if (wants('--integration')) {
      await check('build', 'build');
      await suite('integration tests (real etcd, Patroni, PostgreSQL, HAProxy)', 'test:integration');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (failures.length > 0) console.log(`\nfailed: ${failures.join(', ')}`);
  console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
  return sum.failed === 0 ? 0 : 1;
}

const wantsHelp = (args) => args.includes('--help');

/** Builds and runs one of our programs; asked for help, it needs no build. */
const builtProgram = (file, needs = ['lab']) => ({
  needs: (args) => (wantsHelp(args) ? [] : needs),
  run: async (args) => {
    if (!wantsHelp(args)) await build();
    return program(file, args);
  },
});

/** `needs`: which kinds of real programs these arguments take (programs.mjs). */
const commands = {
  setup: {
    needs: () => ['lab'],
    run: async () => {
      await build();
      return 0;
    },
  },
  test: {
    needs: (args) => (choicesIn(args).length > 0 && !args.includes('--integration') ? [] : ['lab']),
    run: test,
  },
  demo: builtProgram('integration/demo/demo.ts'),
  bench: builtProgram('integration/bench/bench.ts'),
  package: builtProgram('packaging/package.ts', ['package']),
  'test:packages': builtProgram('integration/packages/packages.ts', ['lab', 'package', 'packages']),
  'test:compose': builtProgram('integration/compose/compose.ts', ['lab', 'package', 'compose']),
  'test:node-matrix': builtProgram('integration/matrix/matrix.ts'),
};

try {
  const [name = '', ...rest] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined)
    throw new Stop(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')} [arguments]`, 2);
  checkNode();
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  // First what may end in "ask your administrator", then what takes long.
  ensureDebianPrograms(command.needs(args));
  await ensurePnpm();
  await ensureDependencies();
  process.exitCode = await command.run(args);
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = error.code;
}
