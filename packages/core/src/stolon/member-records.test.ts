import { describe, expect, it } from 'vitest';
import { aKeeper, aResync, failOver, nameNew, StolonKeys } from '../../test/stolon-keys.ts';
import { lsn } from '../model/units.ts';
import { type ClusterView, type Member, memberOf } from '../model/view.ts';

function member(view: ClusterView, name: string): Member {
  const found = memberOf(view, name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

describe("a member's record", () => {
  it('is as old as its last change in meaning: positions and times alone are none', () => {
    const store = StolonKeys.listed();
    const { recordRevision, recordSeenAt } = member(store.view, 'k2');
    store.wait(5_000).write(({ changeTime, keepers: { k2 }, dbs: { db2 } }) => {
      if (k2 === undefined || db2 === undefined) return;
      k2.status.lastHealthyTime = changeTime.replace('20', '21');
      db2.status.xLogPos = 950;
    });
    expect(member(store.view, 'k2')).toMatchObject({ recordRevision, recordSeenAt, position: lsn(950) });
    store.wait(5_000).write((data) => {
      data.keepers['k2'] = aKeeper({ forceFail: true });
    });
    expect(member(store.view, 'k2')).toMatchObject({ recordRevision: store.revision, recordSeenAt: store.now });
    expect(member(store.view, 'k3')).toMatchObject({ recordSeenAt });
  });

  it('that can not be read costs only that member, and says where', () => {
    const store = StolonKeys.listed();
    const view = store.write(({ dbs: { db2 } }) => {
      Object.assign(db2?.status ?? {}, { timelineID: 'one' });
    });
    expect(member(view, 'k2')).toMatchObject({
      role: 'unknown',
      running: false,
      address: { host: '10.0.0.2', port: 5432 },
      stolon: undefined,
      problem: { key: 'stolon/cluster/demo/clusterdata', member: 'k2' },
    });
    expect(view.problems.map(({ error }) => error)).toEqual([expect.stringMatching(/^dbs\.db2\.status\.timelineID: /)]);
    expect(member(view, 'k1')).toMatchObject({ role: 'primary', running: true });
  });

  it('of a keeper that can not be read costs that member', () => {
    const view = StolonKeys.listed().write(({ keepers: { k3 } }) => {
      Object.assign(k3?.status ?? {}, { healthy: 'yes' });
    });
    expect(member(view, 'k3').problem?.error).toMatch(/^keepers\.k3\.status\.healthy: /);
  });

  it('of a db that does not even say whose it is belongs to nobody', () => {
    const view = StolonKeys.listed().write(({ dbs: { db2 } }) => {
      Object.assign(db2?.spec ?? {}, { keeperUID: 7 });
    });
    expect(view.problems).toMatchObject([
      { error: expect.stringMatching(/^dbs\.db2\.spec\.keeperUID/), member: undefined },
    ]);
    expect(member(view, 'k2').role).toBe('uninitialized');
  });

  it('with a name that would break a line is left out', () => {
    const { view } = StolonKeys.listed((data) => {
      data.keepers['a\nb'] = aKeeper();
    });
    expect(view.members.map(({ name }) => name)).toEqual(['k1', 'k2', 'k3']);
    expect(view.problems).toMatchObject([{ error: expect.stringContaining('a\\nb'), member: undefined }]);
  });
});

describe('a keeper that was removed (stolonctl removekeeper)', () => {
  const removed = (store: StolonKeys): ClusterView =>
    store.write((data) => {
      delete data.keepers['k3'];
      delete data.dbs['db3'];
    });

  it('is kept as it was last known for a failInterval, then forgotten', () => {
    const store = StolonKeys.listed();
    expect(member(removed(store), 'k3')).toMatchObject({ present: false, goneSince: store.now, role: 'replica' });
    expect(store.wait(19_999).write().members).toHaveLength(3);
    expect(
      store
        .wait(1)
        .write()
        .members.map(({ name }) => name),
    ).toEqual(['k1', 'k2']);
  });

  it('is there again when it comes back', () => {
    const store = StolonKeys.listed();
    removed(store);
    const view = store.write((data) => {
      data.keepers['k3'] = aKeeper();
      data.dbs['db4'] = aResync('k3');
    });
    expect(member(view, 'k3')).toMatchObject({ present: true, recordSeenAt: store.now, stateText: 'resync' });
    expect(member(view, 'k3').goneSince).toBeUndefined();
  });

  it('is kept while it is the one that held authority last', () => {
    const store = StolonKeys.listed();
    store.write(failOver);
    store.write((data) => {
      delete data.keepers['k1'];
      delete data.dbs['db1'];
    });
    expect(
      store
        .wait(60_000)
        .write()
        .members.map(({ name }) => name),
    ).toEqual(['k1', 'k2', 'k3']);
    store.write(nameNew);
    expect(store.write().members.map(({ name }) => name)).toEqual(['k2', 'k3']);
  });
});
