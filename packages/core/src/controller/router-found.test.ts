// A router whose clusters come and go in etcd: started, driven, closed, let go. An etcd in memory, a model of HAProxy, and a clock that the test moves.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reads, writes } from '../../test/cluster.ts';
import { EtcdInMemory } from '../../test/etcd-in-memory.ts';
import type { ModelServer } from '../../test/haproxy-model.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import { ManyBackends } from '../../test/many-backends.ts';
import { soundKeys } from '../../test/patroni-keys.ts';
import type { PgroutedConfig } from '../config/config.ts';
import { silentLog } from '../model/log.ts';
import type { ClusterSpec, DiscoverySpec } from '../model/spec.ts';
import { type RunningRouter, startRouter } from './router.ts';

vi.mock('../haproxy/runtime.ts', async (original) => ({
  ...(await original<typeof import('../haproxy/runtime.ts')>()),
  RuntimeSocket: (await import('../../test/many-backends.ts')).ModelRuntime,
}));
vi.mock('../etcd/client.ts', async () => ({ EtcdClient: (await import('../../test/etcd-in-memory.ts')).MemoryClient }));
vi.mock('../etcd/mirror.ts', async () => ({ EtcdMirror: (await import('../../test/etcd-in-memory.ts')).MemoryMirror }));

const discovery: DiscoverySpec = {
  namespace: '/service',
  include: [],
  exclude: [],
  probe: undefined,
  grace: 'auto',
  services: [
    { ...writes, backends: ['{cluster}-rw'] },
    { ...reads, backends: ['{cluster}-ro'] },
  ],
};
const names = Array.from({ length: 10 }, (_, i) => `c${i}`);
const lines = names.flatMap((name) =>
  ['rw', 'ro'].flatMap((service) =>
    ['n1', 'n2', 'n3'].map((member, i): ModelServer => {
      const still = { admin: 5, op: 0, weight: 1, checkFails: false, sessions: 0, ending: 0 };
      return { ...still, backend: `${name}-${service}`, name: member, port: 5432 + i };
    }),
  ),
);

let clock: ManualClock;
let etcd: EtcdInMemory;
let haproxy: ManyBackends;
let router: RunningRouter;

const configOf = (changes: Partial<PgroutedConfig>): PgroutedConfig => ({
  etcd: {
    endpoints: [etcd.endpoint],
    ca: undefined,
    cert: undefined,
    key: undefined,
    user: undefined,
    password: undefined,
  },
  clusters: [],
  discovery: [],
  fleet: { enabled: false, prefix: '/pgrouted', name: undefined },
  haproxy: [{ name: 'model', socket: haproxy.path, masterSocket: undefined }],
  http: { host: '127.0.0.1', port: 0, tls: undefined, maxAgeMs: 30_000, availability: false, control: { kind: 'off' } },
  groups: { clusters: false, named: [] },
  log: { level: 'error', file: undefined },
  journal: { file: undefined, maxBytes: 1_000, keep: 1, memoryEntries: 1_000 },
  ...changes,
});
const start = (changes: Partial<PgroutedConfig>) => {
  router = startRouter({ config: configOf(changes), clock, log: silentLog, version: 'test' });
};
const putKeys = (scope: string) => {
  for (const [key, value] of Object.entries(soundKeys)) etcd.put(`/service/${scope}/${key}`, value);
};
const inOf = (backend: string) => haproxy.model.accepting(backend).map(({ name }) => name);
const driven = () => router.status().clusters.map(({ name }) => name);
const told = () => router.events(0, 1_000).entries.map(({ text }) => text);

beforeEach(() => {
  clock = new ManualClock();
  etcd = new EtcdInMemory();
  haproxy = new ManyBackends(lines, clock);
});
afterEach(async () => {
  const stopped = router.stop();
  await clock.pass(5_000);
  await stopped;
  haproxy.end();
});

