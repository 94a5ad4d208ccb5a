import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openOutput } from './output-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgroutectl-'));
afterAll(() => rmSync(folder, { recursive: true }));
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('openOutput', () => {
  it('makes a file for its owner only, with each line at once', () => {
    const path = join(folder, 'new');
    const sink = openOutput(path, false);
    sink.write('a\n');
    expect(readFileSync(path, 'utf8')).toBe('a\n');
    expect(modeOf(path)).toBe(0o600);
    sink.close();
  });

  it('refuses to overwrite, and closes an overwritten file to others', () => {
    const path = join(folder, 'old');
    writeFileSync(path, 'old', { mode: 0o644 });
    expect(() => openOutput(path, false)).toThrow(`${path} exists; --force overwrites it`);
    const sink = openOutput(path, true);
    sink.write('new');
    sink.close();
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(modeOf(path)).toBe(0o600);
  });

  it('keeps the old file until there is a first line', () => {
    const path = join(folder, 'kept');
    writeFileSync(path, 'old');
    openOutput(path, true).close();
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it('leaves no empty file behind', () => {
    const path = join(folder, 'empty');
    openOutput(path, false).close();
    expect(existsSync(path)).toBe(false);
  });

  it('leaves a device as it is', () => {
    const before = modeOf('/dev/null');
    const sink = openOutput('/dev/null', true);
    sink.write('a');
    sink.close();
    expect(modeOf('/dev/null')).toBe(before);
  });

  it('says why a file cannot be made', () => {
    expect(() => openOutput(join(folder, 'no', 'such'), false)).toThrow(/can't be written: ENOENT/);
  });
});
