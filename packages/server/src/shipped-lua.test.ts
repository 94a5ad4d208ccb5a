import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { foldersOfExecutable, shippedLua } from './shipped-lua.ts';

describe('Lua files that a haproxy.cfg loads', () => {
  it('lie in the repository when the source is run', () => {
    for (const name of ['pgrouted-watchdog.lua', 'pgrouted-hold.lua'] as const) {
      const file = shippedLua(name);
      expect(file.endsWith(`/haproxy/${name}`)).toBe(true);
      expect(existsSync(file)).toBe(true);
    }
  });

  it('lie in share/pgrouted beside the folder of the executable, wherever that was unpacked', () => {
    expect(foldersOfExecutable('/usr/bin/pgrouted')[0]).toBe('/usr/share/pgrouted');
    expect(foldersOfExecutable('/opt/pgrouted-0.1.0/usr/bin/pgrouted')).toEqual([
      '/opt/pgrouted-0.1.0/usr/share/pgrouted',
      '/opt/pgrouted-0.1.0/usr/bin',
    ]);
  });
});
