// docs/haproxy-hold.md and docs/fail-closed.md: what they show of a haproxy.cfg is taken by HAProxy without a word, and of a configuration by pgrouted.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatConfigError } from '@pgrouted/core/config/config';
import { parseConfig } from '@pgrouted/core/config/parse';
import { afterAll, describe, expect, it } from 'vitest';
import { failClosedLines, holdLua } from '../lab/haproxy.ts';
import { pageOf } from '../lab/page.ts';
import { temporaryFolder } from '../lab/process.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
afterAll(() => folder.remove());

/** What a file needs beside one backend. */
const HEAD = [
  'defaults',
  '    mode tcp',
  '    timeout connect 2s',
  '    timeout client 12h',
  '    timeout server 12h',
  'frontend fe',
  '    bind 127.0.0.1:5432',
  '    default_backend orders_primary',
  '',
].join('\n');

const takes = async (text: string) => {
  const file = join(folder.path, 'haproxy.cfg');
  writeFileSync(file, text.replace('/usr/share/pgrouted/pgrouted-hold.lua', holdLua).concat('\n'));
  const { stdout, stderr } = await run('/usr/sbin/haproxy', ['-c', '-f', file]);
  expect(stdout + stderr).toContain('Configuration file is valid');
  expect(stderr).not.toContain('[WARNING]');
};

describe('docs/haproxy-hold.md', () => {
  const page = pageOf('haproxy-hold.md');
  const [block = ''] = page.blocks('haproxy');

  it('shows a file that HAProxy takes', () => takes(block));

  it('shows a configuration that asks for what the file does', () => {
    const [yaml = ''] = page.blocks('yaml');
    const file = `etcd: { endpoints: [http://10.0.0.10:2379] }\n${yaml}`;
    const read = parseConfig(file, '/etc/pgrouted/pgrouted.yaml', { env: {}, readFile: () => '' });
    if (!read.ok) throw new Error(read.errors.map(formatConfigError).join('\n'));
    const [service] = read.config.clusters[0]?.services ?? [];
    expect(block).toContain(
      `lua.pgrouted_hold ${service?.backends[0]} ${service?.hold?.waitMs} ${service?.hold?.most}\n`,
    );
  });
});

describe('docs/fail-closed.md', () => {
  const [block = ''] = pageOf('fail-closed.md').blocks('haproxy');

  it('shows a backend that HAProxy takes, with the lines that the tests use', async () => {
    for (const line of failClosedLines(8080)) expect(block).toContain(`    ${line}\n`);
    await takes(HEAD + block);
  });
});
