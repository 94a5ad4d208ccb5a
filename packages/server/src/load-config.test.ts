import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Failure } from './failure.ts';
import { defaultSource, loadConfig, readAsPgRoute66 } from './load-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgrouted-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('where the configuration is, if the command line does not say', () => {
  const own = '/etc/pgrouted/pgrouted.yaml';
  const theirs = '/etc/pgroute66/config.yaml';

  it.each<[variable: string | undefined, there: readonly string[], source: unknown]>([
    ['/x.yml', [own, theirs], { kind: 'pgroute66', file: '/x.yml' }],
    [undefined, [own, theirs], { kind: 'own', file: own }],
    ['', [theirs], { kind: 'pgroute66', file: theirs }],
    [undefined, [], undefined],
  ])('PGROUTE66CONFIG=%s with %j', (variable, there, source) => {
    expect(defaultSource({ PGROUTE66CONFIG: variable }, (file) => there.includes(file))).toEqual(source);
  });
});

describe('a configuration that is loaded', () => {
  it('is what its keys say, under whatever name and however it was found', () => {
    const theirs = write('a.yml', 'hosts: { pg1: { host: 127.0.0.1 } }\n');
    const own = write('b.yml', 'clusters: [{ name: a, postgres: { hosts: { pg1: {} } } }]\n');
    for (const kind of ['own', 'pgroute66'] as const) {
      expect(readAsPgRoute66(loadConfig({ kind, file: theirs }, {}, {}).config)).toBe(true);
      expect(readAsPgRoute66(loadConfig({ kind, file: own }, {}, {}).config)).toBe(false);
    }
  });

  it('may be empty only where PgRoute66 has its file', () => {
    const file = write('empty.yml', '# nothing\n');
    expect(loadConfig({ kind: 'pgroute66', file }, {}, {}).config.clusters).toEqual([]);
    expect(() => loadConfig({ kind: 'own', file }, {}, {})).toThrow(Failure);
  });

  it('warns of a token that every user of the machine can read', () => {
    const token = write('token', 'a-long-random-token\n');
    const file = write(
      'd.yml',
      `clusters: [{ name: a, postgres: { hosts: { pg1: {} } } }]\nhttp: { control: { token_file: token } }\n`,
    );
    const warningsAt = (mode: number): readonly string[] => {
      chmodSync(token, mode);
      return loadConfig({ kind: 'own', file }, {}, {}).warnings;
    };
    expect(warningsAt(0o640)).toEqual([]);
    expect(warningsAt(0o644)).toEqual([
      `http.control.token_file: every user of this machine can read ${token}; chmod 640 keeps the token from them`,
    ]);
  });

  it('gives way to options', () => {
    const file = write('c.yml', 'hosts: {}\nport: 1234\nloglevel: debug\n');
    const overrides = { socket: '/s', listen: { host: '::1', port: 5 }, logLevel: 'warn' } as const;
    const { config, warnings } = loadConfig({ kind: 'own', file }, overrides, {});
    expect(warnings.at(-1)).toMatch(/^--socket: no cluster of the configuration has a service/);
    expect(config).toMatchObject({
      haproxy: [{ name: '/s', socket: '/s' }],
      http: { host: '::1', port: 5, availability: true },
      log: { level: 'warn' },
    });
  });
});
