import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { aboutText, protocols } from './about.ts';

describe('what the programs say of themselves', () => {
  const text = aboutText('pgrouted', { node: '26.10.0', v8: '14.6.202', inOneFile: true });

  it('begins with name and version, for whoever reads one line', () => {
    expect(text.split('\n')[0]).toBe('pgrouted dev');
  });

  it('tells commit, runtime and every protocol, each on a line of its own', () => {
    const lines = text.split('\n').slice(1);
    expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      'commit',
      'runtime',
      ...protocols.map(([who]) => who),
    ]);
    expect(lines[1]).toMatch(/Node\.js 26\.10\.0, V8 14\.6\.202, in one file with the program$/);
  });

  it('says so when Node is another program', () => {
    expect(aboutText('pgroutectl', { node: '20.20.2', v8: '11.3', inOneFile: false })).toMatch(/V8 11\.3$/m);
  });

  it.each([
    ['Stolon', /formatVersion 1$/, '../stolon/clusterdata.ts', /formatVersion !== 1/],
    ['pgrouted', /schema 1;/, '../status/schema.ts', /schema: z\.literal\(1\)/],
    ['pgrouted', /version 1$/, '../fleet/router-record.ts', /version: z\.literal\(1\)/],
  ])('knows of %s what the code holds to: %s', (who, said, file, held) => {
    expect(protocols.find(([name]) => name === who)?.[1]).toMatch(said);
    expect(readFileSync(new URL(file, import.meta.url), 'utf8')).toMatch(held);
  });
});
