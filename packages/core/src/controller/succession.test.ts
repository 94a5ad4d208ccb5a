import { describe, expect, it } from 'vitest';
import { type ServiceSpec, serviceDefaults } from '../model/service.ts';
import type { ClusterSpec, TargetSpec } from '../model/spec.ts';
import { registrationOutlives, staysAsItIs } from './succession.ts';

const service = (backend: string, role: ServiceSpec['role'] = 'primary'): ServiceSpec => ({
  ...serviceDefaults,
  name: backend,
  backends: [backend],
  role,
  outage: { kind: 'auto' },
});
const cluster = (services: readonly ServiceSpec[], name = 'orders', register = true): ClusterSpec => ({
  name,
  source: { kind: 'stolon', name, prefix: 'stolon/cluster', register, onStop: 'leave' },
  grace: 'auto',
  services,
  probe: undefined,
});
const socket = (path: string, name = path): TargetSpec => ({ name, socket: path, masterSocket: undefined });
const reads = service('ro', 'replica');
const before = { clusters: [cluster([service('rw'), reads])], haproxy: [socket('/a'), socket('/b')] };
const outlives = (change: Partial<typeof before>): boolean =>
  before.clusters.every((spec) => registrationOutlives(spec, before, { ...before, ...change }));

describe('a registration', () => {
  it('outlives a configuration that is the same, or drives more', () => {
    expect(outlives({})).toBe(true);
    expect(outlives({ haproxy: [socket('/c'), socket('/b'), socket('/a', 'another name')] })).toBe(true);
    const more = cluster([service('rw'), reads, service('rw2')]);
    expect(outlives({ clusters: [more, cluster([service('x')], 'stock')] })).toBe(true);
  });

  it.each<[string, Partial<typeof before>]>([
    ['a HAProxy', { haproxy: [socket('/a')] }],
    ['a write backend', { clusters: [cluster([service('renamed'), reads])] }],
    ['a read backend', { clusters: [cluster([service('rw')])] }],
    ['the cluster', { clusters: [cluster([service('rw'), reads], 'stock')] }],
    ['the registration itself', { clusters: [cluster([service('rw'), reads], 'orders', false)] }],
    ['every write service', { clusters: [cluster([reads])] }],
  ])('ends with one in which %s is gone', (_, change) => {
    expect(outlives(change)).toBe(false);
  });
});

describe('a cluster', () => {
  const http = {
    host: 'localhost',
    port: 8080,
    tls: undefined,
    maxAgeMs: 30_000,
    availability: false,
    control: { kind: 'off' } as const,
  };
  const etcd = {
    endpoints: ['http://a'],
    ca: undefined,
    cert: undefined,
    key: undefined,
    user: undefined,
    password: 'a',
  };
  const registered = cluster([service('rw')]);
  const passive = cluster([service('rw')], 'stock', false);
  const unmanaged: ClusterSpec = { ...passive, name: 'bare', source: { kind: 'postgres', hosts: [] } };
  const whole = { clusters: [registered, passive, unmanaged], haproxy: [socket('/a')], etcd, http };
  const stay = (change: Partial<typeof whole>): readonly string[] =>
    whole.clusters.filter((spec) => staysAsItIs({ spec }, whole, { ...whole, ...change })).map(({ name }) => name);

  it('goes on as it is where nothing of it changes', () => {
    expect(stay({})).toEqual(['orders', 'stock', 'bare']);
    expect(stay({ http: { ...http, port: 1 } })).toEqual(['orders', 'stock', 'bare']);
    expect(stay({ clusters: [{ ...registered, grace: 1 }, passive, unmanaged] })).toEqual(['stock', 'bare']);
    expect(stay({ clusters: [unmanaged] })).toEqual(['bare']);
  });

  it('begins anew where it is read from elsewhere, or other answers count as old', () => {
    expect(stay({ etcd: { ...etcd, password: 'b' } })).toEqual(['bare']);
    expect(stay({ http: { ...http, maxAgeMs: 1 } })).toEqual([]);
  });

  it('that is registered in Stolon begins anew with other HAProxies: it speaks for them', () => {
    expect(stay({ haproxy: [socket('/a'), socket('/b')] })).toEqual(['stock', 'bare']);
  });
});
