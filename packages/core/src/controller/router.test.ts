// A router without etcd and without HAProxy, as PgRoute66's own file asks for: only the lists are wanted. Nobody listens where its servers should be.
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { probeSpec } from '../../test/cluster.ts';
import { realClock } from '../../test/real-clock.ts';
import type { PgroutedConfig } from '../config/config.ts';
import { silentLog } from '../model/log.ts';
import { type ServiceSpec, serviceDefaults } from '../model/service.ts';
import { type RunningRouter, startRouter } from './router.ts';

const writes: ServiceSpec = {
  ...serviceDefaults,
  name: 'primary',
  backends: ['rw'],
  role: 'primary',
  outage: { kind: 'auto' },
};

function configOf(names: readonly string[], port: number, services: readonly ServiceSpec[] = []): PgroutedConfig {
  const hosts = names.map((name) => ({ name, address: { host: '127.0.0.1', port }, connection: probeSpec }));
  return {
    etcd: undefined,
    clusters: [{ name: 'all', source: { kind: 'postgres', hosts }, probe: probeSpec, grace: 'auto', services }],
    discovery: [],
    fleet: { enabled: false, prefix: '/pgrouted', name: undefined },
    haproxy: [],
    http: {
      host: '127.0.0.1',
      port: 0,
      tls: undefined,
      maxAgeMs: 30_000,
      availability: false,
      control: { kind: 'off' },
    },
    groups: { clusters: false, named: [{ name: 'orders', members: ['pg1'] }] },
    log: { level: 'error', file: undefined },
    journal: { file: undefined, maxBytes: 1_000, keep: 1, memoryEntries: 100 },
  };
}

/** A port on which nobody listens. */
const closedPort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });

let port: number;
let router: RunningRouter;

beforeEach(async () => {
  port = await closedPort();
  router = startRouter({ config: configOf(['pg1', 'pg2'], port), clock: realClock, log: silentLog, version: 'test' });
});
afterEach(() => router.stop());

/** The next thing that is told of this server. */
const toldOf = (member: string) =>
  new Promise<string>((resolve) => {
    const stop = router.onEvent((entry) => {
      if (entry.member !== member || entry.kind !== 'probe') return;
      stop();
      resolve(entry.text);
    });
  });

describe('a router without etcd', () => {
  it('knows its servers at once, and nothing of them; it is ready for the lists when they were asked', async () => {
    expect(router.status()).toMatchObject({ ready: false, etcd: { members: [] }, targets: [] });
    expect(router.freshness()).toEqual({ revision: undefined, ageMs: undefined });
    expect(router.members().members).toEqual([
      { cluster: 'all', member: 'pg1', status: 'unavailable', groups: ['orders'] },
      { cluster: 'all', member: 'pg2', status: 'unavailable', groups: [] },
    ]);
    expect(await toldOf('pg2')).toMatch(/^PostgreSQL of pg2: down \(.*ECONNREFUSED/);
    // That nobody is there makes nothing late.
    expect(router.late()).toEqual([]);
    expect(router.ready()).toBe(true);
    expect(router.freshness()).toMatchObject({ revision: expect.any(String), ageMs: expect.any(Number) });
    expect(router.members().source).toBe('postgres');
    expect(router.members()).toBe(router.members());
  });

  it('is not ready where a write service is wanted that nobody drives', async () => {
    await router.reconfigure(configOf(['pg1'], port, [writes]));
    await toldOf('pg1');
    expect(router.ready()).toBe(false);
  });

  it('is waited for until every server has been asked, and goes on with what it knows in another configuration', async () => {
    await router.settling();
    expect(router.settling()).toBeUndefined();
    const { ageMs } = router.freshness();
    expect(ageMs).toEqual(expect.any(Number));
    const config = configOf(['pg1', 'pg2'], port);
    await router.reconfigure({ ...config, log: { level: 'debug', file: undefined } });
    expect(router.settling()).toBeUndefined();
    expect(router.freshness().revision).toEqual(expect.any(String));
    await router.reconfigure(configOf(['pg1'], port));
    expect(router.freshness().revision).toBeUndefined();
    await router.settling();
    expect(router.freshness().revision).toEqual(expect.any(String));
  });

  it('takes other servers with a new configuration', async () => {
    const before = router.members();
    await router.reconfigure(configOf(['pg3'], port));
    expect(before.members.map(({ member }) => member)).toEqual(['pg1', 'pg2']);
    expect(router.members().members.map(({ member }) => member)).toEqual(['pg3']);
    expect(await toldOf('pg3')).toContain('down');
  });

  it('has no availability unless it is allowed, and knows who is not there', async () => {
    expect(await router.availability('pg1', 10)).toEqual({ kind: 'not_allowed' });
    const config = configOf(['pg1'], port);
    await router.reconfigure({ ...config, http: { ...config.http, availability: true } });
    expect(await router.availability('nobody', 10)).toEqual({ kind: 'failed', text: 'invalid' });
  });
});
