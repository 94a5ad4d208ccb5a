import { describe, expect, it } from 'vitest';
import { copied, type InstalledFile, text } from '../files.ts';
import { specText } from './spec.ts';

const files: readonly InstalledFile[] = [
  text('etc/default/pgrouted', ''),
  text('etc/pgrouted/pgrouted.yaml', '', 0o640),
  { path: 'usr/bin/pgroutectl', mode: 0o777, content: { kind: 'link', to: 'pgrouted' } },
  copied('usr/bin/pgrouted', '/x', 0o755),
  text('usr/share/fish/vendor_completions.d/pgrouted.fish', ''),
  text('usr/share/licenses/pgrouted/LICENSE', ''),
];

const spec = specText({
  version: '0.2.0-rc.1',
  files,
  requires: ['libc.so.6(GLIBC_2.28)(64bit)'],
  license: 'Apache-2.0 AND MIT',
  changelog: '* Sat Nov 21 2026 somebody - 0.2.0~rc.1-1\n- one\n',
  scripts: new Map([['%post', "printf '%s' x\n"]]),
});

describe('the spec of the .rpm', () => {
  it('names version, licences and what is required', () => {
    expect(spec).toContain('\nVersion: 0.2.0~rc.1\n');
    expect(spec).toContain('\nLicense: Apache-2.0 AND MIT\n');
    expect(spec).toContain('\nRequires: libc.so.6(GLIBC_2.28)(64bit)\n');
  });

  it('keeps the configuration over upgrades, for root and the service alone', () => {
    expect(spec).toContain('\n%config(noreplace) %attr(0640, root, pgrouted) /etc/pgrouted/pgrouted.yaml\n');
    expect(spec).toContain('\n%config(noreplace) %attr(0644, root, root) /etc/default/pgrouted\n');
    expect(spec).toContain('\n%dir %attr(0750, root, pgrouted) /etc/pgrouted\n');
  });

  it('owns the folders that may not be there before it, and none of the system', () => {
    const folders = [...spec.matchAll(/^%dir \S+ \S+ \S+ (.+)$/gm)].map(([, path]) => path);
    expect(folders).toEqual([
      '/etc/pgrouted',
      '/usr/share/fish',
      '/usr/share/fish/vendor_completions.d',
      '/usr/share/licenses/pgrouted',
    ]);
  });

  it('lists every file, with its rights, and a link without any', () => {
    expect(spec).toContain('\n%attr(0755, root, root) /usr/bin/pgrouted\n');
    expect(spec).toContain('\n/usr/bin/pgroutectl\n');
    expect(spec).toContain('\n%license %attr(0644, root, root) /usr/share/licenses/pgrouted/LICENSE\n');
  });

  it('leaves the percent signs of scripts to the shell', () => {
    expect(spec).toContain("%post\nprintf '%%s' x\n");
  });

  it('lets nothing rewrite the executable', () => {
    expect(spec).toContain('%global __os_install_post %{nil}');
    expect(spec).toContain('%global debug_package %{nil}');
  });
});
