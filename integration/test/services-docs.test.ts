// docs/services.md: every configuration that it shows is one that pgrouted takes, and every part of a haproxy.cfg one that HAProxy takes without a word.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatConfigError } from '@pgrouted/core/config/config';
import { parseConfig } from '@pgrouted/core/config/parse';
import { afterAll, describe, expect, it } from 'vitest';
import { holdLua } from '../lab/haproxy.ts';
import { pageOf } from '../lab/page.ts';
import { temporaryFolder } from '../lab/process.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
const page = pageOf('services.md');
const yaml = page.blocks('yaml');
const [head = '', ...sections] = page.blocks('haproxy');

afterAll(() => folder.remove());

/** Blocks that begin with a key of a cluster stand in an entry of `clusters`. */
const fileOf = (block: string): string => {
  if (/^(etcd|clusters):/.test(block)) return block;
  const entry = block.replaceAll(/^(?=.)/gm, '    ');
  return `etcd: { endpoints: [http://10.0.0.10:2379] }\nclusters:\n  - patroni: { scope: orders }\n${entry}`;
};

const firstName = (block: string): string => /(?<=^listen )\S+|(?<=^ {2}| {4})\w+(?=:)/m.exec(block)?.[0] ?? 'global';

describe('docs/services.md', () => {
  it('shows both', () => {
    expect(yaml.length).toBeGreaterThan(10);
    expect(sections.length).toBeGreaterThan(6);
  });

  it.each(yaml.map((block, i) => [i + 1, firstName(block), block] as const))(
    'has configurations that are read: %i, %s',
    (_, __, block) => {
      const read = parseConfig(fileOf(block), '/etc/pgrouted/pgrouted.yaml', { env: {}, readFile: () => 'secret' });
      expect(read.ok ? read.warnings : read.errors.map(formatConfigError)).toEqual([]);
    },
  );

  it.each(sections.map((block, i) => [i + 1, firstName(block), block] as const))(
    'has sections that HAProxy takes: %i, %s',
    async (place, _, block) => {
      const files = [head, block].map((text, i) => {
        const file = join(folder.path, `${place}-${i}.cfg`);
        writeFileSync(file, text.replaceAll('/usr/share/pgrouted/pgrouted-hold.lua', holdLua).concat('\n'));
        return ['-f', file];
      });
      const { stdout, stderr } = await run('/usr/sbin/haproxy', ['-c', ...files.flat()]);
      expect(stdout + stderr).toContain('Configuration file is valid');
      expect(stderr).not.toContain('[WARNING]');
    },
  );
});
