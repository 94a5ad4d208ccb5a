// What a build is made from: version, commit, date. Works without git, too (a tarball of the source): then the commit is "unknown".
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What git answers in that folder, or undefined: no git, no repository, no commit. */
function git(folder, ...args) {
  const { status, stdout } = spawnSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The folder's own commit: that of a repository which merely contains the folder says nothing. */
function commitOf(folder) {
  if (git(folder, 'rev-parse', '--show-prefix') !== '') return undefined;
  const hash = git(folder, 'rev-parse', '--short=12', 'HEAD');
  if (hash === undefined) return undefined;
  return git(folder, 'status', '--porcelain') === '' ? hash : `${hash}+modified`;
}

/** `epoch`: seconds since 1970, what archives carry as date: SOURCE_DATE_EPOCH, else the commit's date, else that of the version's file. */
export function originOf(folder, env = process.env) {
  const manifest = join(folder, 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const commit = commitOf(folder);
  const given = /^\d+$/.test(env.SOURCE_DATE_EPOCH ?? '') ? Number(env.SOURCE_DATE_EPOCH) : undefined;
  const committed = commit === undefined ? undefined : git(folder, 'log', '-1', '--format=%ct');
  const epoch = given ?? Number(committed ?? Math.floor(statSync(manifest).mtimeMs / 1000));
  return { version, commit: commit ?? 'unknown', epoch };
}
