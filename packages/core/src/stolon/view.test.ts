import { describe, expect, it } from 'vitest';
import { aKeeper, type Data, failOver, prefix, proxyInfo, StolonKeys, soundData } from '../../test/stolon-keys.ts';
import { lsn, millis, revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { stolonPrefix, stolonView } from './view.ts';

const key = `${prefix}clusterdata`;

describe('the prefix of a Stolon cluster', () => {
  it.each([
    ['stolon/cluster', 'orders', 'stolon/cluster/orders/'],
    ['orion/cluster', 'orders', 'orion/cluster/orders/'],
    ['/stolon/cluster', 'orders', '/stolon/cluster/orders/'],
    ['stolon//cluster/', 'orders', 'stolon/cluster/orders/'],
  ])('%s, %s', (storePrefix, name, expected) => {
    expect(stolonPrefix({ prefix: storePrefix, name })).toBe(expected);
  });

  it.each(['orion/cluster/demo/', '/stolon/cluster/demo/'])('may be %s: the keys below it are the same', (other) => {
    const entry = (value: string) => ({ value, modRevision: revision(5), lease: '0' });
    const entries = new Map([
      [`${other}clusterdata`, entry(JSON.stringify(soundData()))],
      [`${other}proxies/info/p1`, entry(proxyInfo('p1', 2))],
      [`${other}sentinel-leader/5e`, entry('s1')],
      [`${prefix}proxies/info/p2`, entry(proxyInfo('p2', 2))],
    ]);
    const records = { revision: revision(9), confirmedAt: millis(1), entries };
    const view = stolonView('demo', other, records, undefined, millis(2));
    expect(view.leadership).toMatchObject({ member: 'k1', revision: 5n });
    expect(view.proxies).toMatchObject({ sentinel: 's1', proxies: [{ uid: 'p1' }] });
  });
});

describe('the view of a Stolon cluster', () => {
  it('tells of the cluster as a whole', () => {
    const store = StolonKeys.listed();
    expect(store.view).toMatchObject({
      cluster: 'demo',
      source: 'stolon',
      revision: store.revision,
      confirmedAt: store.now,
      initialized: true,
      settings: {
        ttlMs: 20_000,
        loopWaitMs: 5_000,
        retryTimeoutMs: 10_000,
        maximumLagOnFailoverBytes: 1_232_896,
        synchronousMode: 'off',
        failsafeMode: false,
        standbyCluster: false,
        paused: false,
      },
      failsafeMembers: [],
      plannedSwitch: undefined,
      timeline: 1,
      timelineSeenAt: store.now,
      position: lsn(1_000),
      systemId: '7575835178962671673',
      problems: [],
    });
  });

  it('is not initialized before phase normal', () => {
    const { view } = StolonKeys.listed(({ cluster }) => Object.assign(cluster.status, { phase: 'initializing' }));
    expect(view.initialized).toBe(false);
  });

  it('knows a standby cluster by its role, and its end by stolonctl promote', () => {
    const standby = { initMode: 'existing', existingConfig: { keeperUID: 'k1' }, role: 'standby', standbyConfig: {} };
    const store = StolonKeys.listed(({ cluster }) => Object.assign(cluster.spec, standby));
    expect(store.view.settings.standbyCluster).toBe(true);
    expect(store.write(({ cluster }) => Object.assign(cluster.spec, { role: 'master' })).settings.standbyCluster).toBe(
      false,
    );
  });

  it("remembers the master's timeline and position while there is none", () => {
    const store = StolonKeys.listed();
    const { timelineSeenAt } = store.view;
    expect(store.wait(1_000).write(failOver)).toMatchObject({ timeline: 1, timelineSeenAt, position: 1_000n });
    store.write((data) => {
      Object.assign(data.proxy, { generation: 4, spec: { masterDbUid: 'db2' } });
      Object.assign(data.dbs['db2']?.status ?? {}, { timelineID: 2, xLogPos: 950 });
    });
    expect(store.view).toMatchObject({ timeline: 2, timelineSeenAt: store.now, position: 950n });
  });

  it('takes no notice of what keepers claim', () => {
    const store = StolonKeys.listed();
    const { members, leadership } = store.view;
    const claim = store.put({ 'keepers/info/k2': '{"uid":"k2","postgresState":{"healthy":true}}' });
    expect(claim.members).toEqual(members);
    expect(claim.leadership).toBe(leadership);
  });
});

describe('clusterdata that is of no use', () => {
  const faults: readonly (readonly [string, string | undefined, object])[] = [
    ['absent', undefined, { kind: 'absent', key }],
    ['unreadable', '{"formatVersion":1', { kind: 'unreadable', key, error: 'not JSON (18 characters)' }],
    ['format_version', '{"formatVersion":2}', { kind: 'format_version', key, version: '2' }],
    [
      'spec_invalid',
      JSON.stringify(withSpec({ proxyTimeout: '1s' })),
      { kind: 'spec_invalid', key, field: 'proxyCheckInterval', error: 'must be less than proxyTimeout' },
    ],
  ];

  it.each(faults)('(%s) leaves everything as it was, and says why', (_, clusterdata, problem) => {
    const store = StolonKeys.listed();
    const before = store.view;
    const view = store.wait(3_000).put({ clusterdata });
    expect(view.proxies?.problem).toEqual(problem);
    expect(changedFields(before, view)).toEqual(['confirmedAt', 'proxies', 'revision']);
    const { proxies } = store.put({ 'proxies/info/p1': proxyInfo('p1', 3) });
    expect(proxies).toMatchObject({ problem, masterDbUid: 'db1', enabled: [{ uid: 'p1' }, { uid: 'p2' }] });
    expect(proxies?.proxies).toMatchObject([{ uid: 'p1', generation: 3 }]);
  });

  it.each(faults)('(%s) at the first look leaves nothing', (_, clusterdata, problem) => {
    const entries = new Map(
      clusterdata === undefined ? [] : [[key, { value: clusterdata, modRevision: revision(5), lease: '0' }]],
    );
    const records = { revision: revision(9), confirmedAt: millis(1), entries };
    const view = stolonView('demo', prefix, records, undefined, millis(2));
    expect(view).toMatchObject({
      initialized: false,
      members: [],
      leadership: { kind: 'vacant', former: undefined },
      proxies: { problem, clusterUid: '', generation: 0, masterDbUid: undefined, proxyTimeoutMs: 15_000 },
    });
  });

  it('is forgotten when it can be used again: the master is the one it was', () => {
    const store = StolonKeys.listed();
    const { leadership, members } = store.view;
    store.wait(1_000).put({ clusterdata: '' });
    store.wait(1_000).write();
    expect(store.view.proxies?.problem).toBeUndefined();
    expect(store.view.leadership).toBe(leadership);
    expect(store.view.members).toEqual(members);
  });

  it('does not hide that another master was named meanwhile', () => {
    const store = StolonKeys.listed();
    store.put({ clusterdata: '' });
    store.write(({ proxy }) => Object.assign(proxy, { generation: 6 }));
    expect(store.view.leadership).toMatchObject({ member: 'k1', origin: 'found', revision: store.revision });
  });

  it('does not make the first master that is read afterwards a new one', () => {
    const entries = new Map([[key, { value: '', modRevision: revision(5), lease: '0' }]]);
    const at = { revision: revision(9), confirmedAt: millis(1) };
    const before = stolonView('demo', prefix, { ...at, entries }, undefined, millis(2));
    entries.set(key, { value: JSON.stringify(soundData()), modRevision: revision(10), lease: '0' });
    const view = stolonView('demo', prefix, { ...at, revision: revision(10), entries }, before, millis(3));
    expect(view.leadership).toMatchObject({ member: 'k1', origin: 'found', seenAt: 3 });
  });

  it('and etcd at an earlier state leave nothing of what was known', () => {
    const store = StolonKeys.listed();
    for (let i = 0; i < 5; i += 1) store.write();
    const view = store.restored(3, { clusterdata: '' });
    expect(view).toMatchObject({ members: [], leadership: { kind: 'vacant', former: undefined } });
    expect(store.write().leadership).toMatchObject({ member: 'k1', origin: 'found' });
  });
});

describe('a live cluster that is initialised again (stolonctl init)', () => {
  const again = (data: Data): void => {
    data.cluster.uid = '0badcafe';
    data.cluster.status = { phase: 'initializing' };
    data.keepers = {};
    data.dbs = {};
    data.proxy = { spec: {}, status: {} };
  };

  it('is another cluster: nothing of the old one is left', () => {
    const store = StolonKeys.listed();
    const view = store.wait(1_000).write(again);
    expect(view).toMatchObject({
      initialized: false,
      members: [],
      leadership: { kind: 'vacant', former: undefined, seenAt: store.now },
      timeline: undefined,
      position: undefined,
      systemId: undefined,
    });
    expect(view.proxies).toMatchObject({
      clusterUid: '0badcafe',
      generation: 0,
      generationRevision: store.revision,
      generationSeenAt: store.now,
      masterDbUid: undefined,
      enabled: [],
    });
  });

  it('names its first master, even under the generation and names of the old one', () => {
    const store = StolonKeys.listed();
    store.write(again);
    const sound = soundData();
    store.wait(1_000).write((data) => {
      data.keepers = { k2: aKeeper() };
      data.dbs = {
        db1: { ...(sound.dbs['db2'] ?? never()), spec: { ...(sound.dbs['db1'] ?? never()).spec, keeperUID: 'k2' } },
      };
      data.cluster.status = { phase: 'normal', master: 'db1' };
      data.proxy = { generation: 2, spec: { masterDbUid: 'db1', enabledProxies: ['p1'] }, status: {} };
    });
    const { leadership, proxies } = store.view;
    expect(leadership).toMatchObject({ member: 'k2', origin: 'named', seenAt: store.now });
    expect(proxies).toMatchObject({ generationRevision: store.revision, enabled: [{ since: store.revision }] });
  });

  it('is a new naming also if only its end is seen', () => {
    const store = StolonKeys.listed();
    const view = store.wait(1_000).write(({ cluster }) => Object.assign(cluster, { uid: '0badcafe' }));
    expect(view.leadership).toMatchObject({ member: 'k1', origin: 'named', seenAt: store.now });
    expect(view.proxies).toMatchObject({ generationSeenAt: store.now, enabled: [{ since: store.revision }, {}] });
  });
});

function withSpec(spec: object): Data {
  const data = soundData();
  Object.assign(data.cluster.spec, spec);
  return data;
}

function changedFields(a: ClusterView, b: ClusterView): readonly string[] {
  const other = new Map<string, unknown>(Object.entries(b));
  return Object.entries(a)
    .filter(
      ([name, value]) =>
        other.get(name) !== value && JSON.stringify(plain(value)) !== JSON.stringify(plain(other.get(name))),
    )
    .map(([name]) => name)
    .sort();
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? 'null');

function never(): never {
  throw new Error('not in the sound cluster');
}
