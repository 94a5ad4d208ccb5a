import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { formatConfigError } from './config.ts';
import { parseConfig } from './parse.ts';
import { readKeys } from './pgroute66.ts';
import { usedWords } from './pgroute66-host.ts';
import { presets } from './presets.ts';
import { configSchema, controlMap } from './schema.ts';
import { holdMap, lagMap, outageMap } from './schema-service.ts';

const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
const surroundings = { env: {}, readFile: () => 'a-secret-of-a-length\n' };

/** Maps that may stand where one value can, by the key that holds them. */
const mapsOf: Readonly<Record<string, z.ZodObject>> = {
  max_lag: lagMap,
  hold: holdMap,
  outage: outageMap,
  control: controlMap({ ...surroundings, folder: '/' }),
};

/** Every key of the file by its path, as the page writes it. */
function keysOf(schema: unknown, path: string): readonly string[] {
  if (schema instanceof z.ZodOptional) return keysOf(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe && schema.out instanceof z.ZodRecord) return keysOf(schema.out, path);
  if (schema instanceof z.ZodArray) return keysOf(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return keysOf(schema.valueType, `${path}.*`);
  if (!(schema instanceof z.ZodObject)) return [path];
  return Object.entries(schema.shape).flatMap(([key, inner]) => {
    const here = path === '' ? key : `${path}.${key}`;
    const map = mapsOf[key];
    const isMap = inner instanceof z.ZodOptional && inner.unwrap() instanceof z.ZodPipe;
    return [...keysOf(inner, here), ...(map !== undefined && isMap ? keysOf(map, here) : [])];
  });
}

const pgRoute66Section = /^## PgRoute66's file\n.*?(?=^## )/ms.exec(page)?.[0] ?? '';

/** What stands in the first column of its tables. */
const keysInTables = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `') && !line.startsWith('| `--'))
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, key]) => key ?? ''));

describe('docs/configuration.md', () => {
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text ?? '');

  it('has examples that are configurations', () => {
    expect(examples).toHaveLength(8);
    for (const example of examples) {
      const result = parseConfig(example, '/etc/pgrouted/pgrouted.yaml', surroundings);
      expect(result.ok ? result.warnings : result.errors.map(formatConfigError)).toEqual([]);
    }
  });

  it('shows what the presets stand for', () => {
    const servicesIn = (text: string) => {
      const result = parseConfig(text, 'c.yml', surroundings);
      return result.ok ? result.config.clusters[0]?.services : result.errors;
    };
    const written = examples.find((example) => example.includes('"{cluster}-delayed"')) ?? '';
    const short = written.replace(/ services:[\s\S]*/, ` services: [${presets.join(', ')}]\n`);
    expect(servicesIn(written)).toEqual(servicesIn(short));
    expect(servicesIn(written)).toHaveLength(presets.length);
  });

  it('documents every key, and no other', () => {
    const known = keysOf(configSchema({ ...surroundings, folder: '/' }), '').map((key) => key.replace('[][]', '[]'));
    const documented = keysInTables(page.replace(pgRoute66Section, ''));
    const sections = ['haproxy', 'clusters[].services', 'clusters[].probe', 'clusters[].postgres.hosts'];
    expect(documented.filter((key) => !sections.includes(key)).sort()).toEqual(
      known.map((key) => key.replace(/(\.endpoints|groups\.\*|\.include|\.exclude|\.backends)\[\]$/, '$1')).sort(),
    );
  });

  it("documents every key of PgRoute66's file, and every keyword of its hosts, and no other", () => {
    expect([...keysInTables(pgRoute66Section)].sort()).toEqual([...readKeys, ...usedWords].sort());
  });
});
