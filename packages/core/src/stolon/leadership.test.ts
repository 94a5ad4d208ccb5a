import { describe, expect, it } from 'vitest';
import { aMaster, type Data, failOver, nameNew, StolonKeys } from '../../test/stolon-keys.ts';
import type { ClusterView } from '../model/view.ts';

const keeps = (view: ClusterView): unknown => {
  const { leadership } = view;
  return leadership.kind === 'held' ? leadership.member : `nobody, after ${leadership.former}`;
};

/** The keeper of `db` has carried out this generation. */
const converged =
  (db: string, currentGeneration: number) =>
  ({ dbs }: Data): void => {
    const found = dbs[db];
    if (found !== undefined) found.status.currentGeneration = currentGeneration;
  };

describe('authority in a Stolon cluster', () => {
  it('is found at the first look', () => {
    const store = StolonKeys.listed();
    expect(store.view.leadership).toEqual({
      kind: 'held',
      member: 'k1',
      revision: store.revision,
      seenAt: store.now,
      origin: 'found',
      recordsFrom: undefined,
      proofGeneration: 3,
      recordProofSince: store.now,
    });
  });

  it('is the same, as old as it is, while clusterdata is written again and again', () => {
    const store = StolonKeys.listed();
    const { leadership } = store.view;
    expect(store.wait(5_000).write().leadership).toBe(leadership);
    expect(store.wait(5_000).write(({ dbs: { db1 } }) => Object.assign(db1 ?? {}, { generation: 9 })).leadership).toBe(
      leadership,
    );
  });

  it('goes with masterDbUid, not with cluster.status.master, and not with the role of a db', () => {
    const store = StolonKeys.listed();
    const { revision } = store.wait(100).write(failOver);
    expect(store.view.leadership).toEqual({
      kind: 'vacant',
      former: 'k1',
      revision,
      seenAt: store.now,
      graceful: false,
    });
    const { leadership } = store.view;
    expect(store.wait(5_000).write().leadership).toBe(leadership);
    store.write(nameNew);
    expect(store.view.leadership).toMatchObject({
      kind: 'held',
      member: 'k2',
      revision: store.revision,
      seenAt: store.now,
      origin: 'named',
    });
  });

  it('is never regained: the same one named again is named', () => {
    const store = StolonKeys.listed();
    store.write(({ proxy }) => {
      delete proxy.spec.masterDbUid;
      proxy.generation = 3;
    });
    store.write(({ proxy }) => {
      proxy.spec.masterDbUid = 'db1';
      proxy.generation = 4;
    });
    expect(store.view.leadership).toMatchObject({ member: 'k1', origin: 'named', revision: store.revision });
  });

  it('is vacant while masterDbUid names no db', () => {
    const store = StolonKeys.listed();
    const ofNobody = store.write(({ proxy }) => {
      proxy.spec.masterDbUid = 'db7';
      proxy.generation = 3;
    });
    expect(keeps(ofNobody)).toBe('nobody, after k1');
    expect(ofNobody.proxies?.masterDbUid).toBe('db7');
  });

  it('at the first look may be vacant, after nobody known', () => {
    expect(keeps(StolonKeys.listed(failOver).view)).toBe('nobody, after undefined');
  });

  it('stays with a member whose db can not be read any more', () => {
    const store = StolonKeys.listed();
    const { leadership } = store.view;
    store.write(({ dbs: { db1 } }) => Object.assign(db1?.status ?? {}, { xLogPos: 'far' }));
    expect(store.view.leadership).toEqual({ ...leadership, recordProofSince: undefined });
  });

  it('passes to another db of the same keeper as a new naming', () => {
    const store = StolonKeys.listed();
    store.wait(1_000).write((data) => {
      data.dbs['db8'] = aMaster('k1');
      delete data.dbs['db1'];
      data.proxy.spec.masterDbUid = 'db8';
      data.proxy.generation = 3;
    });
    expect(store.view.leadership).toMatchObject({ member: 'k1', seenAt: store.now, revision: store.revision });
  });

  it('named away and back while nobody could look is found anew', () => {
    const store = StolonKeys.listed();
    store.wait(1_000).writeUnseen(
      failOver,
      nameNew,
      ({ proxy }) => Object.assign(proxy, { generation: 5, spec: {} }),
      ({ proxy }) => Object.assign(proxy, { generation: 6, spec: { masterDbUid: 'db1' } }),
    );
    expect(store.view.leadership).toMatchObject({
      member: 'k1',
      origin: 'found',
      seenAt: store.now,
      proofGeneration: 4,
    });
  });

  it('is not touched by a change of enabledProxies', () => {
    const store = StolonKeys.listed();
    const { leadership } = store.view;
    store.write(({ proxy }) => Object.assign(proxy, { generation: 3, spec: { masterDbUid: 'db1' } }));
    expect(store.view.leadership).toBe(leadership);
  });
});

