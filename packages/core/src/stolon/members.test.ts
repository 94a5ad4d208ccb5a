import { describe, expect, it } from 'vitest';
import {
  aKeeper,
  aMaster,
  aResync,
  aStandby,
  type DbData,
  failOver,
  type KeeperData,
  nameNew,
  StolonKeys,
} from '../../test/stolon-keys.ts';
import { lsn } from '../model/units.ts';
import { type ClusterView, type Member, memberOf } from '../model/view.ts';

function member(view: ClusterView, name: string): Member {
  const found = memberOf(view, name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const roles = (view: ClusterView): readonly string[] =>
  view.members.map(({ name, role, stateText }) => `${name} ${role} ${stateText}`);

describe('the members of a Stolon cluster', () => {
  it('are its keepers, each with its db', () => {
    const { view } = StolonKeys.listed();
    expect(roles(view)).toEqual(['k1 primary running', 'k2 replica running', 'k3 replica running']);
    expect(member(view, 'k2')).toEqual({
      name: 'k2',
      address: { host: '10.0.0.2', port: 5432 },
      role: 'replica',
      running: true,
      stateText: 'running',
      version: '15.4',
      timeline: 1,
      position: lsn(900),
      receivePosition: lsn(900),
      replayPosition: undefined,
      lagBytes: 100,
      replicationState: undefined,
      tags: { noloadbalance: false, nofailover: false, nosync: false, custom: {} },
      sync: 'async',
      pendingRestart: false,
      pauseSeen: false,
      recordRevision: view.revision,
      recordSeenAt: 100_000,
      present: true,
      problem: undefined,
      probe: undefined,
      stolon: {
        dbUid: 'db2',
        keeperHealthy: true,
        dbHealthy: true,
        generation: 2,
        currentGeneration: 2,
        specRole: 'standby',
        initMode: 'none',
        follows: 'internal',
        forceFail: false,
      },
    });
  });

  it('are primary only where the proxies were told so: the one that shall be is promoting, the one that was is demoted', () => {
    const store = StolonKeys.listed();
    expect(roles(store.write(failOver))).toEqual([
      'k1 demoted keeper unhealthy',
      'k2 promoting running',
      'k3 replica running',
    ]);
    expect(roles(store.write(nameNew))[1]).toBe('k2 primary running');
  });

  it('have a keeper without a db, which takes no part', () => {
    const { view } = StolonKeys.listed((data) => {
      delete data.dbs['db3'];
    });
    expect(member(view, 'k3')).toMatchObject({ role: 'uninitialized', running: false, stateText: 'no db' });
    expect(member(view, 'k3')).toMatchObject({ address: undefined, stolon: undefined, lagBytes: undefined });
  });

  it('follow from outside in a standby cluster', () => {
    const { view } = StolonKeys.listed((data) => {
      const db1 = aMaster('k1');
      data.dbs['db1'] = { ...db1, spec: { ...db1.spec, role: 'standby', followConfig: { type: 'external' } } };
    });
    expect(member(view, 'k1')).toMatchObject({ role: 'standby_leader', running: true });
    expect(member(view, 'k2').role).toBe('replica');
  });

  interface Odd {
    readonly keeper?: Partial<KeeperData['status']>;
    readonly status?: Partial<DbData['status']>;
    readonly generation?: number;
    readonly initMode?: string;
  }

  it.each<[string, Odd]>([
    ['keeper unhealthy', { keeper: { healthy: false } }],
    ['keeper unhealthy', { keeper: { healthy: false }, status: { healthy: false } }],
    ['db unhealthy', { status: { healthy: false } }],
    ['not converged', { status: { currentGeneration: 0 } }],
    ['resync', { generation: 1, initMode: 'resync' }],
    ['resync', { generation: 1, initMode: 'resync', status: { healthy: false, currentGeneration: 0 } }],
    ['initializing', { generation: 1, initMode: 'pitr' }],
    ['initializing', { generation: 1, initMode: 'new', status: { currentGeneration: 1 } }],
    ['running', { generation: 2, initMode: 'resync' }],
    ['running', { generation: 1, initMode: 'none' }],
    ['running', { generation: 7, status: { currentGeneration: 6 } }],
  ])('say %s for %j', (stateText, { keeper = {}, status = {}, generation = 2, initMode = 'none' }) => {
    const { view } = StolonKeys.listed((data) => {
      const db = aStandby('k2');
      data.keepers['k2'] = aKeeper(keeper);
      data.dbs['db2'] = {
        generation,
        spec: { ...db.spec, initMode },
        status: { ...db.status, ...status },
      };
    });
    expect(member(view, 'k2')).toMatchObject({ stateText, running: stateText === 'running' });
  });

  it('just added have no address and have never converged', () => {
    const { view } = StolonKeys.listed((data) => {
      data.dbs['db2'] = aResync('k2');
    });
    const { address, running, stateText, position, lagBytes, timeline } = member(view, 'k2');
    expect([address, running, stateText, position, lagBytes, timeline]).toEqual([
      undefined,
      false,
      'resync',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('that are ahead of the last known position of the master are not behind', () => {
    const store = StolonKeys.listed();
    const view = store.write(({ dbs: { db2 } }) => {
      if (db2 !== undefined) db2.status.xLogPos = 2_000;
    });
    expect(member(view, 'k2').lagBytes).toBe(0);
    expect(member(view, 'k1').lagBytes).toBeUndefined();
  });

  it.each([
    [['db2'], ['db2'], 'sync'],
    [['db2'], [], 'async'],
    [[], ['db2'], 'async'],
    [null, null, 'async'],
  ])('are in sync if wanted (%j) and told (%j) to be so: %s', (wanted, told, sync) => {
    const { view } = StolonKeys.listed(({ cluster, dbs: { db1 } }) => {
      cluster.spec['synchronousReplication'] = true;
      if (db1 === undefined) return;
      db1.spec.synchronousStandbys = wanted;
      db1.status.synchronousStandbys = told;
    });
    expect(view.settings.synchronousMode).toBe('on');
    expect(member(view, 'k2').sync).toBe(sync);
    expect(member(view, 'k3').sync).toBe('async');
  });

  it('that may not be master or in sync have the tags that say so', () => {
    const { view } = StolonKeys.listed((data) => {
      data.keepers['k2'] = aKeeper({ canBeMaster: false });
      data.keepers['k3'] = aKeeper({ canBeSynchronousReplica: false });
    });
    expect(member(view, 'k2').tags).toMatchObject({ nofailover: true, nosync: false });
    expect(member(view, 'k3').tags).toMatchObject({ nofailover: false, nosync: true });
  });

  it('stay the same ones when they get another db', () => {
    const store = StolonKeys.listed();
    const { members } = store.write((data) => {
      delete data.dbs['db2'];
      data.dbs['db9'] = aResync('k2');
    });
    expect(members.map(({ name, stolon }) => `${name} ${stolon?.dbUid}`)).toEqual(['k1 db1', 'k2 db9', 'k3 db3']);
  });

  it('with several dbs are judged by the one that decides about writes, else by the one that follows', () => {
    const dbOf = (...dbs: readonly [string, ReturnType<typeof aStandby>][]) =>
      member(StolonKeys.listed((data) => Object.assign(data.dbs, Object.fromEntries(dbs))).view, 'k2').stolon?.dbUid;
    expect(dbOf(['db0', aMaster('k2')])).toBe('db2');
    expect(dbOf(['db1', aMaster('k2')])).toBe('db1');
    expect(dbOf(['db0', aStandby('k2')])).toBe('db0');
    const { view } = StolonKeys.listed((data) => {
      failOver(data);
      data.dbs['db0'] = aStandby('k2');
    });
    expect(member(view, 'k2').stolon?.dbUid).toBe('db2');
  });

  it('are there for a db whose keeper is not listed', () => {
    const { view } = StolonKeys.listed((data) => {
      delete data.keepers['k1'];
    });
    expect(member(view, 'k1')).toMatchObject({ role: 'primary', running: false, stateText: 'keeper unhealthy' });
  });
});
