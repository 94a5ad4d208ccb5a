import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { formatConfigError } from './config.ts';
import { parseConfig } from './parse.ts';
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

describe('docs/configuration.md', () => {
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text ?? '');

  it('has examples that are configurations', () => {
    expect(examples).toHaveLength(3);
    for (const example of examples) {
      const result = parseConfig(example, '/etc/pgrouted/pgrouted.yml', surroundings);
      expect(result.ok ? result.warnings : result.errors.map(formatConfigError)).toEqual([]);
    }
  });

  it('documents every key, and no other', () => {
    const known = keysOf(configSchema({ ...surroundings, folder: '/' }), '').map((key) => key.replace('[][]', '[]'));
    const rows = page.split('\n').filter((line) => line.startsWith('| `') && !line.startsWith('| `--'));
    const documented = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, key]) => key ?? ''),
    );
    const sections = ['haproxy', 'clusters[].services', 'clusters[].probe'];
    expect(documented.filter((key) => !sections.includes(key)).sort()).toEqual(
      known.map((key) => key.replace(/^etcd\.endpoints\[\]$/, 'etcd.endpoints')).sort(),
    );
  });
});
