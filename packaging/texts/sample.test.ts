// The configuration as it is installed: says nothing as it is, and something valid with its lines uncommented.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatConfigError } from '@pgrouted/core/config/config';
import { parseConfig } from '@pgrouted/core/config/parse';
import { describe, expect, it } from 'vitest';

const installed = (path: string): string => fileURLToPath(new URL(`../tree/${path}`, import.meta.url));
const sample = readFileSync(installed('etc/pgrouted/pgrouted.yaml'), 'utf8');
const marked = /^# ---- from here.*?^# ---- to here ----$/ms.exec(sample)?.[0] ?? '';

/** As somebody does it who reads the file: explanations stay. */
const uncommented = (text: string): string => text.replaceAll(/^#(?=\S| {2})(?!$)/gm, '');

const read = (text: string) =>
  parseConfig(text, '/etc/pgrouted/pgrouted.yaml', { env: {}, readFile: () => 'secret\n' });
const saidOf = (text: string): readonly string[] => {
  const result = read(text);
  return result.ok ? result.warnings : result.errors.map(formatConfigError);
};

describe('/etc/pgrouted/pgrouted.yaml', () => {
  it('as it is installed says that nothing is configured yet', () => {
    expect(saidOf(sample)).toEqual([
      expect.stringMatching(/^\/etc\/pgrouted\/pgrouted\.yaml:\d+:\d+: nothing is configured yet; /),
    ]);
  });

  it('with the marked lines uncommented is a configuration without warnings', () => {
    const result = read(sample.replace(marked, uncommented(marked)));
    expect(result).toMatchObject({ ok: true, warnings: [] });
    if (!result.ok) return;
    expect(result.config.clusters.map(({ name, services }) => [name, services.length])).toEqual([['orders', 2]]);
  });

  it('with every line uncommented is one, too', () => {
    expect(saidOf(uncommented(sample))).toEqual([]);
    expect(uncommented(sample)).not.toBe(sample);
  });

  it('shows defaults where it says so', () => {
    const [small, whole] = [read(uncommented(marked)), read(uncommented(sample))];
    if (!small.ok || !whole.ok) throw new Error('the sample is no configuration');
    expect(whole.config.haproxy).toEqual(small.config.haproxy);
    expect(whole.config.http).toEqual(small.config.http);
    expect(whole.config.etcd).toEqual(small.config.etcd);
  });
});

describe('/etc/default/pgrouted', () => {
  const options = readFileSync(installed('etc/default/pgrouted'), 'utf8');

  it('sets no option as it is installed', () => {
    expect(options.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual(['PGROUTED_OPTS=""']);
  });

  it('means the same to a shell as to systemd, also where its examples are uncommented', () => {
    const examples = options.replaceAll(/^#(?=[A-Z_]+=)/gm, '');
    const lines = examples.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) expect(line).toMatch(/^[A-Z]+(_[A-Z]+)*="[^"$`\\]*"$/);
    const said = execFileSync('sh', ['-c', `set -eu; ${lines.join('\n')}\nprintf %s "$PGSSLMODE"`], {
      encoding: 'utf8',
    });
    expect(said).toBe('verify-full');
  });
});