describe('the proof by record', () => {
  it('needs the generation that the db had when it was named, and no later one', () => {
    const store = StolonKeys.listed();
    store.write(failOver);
    store.write(nameNew);
    expect(store.view.leadership).toMatchObject({ proofGeneration: 3, recordProofSince: undefined });
    store.wait(5_000).write((data) => {
      converged('db2', 3)(data);
      Object.assign(data.dbs['db2'] ?? {}, { generation: 4 });
    });
    const provenAt = store.now;
    expect(store.view.leadership).toMatchObject({ proofGeneration: 3, recordProofSince: provenAt });
    store.wait(5_000).write(converged('db2', 4));
    expect(store.view.leadership).toMatchObject({ proofGeneration: 3, recordProofSince: provenAt });
  });

  it('of a master that is found in the middle of a change waits for that one', () => {
    const store = StolonKeys.listed(({ dbs: { db1 } }) => Object.assign(db1 ?? {}, { generation: 4 }));
    expect(store.view.leadership).toMatchObject({ proofGeneration: 4, recordProofSince: undefined });
    expect(store.write(converged('db1', 4)).leadership).toMatchObject({ recordProofSince: store.now });
  });

  it('stands while the keeper or db is held for unhealthy, as the proxies go on', () => {
    const store = StolonKeys.listed();
    const { leadership } = store.view;
    store.write(({ keepers: { k1 }, dbs: { db1 } }) => {
      if (k1 !== undefined) k1.status.healthy = false;
      if (db1 !== undefined) db1.status.healthy = false;
    });
    expect(store.view.leadership).toBe(leadership);
  });

  it('begins anew when the keeper tells an earlier generation', () => {
    const store = StolonKeys.listed();
    expect(store.write(converged('db1', 2)).leadership).toMatchObject({ recordProofSince: undefined });
    store.wait(5_000).write(converged('db1', 3));
    expect(store.view.leadership).toMatchObject({ recordProofSince: store.now });
  });

  it('of a standby cluster that is promoted begins with the role: masterDbUid does not move', () => {
    const follows = { type: 'external' };
    const store = StolonKeys.listed(({ dbs: { db1 } }) => {
      Object.assign(db1?.spec ?? {}, { role: 'standby', followConfig: follows });
    });
    const { leadership } = store.view;
    expect(leadership).toMatchObject({ member: 'k1', proofGeneration: undefined, recordProofSince: undefined });
    store.write(({ dbs: { db1 } }) => {
      Object.assign(db1?.spec ?? {}, { role: 'master', followConfig: undefined });
      Object.assign(db1 ?? {}, { generation: 4 });
    });
    expect(store.view.leadership).toMatchObject({ ...leadership, proofGeneration: 4 });
    store.wait(5_000).write(converged('db1', 4));
    expect(store.view.leadership).toMatchObject({ ...leadership, proofGeneration: 4, recordProofSince: store.now });
  });
});

describe('authority when time goes backwards', () => {
  it('is found again after etcd was restored, and proven by what is written from then on', () => {
    const store = StolonKeys.listed();
    for (let i = 0; i < 5; i += 1) store.write();
    store.wait(1_000).restored(3, {});
    expect(store.view.leadership).toMatchObject({
      member: 'k1',
      origin: 'found',
      seenAt: store.now,
      proofGeneration: undefined,
      recordProofSince: undefined,
    });
    store.wait(5_000).write();
    expect(store.view.leadership).toMatchObject({ proofGeneration: 3, recordProofSince: store.now });
  });

  it('is found again after clusterdata was written back to an earlier generation', () => {
    const store = StolonKeys.listed();
    store.wait(1_000).write(({ proxy }) => Object.assign(proxy, { generation: 1 }));
    expect(store.view.leadership).toMatchObject({
      origin: 'found',
      seenAt: store.now,
      recordsFrom: store.revision,
      proofGeneration: undefined,
    });
    expect(store.write().leadership).toMatchObject({ origin: 'found', proofGeneration: 3 });
  });

  it('of another master in what was written back is a naming', () => {
    const store = StolonKeys.listed();
    store.write(failOver);
    store.write(nameNew);
    store.write(({ proxy }) => Object.assign(proxy, { generation: 2, spec: { masterDbUid: 'db1' } }));
    expect(store.view.leadership).toMatchObject({ member: 'k1', origin: 'named', proofGeneration: undefined });
  });
});
