// What the configuration makes of the fragment. That HAProxy takes it is shown with the real one (integration/test/haproxy-fragment.test.ts).
import { formatConfigError, type PgroutedConfig } from '@pgrouted/core/config/config';
import { parseConfig } from '@pgrouted/core/config/parse';
import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { type FragmentRequest, haproxyConfig } from './haproxy-config.ts';

const etcd = "etcd: { endpoints: ['http://127.0.0.1:1'] }\n";

function config(text: string): PgroutedConfig {
  const result = parseConfig(text, 'c.yml', { env: {}, readFile: () => '' });
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result.config;
}

const request: FragmentRequest = {
  cluster: undefined,
  writePort: undefined,
  readPort: undefined,
  ports: new Map(),
  bind: undefined,
  servers: [{ name: 'pg1', host: '10.0.0.1', port: 5432 }],
  failClosed: false,
};

const printed = (text: string, asked: Partial<FragmentRequest> = {}): Promise<string> =>
  haproxyConfig(config(text), { ...request, ...asked }, systemClock);

const linesOf = (text: string, ...words: readonly string[]): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => words.includes(line.split(' ')[0] ?? ''));

const pigsty = `${etcd}clusters: [{ patroni: { scope: orders }, services: pigsty }]\n`;

describe('pgrouted haproxy-config', () => {
  it("has Pigsty's ports for Pigsty's services, which options win over", async () => {
    expect(linesOf(await printed(pigsty), 'bind', 'backend', 'server')).toEqual([
      'bind :5433',
      'backend orders-primary',
      'server pg1 10.0.0.1:6432 disabled',
      'bind :5434',
      'backend orders-replica',
      'server pg1 10.0.0.1:6432 disabled',
      'bind :5436',
      'backend orders-default',
      'server pg1 10.0.0.1:5432 disabled',
      'bind :5438',
      'backend orders-offline',
      'server pg1 10.0.0.1:5432 disabled',
    ]);
    const asked = { ports: new Map([['replica', 7000]]), writePort: 7001 };
    expect(linesOf(await printed(pigsty, asked), 'bind')).toEqual([
      'bind :5433',
      'bind :7000',
      'bind :5436',
      'bind :5438',
    ]);
  });

  it('knows a cluster that is discovered by its name', async () => {
    const text = `${etcd}clusters: [{ discover: true }, { patroni: { scope: a } }]\n`;
    expect(linesOf(await printed(text, { cluster: 'shop' }), 'backend')).toEqual([
      'backend shop_primary',
      'backend shop_replica',
    ]);
    expect(linesOf(await printed(text, { cluster: 'a' }), 'backend')).toEqual([
      'backend a_primary',
      'backend a_replica',
    ]);
    await expect(printed(text)).rejects.toThrow(
      'there are several clusters (a, those below /service/); choose one with --cluster NAME',
    );
  });

  it('lets HAProxy ask where the API listens, if it can', async () => {
    const listening = (http: string): string => `${pigsty}http: { ${http} }\n`;
    expect(linesOf(await printed(listening("listen: '0.0.0.0:8066'"), { failClosed: true }), 'http-check')[0]).toBe(
      'http-check connect addr 127.0.0.1 port 8066',
    );
    await expect(printed(listening("listen: '127.0.0.1:0'"), { failClosed: true })).rejects.toThrow(/port 0/);
    await expect(printed(listening('tls: { cert: a, key: b }'), { failClosed: true })).rejects.toThrow(/http\.tls/);
  });

  it('loads the Lua of a hold', async () => {
    const text = await printed(
      `${etcd}clusters: [{ patroni: { scope: a }, services: { rw: { backend: rw, role: primary, hold: 5s } } }]\n`,
    );
    expect(linesOf(text, 'lua-load')).toEqual([expect.stringMatching(/\/pgrouted-hold\.lua$/)]);
    expect(linesOf(text, 'tcp-request')[1]).toBe('tcp-request content lua.pgrouted_hold rw 5000 1000');
  });
});