describe('a router that finds its clusters', { timeout: 30_000 }, () => {
  beforeEach(async () => {
    putKeys('c0');
    putKeys('c1');
    start({ discovery: [discovery] });
    await clock.pass(1_000);
  });

  it('drives those that are there, and one that comes', async () => {
    expect(driven()).toEqual(['c0', 'c1']);
    expect(inOf('c0-rw')).toEqual(['n1']);
    expect(inOf('c0-ro')).toEqual(['n2', 'n3']);
    expect(inOf('c2-rw')).toEqual([]);
    putKeys('c2');
    await clock.pass(500);
    expect(driven()).toEqual(['c0', 'c1', 'c2']);
    expect(inOf('c2-rw')).toEqual(['n1']);
  });

  it('closes the write service of one whose keys are gone at once, and no other', async () => {
    etcd.deleteBelow('/service/c0/');
    await clock.pass(1_000);
    expect(inOf('c0-rw')).toEqual([]);
    expect(inOf('c1-rw')).toEqual(['n1']);
  });

  it('lets it go after a minute: its write service is closed first, whoever has opened it meanwhile', async () => {
    etcd.deleteBelow('/service/c0/');
    await clock.pass(59_999);
    haproxy.hand('c0-rw', 'set server c0-rw/n2 state ready');
    await clock.pass(500);
    expect(driven()).toEqual(['c1']);
    expect(inOf('c0-rw')).toEqual([]);
    expect(told()).toContain(
      'cluster c0 has had no keys in etcd for a minute: it is let go, its write services are closed',
    );
    // Nobody's backend any more: it is left alone.
    await clock.pass(20_000);
    haproxy.hand('c0-rw', 'set server c0-rw/n2 state ready');
    await clock.pass(2_000);
    expect(inOf('c0-rw')).toEqual(['n2']);
    putKeys('c0');
    await clock.pass(1_000);
    expect(inOf('c0-rw')).toEqual(['n1']);
  });

  it('goes on with one that is back within the minute', async () => {
    etcd.deleteBelow('/service/c0/');
    await clock.pass(30_000);
    putKeys('c0');
    await clock.pass(600);
    expect(inOf('c0-rw')).toEqual(['n1']);
    await clock.pass(60_000);
    expect(driven()).toEqual(['c0', 'c1']);
    expect(told().filter((text) => text.includes('was found in etcd'))).toHaveLength(2);
  });

  it('says in its status and its journal what it found and does not drive', async () => {
    expect(router.status().alarms).toEqual([]);
    etcd.put('/service/not a name/initialize', '1');
    await clock.pass(500);
    expect(router.status().alarms).toMatchObject([
      { code: 'discovered_name_unusable', facts: { scope: 'not a name' } },
    ]);
    expect(told().filter((text) => text.includes('not a name'))).toHaveLength(1);
    etcd.deleteBelow('/service/not a name/');
    await clock.pass(500);
    expect(router.status().alarms).toEqual([]);
  });
});

describe('two scopes that lead to the same backend', { timeout: 30_000 }, () => {
  it('are one cluster and one alarm, until the first one is let go: then the other has the backend', async () => {
    const [write] = discovery.services;
    if (write === undefined) throw new Error('no service');
    putKeys('one');
    putKeys('two');
    start({ discovery: [{ ...discovery, services: [{ ...write, backends: ['c0-rw'] }] }] });
    await clock.pass(1_000);
    expect(driven()).toEqual(['one']);
    expect(inOf('c0-rw')).toEqual(['n1']);
    const alarm = { code: 'discovered_backend_taken', facts: { scope: 'two', backend: 'c0-rw', cluster: 'one' } };
    expect(router.status().alarms).toMatchObject([alarm]);
    etcd.deleteBelow('/service/one/');
    await clock.pass(1_000);
    expect(inOf('c0-rw')).toEqual([]);
    await clock.pass(62_000);
    expect(driven()).toEqual(['two']);
    expect(inOf('c0-rw')).toEqual(['n1']);
    expect(router.status().alarms).toEqual([]);
    await clock.pass(20_000);
    expect(router.status().targets[0]?.problems.map(({ code }) => code)).not.toContain('backend_asked_twice');
  });
});

describe('listed clusters of one namespace', { timeout: 30_000 }, () => {
  const [write] = discovery.services;
  const listed = (count: number): readonly ClusterSpec[] =>
    names.slice(0, count).map((name) => ({
      name,
      source: { kind: 'patroni', scope: name, namespace: '/service' },
      probe: undefined,
      grace: 'auto',
      services: write === undefined ? [] : [{ ...write, backends: [`${name}-rw`] }],
    }));
  const prefixes = () => [...etcd.mirrors].map(({ prefix }) => prefix).sort();
  const own = (count: number) => names.slice(0, count).map((name) => `/service/${name}/`);
  const allIn = (count: number) => names.slice(0, count).every((name) => inOf(`${name}-rw`).join() === 'n1');

  it.each([
    [7, own(7)],
    [8, ['/service/']],
  ])('are %d read by %j', async (count, expected) => {
    for (const name of names) putKeys(name);
    start({ clusters: listed(count) });
    await clock.pass(1_000);
    expect(prefixes()).toEqual(expected);
    expect(allIn(count)).toBe(true);
  });

  it('are read one by one where etcd does not let the namespace be read, and followed so', async () => {
    for (const name of names) putKeys(name);
    etcd.forbidden.add('/service/');
    start({ clusters: listed(8) });
    await clock.pass(2_000);
    expect(prefixes().filter((prefix) => prefix !== '/service/')).toEqual(own(8));
    expect(allIn(8)).toBe(true);
    etcd.put('/service/c3/leader', 'n2');
    etcd.put('/service/c3/members/n2', soundKeys['members/n1'] ?? '');
    await clock.pass(1_000);
    expect(inOf('c3-rw')).toEqual(['n2']);
    expect(inOf('c4-rw')).toEqual(['n1']);
  });

  it('stay read together where the right is lost later', async () => {
    for (const name of names) putKeys(name);
    start({ clusters: listed(8) });
    await clock.pass(1_000);
    etcd.forbidden.add('/service/');
    await clock.pass(2_000);
    expect(prefixes()).toEqual(['/service/']);
  });
});
