import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { distributed, writeChecksums } from './checksums.ts';
import { debFile, rpmFile } from './names.ts';

describe('the names of the packages', () => {
  it('are those of Debian and RPM, by version and processor', () => {
    expect(distributed('0.1.0')).toEqual([
      'pgrouted-0.1.0-1.aarch64.rpm',
      'pgrouted-0.1.0-1.x86_64.rpm',
      'pgrouted-0.1.0-linux-arm64.tar.gz',
      'pgrouted-0.1.0-linux-x64.tar.gz',
      'pgrouted-0.1.0.cdx.json',
      'pgrouted_0.1.0_amd64.deb',
      'pgrouted_0.1.0_arm64.deb',
    ]);
  });

  it('have a version before a release sort before it', () => {
    expect([debFile('0.2.0-rc.1', 'x64'), rpmFile('0.2.0-rc.1', 'arm64')]).toEqual([
      'pgrouted_0.2.0~rc.1_amd64.deb',
      'pgrouted-0.2.0~rc.1-1.aarch64.rpm',
    ]);
  });
});

describe('SHA256SUMS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgrouted-sums-'));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('sums up what is there of this version, and nothing else', () => {
    for (const name of ['pgrouted_0.1.0_amd64.deb', 'pgrouted_0.0.9_amd64.deb', 'notes'])
      writeFileSync(join(folder, name), 'abc');
    expect(readFileSync(writeChecksums(folder, '0.1.0'), 'utf8')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  pgrouted_0.1.0_amd64.deb\n',
    );
  });
});
