import { describe, expect, it } from 'vitest';
import { copied, text } from '../files.ts';
import { conffilesText, controlText, installedKiB } from './control.ts';

describe('the control file of the .deb', () => {
  const control = controlText({ version: '0.2.0-rc.1', arch: 'arm64', depends: 'libc6 (>= 2.28)', installedKiB: 12 });

  it('names the package, its version as Debian sorts it, and the processor', () => {
    expect(control).toMatch(/^Package: pgrouted\nVersion: 0\.2\.0~rc\.1\nArchitecture: arm64\n/);
  });

  it('depends on what the executable is linked to and on what the scripts call, and on no Node', () => {
    expect(control).toContain('\nDepends: libc6 (>= 2.28), passwd\n');
    expect(control).not.toMatch(/^(Depends|Recommends|Suggests):.*node/m);
  });

  it('has a description in lines that every tool shows whole', () => {
    expect(control.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it('takes everything below /etc for the administrator’s', () => {
    const files = [text('etc/default/pgrouted', ''), copied('usr/bin/pgrouted', '/x'), text('etc/pgrouted/a', '')];
    expect(conffilesText(files)).toBe('/etc/default/pgrouted\n/etc/pgrouted/a\n');
  });

  it('counts each file in whole KiB', () => {
    expect(installedKiB([1, 1024, 1025], 2)).toBe(6);
  });
});
