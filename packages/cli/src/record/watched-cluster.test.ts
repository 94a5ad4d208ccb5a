import type { StoredClusterSpec } from '@pgrouted/core/model/spec';
import { millis, revision } from '@pgrouted/core/model/units';
import type { StoreEntry, StoreRecords } from '@pgrouted/core/store/entries';
import { beforeEach, describe, expect, it } from 'vitest';
import { WatchedCluster } from './watched-cluster.ts';

const spec = (source: StoredClusterSpec['source']): StoredClusterSpec => ({
  name: 'demo',
  source,
  probe: undefined,
  grace: 'auto',
  services: [],
});

let cluster: WatchedCluster;
let now = 0;

/** The keys as they are now, without the prefix; a key has the revision at which its value came. */
let entries = new Map<string, StoreEntry>();
function records(prefix: string, keys: Readonly<Record<string, string>>): StoreRecords {
  now += 1;
  const before = entries;
  entries = new Map(
    Object.entries(keys).map(([key, value]) => {
      const was = before.get(prefix + key);
      const entry = { value, modRevision: revision(now), createRevision: revision(now), lease: '0' };
      return [prefix + key, was?.value === value ? was : entry];
    }),
  );
  return { revision: revision(now), confirmedAt: millis(now), entries };
}

beforeEach(() => {
  now = 0;
  entries = new Map();
});

describe('a watched cluster of Patroni', () => {
  const see = (keys: Readonly<Record<string, string>>): boolean =>
    cluster.see(records('/service/demo/', keys), millis(now));
  const member = (host: string): string =>
    JSON.stringify({ conn_url: `postgres://${host}:5432/postgres`, state: 'running', role: 'replica' });

  beforeEach(() => {
    cluster = new WatchedCluster(spec({ kind: 'patroni', scope: 'demo', namespace: '/service' }));
  });

  it('asks the members that say where they listen', () => {
    see({ initialize: '1', 'members/n1': member('10.0.0.1'), 'members/n2': '{' });
    expect(cluster.members()).toEqual([{ name: 'n1', address: { host: '10.0.0.1', port: 5432 } }]);
  });

  it('sees a switch in the leader key and in the failover key, and in nothing else', () => {
    const quiet = { initialize: '1', leader: 'n1', 'members/n1': member('10.0.0.1') };
    expect(see(quiet)).toBe(false);
    expect(see({ ...quiet, 'members/n2': member('10.0.0.2') })).toBe(false);
    expect(see({ ...quiet, failover: '{"leader":"n1","member":"n2"}' })).toBe(true);
    expect(see({ ...quiet, leader: 'n2' })).toBe(true);
    expect(see({ ...quiet, leader: 'n2', status: '{"optime":1}' })).toBe(false);
    expect(see({ initialize: '1' })).toBe(true);
  });
});

describe('a watched cluster of Stolon', () => {
  const see = (masterDbUid: string | undefined, generation: number, xLogPos = 1000): boolean =>
    cluster.see(
      records('stolon/cluster/demo/', { clusterdata: clusterdata(masterDbUid, generation, xLogPos) }),
      millis(now),
    );
  const db = (keeperUID: string, listenAddress: string, role: string, xLogPos: number) => ({
    generation: 1,
    spec: { keeperUID, role, initMode: 'none', followConfig: { type: 'internal' } },
    status: { healthy: true, currentGeneration: 1, listenAddress, port: '5432', timelineID: 1, xLogPos },
  });
  const keeper = (uid: string) => ({ uid, generation: 1, spec: {}, status: { healthy: true } });
  const clusterdata = (masterDbUid: string | undefined, generation: number, xLogPos: number): string =>
    JSON.stringify({
      formatVersion: 1,
      cluster: { uid: 'c1', generation: 1, spec: { initMode: 'new' }, status: { phase: 'normal', master: 'db1' } },
      keepers: { keeper1: keeper('keeper1'), keeper2: keeper('keeper2') },
      dbs: {
        db1: { uid: 'db1', ...db('keeper1', '10.0.0.1', 'master', xLogPos) },
        db2: { uid: 'db2', ...db('keeper2', '10.0.0.2', 'standby', xLogPos) },
      },
      proxy: { generation, spec: { masterDbUid, enabledProxies: [] } },
    });

  beforeEach(() => {
    cluster = new WatchedCluster(
      spec({ kind: 'stolon', name: 'demo', prefix: 'stolon/cluster', register: true, onStop: 'release' }),
    );
  });

  it('asks each keeper where its db listens', () => {
    see('db1', 2);
    expect(cluster.members()).toEqual([
      { name: 'keeper1', address: { host: '10.0.0.1', port: 5432 } },
      { name: 'keeper2', address: { host: '10.0.0.2', port: 5432 } },
    ]);
  });

  it('sees a switch in what the proxies are told, and not in the writes of every few seconds', () => {
    expect(see('db1', 2)).toBe(false);
    expect(see('db1', 2, 2000)).toBe(false);
    expect(see(undefined, 3)).toBe(true);
    expect(see(undefined, 3, 3000)).toBe(false);
    expect(see('db2', 4)).toBe(true);
  });
});
