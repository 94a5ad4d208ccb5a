import { describe, expect, it } from 'vitest';
import { failOver, nameNew, prefix, proxyInfo, StolonKeys } from '../../test/stolon-keys.ts';
import type { ClusterView } from '../model/view.ts';

function proxiesOf({ proxies }: ClusterView) {
  if (proxies === undefined) throw new Error('no proxies');
  return proxies;
}

const since = (view: ClusterView): readonly string[] =>
  proxiesOf(view).enabled.map(({ uid, since: from }) => `${uid} ${from}`);

describe("what Stolon's proxies are told", () => {
  it('stands in the view', () => {
    const store = StolonKeys.listed();
    expect(proxiesOf(store.view)).toEqual({
      problem: undefined,
      clusterUid: '63b229f1',
      generation: 2,
      generationRevision: store.revision,
      generationSeenAt: store.now,
      masterDbUid: 'db1',
      statusMasterDbUid: 'db1',
      enabled: [
        { uid: 'p1', since: store.revision },
        { uid: 'p2', since: store.revision },
      ],
      proxies: [],
      sentinel: undefined,
      writtenAt: store.now,
      writtenRevision: store.revision,
      sleepIntervalMs: 5_000,
      checkIntervalMs: 5_000,
      proxyTimeoutMs: 15_000,
      maxStandbyLagBytes: 1_232_896,
    });
  });

  it('has a generation that is as old as it is, whatever else is written', () => {
    const store = StolonKeys.listed();
    const { generationRevision, generationSeenAt } = proxiesOf(store.view);
    expect(proxiesOf(store.wait(5_000).write())).toMatchObject({ generation: 2, generationRevision, generationSeenAt });
    const cleared = { generation: 3, generationRevision: store.revision + 1n, generationSeenAt: store.now };
    expect(proxiesOf(store.write(failOver))).toMatchObject(cleared);
  });

  it('enables a proxy since it was first named without a break, under the same master', () => {
    const store = StolonKeys.listed();
    const first = store.revision;
    store.write();
    expect(since(store.view)).toEqual([`p1 ${first}`, `p2 ${first}`]);
    const enabledProxies = ['p3', 'p1'];
    const one = store.write(({ proxy }) =>
      Object.assign(proxy, { generation: 3, spec: { masterDbUid: 'db1', enabledProxies } }),
    );
    expect(since(one)).toEqual([`p1 ${first}`, `p3 ${one.revision}`]);
    const back = store.write(({ proxy }) =>
      Object.assign(proxy, { generation: 4, spec: { masterDbUid: 'db1', enabledProxies: ['p1', 'p2'] } }),
    );
    expect(since(back)).toEqual([`p1 ${first}`, `p2 ${back.revision}`]);
  });

  it('enables all anew with each other master', () => {
    const store = StolonKeys.listed();
    const cleared = store.write(failOver).revision;
    expect(since(store.view)).toEqual([`p1 ${cleared}`, `p2 ${cleared}`]);
    const named = store.write(nameNew).revision;
    expect(since(store.write())).toEqual([`p1 ${named}`, `p2 ${named}`]);
  });

  it('after a restore of etcd counts from the state that was restored', () => {
    const store = StolonKeys.listed();
    for (let i = 0; i < 5; i += 1) store.write();
    const { revision } = store.wait(1_000).restored(5, {});
    expect(proxiesOf(store.view)).toMatchObject({ generationRevision: revision, generationSeenAt: store.now });
    expect(since(store.view)).toEqual([`p1 ${revision}`, `p2 ${revision}`]);
  });

  it('is written each time that clusterdata is, and by no other key', () => {
    const store = StolonKeys.listed();
    const { writtenAt } = proxiesOf(store.view);
    expect(proxiesOf(store.wait(1_000).put({ 'proxies/info/p1': proxyInfo('p1', 2) })).writtenAt).toBe(writtenAt);
    expect(proxiesOf(store.wait(1_000).write()).writtenAt).toBe(store.now);
  });

  it('follows the intervals of the cluster spec', () => {
    const { view } = StolonKeys.listed(({ cluster }) => {
      Object.assign(cluster.spec, {
        sleepInterval: '2s',
        proxyCheckInterval: '1s',
        proxyTimeout: '4s',
        maxStandbyLag: 5,
        failInterval: '7s',
        requestTimeout: '3s',
      });
    });
    expect(proxiesOf(view)).toMatchObject({
      sleepIntervalMs: 2_000,
      checkIntervalMs: 1_000,
      proxyTimeoutMs: 4_000,
      maxStandbyLagBytes: 5,
    });
    expect(view.settings).toMatchObject({
      ttlMs: 7_000,
      loopWaitMs: 2_000,
      retryTimeoutMs: 3_000,
      maximumLagOnFailoverBytes: 5,
    });
  });
});

describe("what Stolon's proxies tell", () => {
  it('is known by uid, in order', () => {
    const store = StolonKeys.listed(undefined, {
      'proxies/info/p2': proxyInfo('p2', 1),
      'proxies/info/p1': proxyInfo('p1', 2, 'ab12cd34'),
    });
    expect(proxiesOf(store.view).proxies).toEqual([
      { uid: 'p1', infoUid: 'ab12cd34', generation: 2, timeoutMs: 15_000, revision: store.revision - 1n },
      { uid: 'p2', infoUid: 'cdc03856', generation: 1, timeoutMs: 15_000, revision: store.revision - 2n },
    ]);
    expect(proxiesOf(store.put({ 'proxies/info/p2': undefined })).proxies.map(({ uid }) => uid)).toEqual(['p1']);
  });

  it.each([
    ['p2', '{"infoUID":"a"}', 'UID: '],
    ['p2', '', 'empty'],
    ['p2', proxyInfo('p3', 1), 'UID: not the one in the key'],
    ['p\n2', proxyInfo('p\n2', 1), 'the name holds control characters'],
  ])('is left out and told where it can not be read: %j %s', (uid, value, error) => {
    const { view } = StolonKeys.listed(undefined, {
      'proxies/info/p1': proxyInfo('p1', 2),
      [`proxies/info/${uid}`]: value,
    });
    expect(proxiesOf(view).proxies.map((proxy) => proxy.uid)).toEqual(['p1']);
    expect(view.problems).toEqual([
      {
        key: `${prefix}proxies/info/${uid.replace('\n', '\\n')}`,
        error: expect.stringContaining(error),
        member: undefined,
      },
    ]);
    expect(view.leadership.kind).toBe('held');
  });
});

describe('the leading sentinel', () => {
  it('is the one whose key was made first', () => {
    const store = StolonKeys.listed(undefined, { 'sentinel-leader/ff': 's1', 'sentinel-leader/aa': 's2' });
    expect(proxiesOf(store.view).sentinel).toBe('s1');
    store.put({ 'sentinel-leader/ff': 's1' });
    expect(proxiesOf(store.view).sentinel).toBe('s1');
    expect(proxiesOf(store.put({ 'sentinel-leader/ff': undefined })).sentinel).toBe('s2');
    expect(proxiesOf(store.put({ 'sentinel-leader/aa': undefined })).sentinel).toBeUndefined();
  });
});
