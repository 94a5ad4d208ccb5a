import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@pgrouted/core/config/parse';
import { describe, expect, it } from 'vitest';
import { foldersOf, isConfiguration } from './files.ts';
import { scriptText } from './scripts.ts';
import { type Flavour, installedFiles, placed, projectRoot } from './stage.ts';

const parts = {
  executable: '/built/pgrouted',
  texts: new Map([
    ['pgrouted.8', '.TH pgrouted 8\n'],
    ['pgrouted.bash', ''],
    ['_pgrouted', ''],
    ['pgrouted.fish', ''],
  ]),
  changelog: [],
  copyright: 'License: Apache-2.0\n',
};

const staged = (flavour: Flavour) => installedFiles(flavour, parts);

describe('what is installed', () => {
  it('is one executable with two names', () => {
    const files = staged('deb').filter(({ path }) => path.startsWith('usr/bin/'));
    expect(files).toEqual([
      { path: 'usr/bin/pgroutectl', mode: 0o777, content: { kind: 'link', to: 'pgrouted' } },
      { path: 'usr/bin/pgrouted', mode: 0o755, content: { kind: 'copy', from: '/built/pgrouted' } },
    ]);
  });

  it('keeps what belongs to the administrator, and lets nobody else read the configuration', () => {
    expect(staged('deb').filter(isConfiguration)).toMatchObject([
      { path: 'etc/default/pgrouted', mode: 0o644 },
      { path: 'etc/pgrouted/pgrouted.yaml', mode: 0o640 },
    ]);
  });

  it('has the unit, the account, and what HAProxy loads', () => {
    const paths = staged('deb').map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'usr/lib/systemd/system/pgrouted.service',
        'usr/lib/sysusers.d/pgrouted.conf',
        'usr/lib/tmpfiles.d/pgrouted.conf',
        'usr/share/doc/pgrouted/changelog.gz',
        'usr/share/doc/pgrouted/copyright',
        'usr/share/man/man8/pgrouted.8.gz',
        'usr/share/pgrouted/pgrouted-hold.lua',
        'usr/share/pgrouted/pgrouted-watchdog.lua',
        'usr/share/zsh/vendor-completions/_pgrouted',
      ]),
    );
  });

  it('differs between distributions only where their customs do', () => {
    const custom = /^usr\/share\/(doc|licenses|lintian|zsh)\//;
    const others = (flavour: Flavour) =>
      staged(flavour)
        .map(({ path }) => path)
        .filter((path) => !custom.test(path));
    expect(others('rpm')).toEqual(others('deb'));
    expect(others('tar')).toEqual(others('rpm'));
    expect(staged('rpm').map(({ path }) => path)).toEqual(
      expect.arrayContaining(['usr/share/licenses/pgrouted/LICENSE', 'usr/share/zsh/site-functions/_pgrouted']),
    );
  });

  it('lists each folder before what is in it', () => {
    expect(foldersOf([{ path: 'a/b/c', mode: 0o644, content: { kind: 'text', text: '' } }])).toEqual(['a', 'a/b']);
  });

  it('has no place for a text of an unknown kind', () => {
    expect(() => placed('pgrouted.txt', '', 'deb')).toThrow(/where pgrouted\.txt belongs/);
  });

  const examples = join(projectRoot, 'packaging/tree/usr/share/doc/pgrouted/examples');
  it.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))(
    'has the example %s, which is valid',
    (name) => {
      const read = parseConfig(readFileSync(join(examples, name), 'utf8'), name, {
        env: {},
        readFile: () => '*:*:*:*:x\n',
      });
      expect(read).toMatchObject({ ok: true });
    },
  );
});

const folder = fileURLToPath(new URL('.', import.meta.url));
const scripts = ['deb/scripts', 'rpm/scripts', 'archive'].flatMap((place) =>
  readdirSync(join(folder, place))
    .filter((name) => name !== 'INSTALL')
    .map((name) => `${place}/${name}`),
);

describe.each(scripts)('the script %s', (name) => {
  const script = scriptText(join(folder, name));

  it('is complete, and one that a POSIX shell can read', () => {
    expect(script).not.toContain('#include');
    const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
