import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { formatConfigError } from './config.ts';
import { parseConfig } from './parse.ts';
import { readKeys } from './pgroute66.ts';
import { usedWords } from './pgroute66-host.ts';
import { configSchema } from './schema.ts';

const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
const surroundings = { env: {}, readFile: () => 'secret\n' };

/** Every key of the file by its path, as the page writes it. */
function keysOf(schema: unknown, path: string): readonly string[] {
  if (schema instanceof z.ZodOptional) return keysOf(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return keysOf(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return keysOf(schema.valueType, `${path}.*`);
  if (!(schema instanceof z.ZodObject)) return [path];
  return Object.entries(schema.shape).flatMap(([key, inner]) => keysOf(inner, path === '' ? key : `${path}.${key}`));
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
    expect(examples).toHaveLength(5);
    for (const example of examples) {
      const result = parseConfig(example, '/etc/pgrouted/pgrouted.yml', surroundings);
      expect(result.ok ? result.warnings : result.errors.map(formatConfigError)).toEqual([]);
    }
  });

  it('documents every key, and no other', () => {
    const known = keysOf(configSchema({ ...surroundings, folder: '/' }), '').map((key) => key.replace('[][]', '[]'));
    const documented = keysInTables(page.replace(pgRoute66Section, ''));
    const sections = ['haproxy', 'clusters[].services', 'clusters[].probe', 'clusters[].postgres.hosts'];
    expect(documented.filter((key) => !sections.includes(key)).sort()).toEqual(
      known.map((key) => key.replace(/^(etcd\.endpoints|groups\.\*)\[\]$/, '$1')).sort(),
    );
  });

  it("documents every key of PgRoute66's file, and every keyword of its hosts, and no other", () => {
    expect([...keysInTables(pgRoute66Section)].sort()).toEqual([...readKeys, ...usedWords].sort());
  });
});
