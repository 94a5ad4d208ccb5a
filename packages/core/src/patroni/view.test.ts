import { describe, expect, it } from 'vitest';
import { Keys, prefix, primaryRecord, record, soundKeys } from '../../test/patroni-keys.ts';
import { withConfirmation, withProbes } from '../model/overlay.ts';
import { lsn, millis } from '../model/units.ts';
import { memberOf } from '../model/view.ts';
import { drawers } from './entries.ts';
import { patroniPrefix } from './view.ts';

describe('patroniPrefix', () => {
  it.each([
    ['/service', 'demo', '/service/demo/'],
    ['service', 'demo', '/service/demo/'],
    ['//service//', '/demo/', '/service/demo/'],
    ['/', 'demo', '/demo/'],
  ])('%s and %s', (namespace, scope, expected) => {
    expect(patroniPrefix({ kind: 'patroni', namespace, scope })).toBe(expected);
  });

  it('ends with a slash, so that demo2 is another cluster', () => {
    const { view } = Keys.listed({ ...soundKeys, '../demo2/leader': 'x' });
    expect(view.leadership).toMatchObject({ member: 'n1' });
    expect(
      drawers(prefix, { revision: view.revision, confirmedAt: view.confirmedAt, entries: new Map() }).members,
    ).toEqual([]);
  });
});

describe('a view of Patroni', () => {
  it('has the members sorted by name, with lag by record', () => {
    const { view } = Keys.listed({
      ...soundKeys,
      status: '{"optime":5000}',
      'members/n2': record({ xlog_location: 4_000 }),
      'members/n3': record({ xlog_location: 4_900, replay_lsn: 4_500, receive_lsn: 4_900 }),
      'members/a0': record({ xlog_location: undefined }),
    });
    expect(view.members.map(({ name, lagBytes }) => [name, lagBytes])).toEqual([
      ['a0', undefined],
      ['n1', undefined],
      ['n2', 1_000],
      ['n3', 500],
    ]);
    expect(view.position).toBe(lsn(5_000));
  });

  it("takes the older key where there is no status, and the leader's record where that is further", () => {
    const { status: _, ...older } = soundKeys;
    expect(Keys.listed({ ...older, 'optime/leader': '3000' }).view.position).toBe(lsn(3_000));
    expect(Keys.listed({ ...older, 'optime/leader': '3' }).view.position).toBe(lsn(1_000));
    expect(Keys.listed({ ...older, status: 'x', 'optime/leader': '3000' }).view.problems).toHaveLength(1);
  });

  it('remembers the lag at the time of a record', () => {
    const keys = Keys.listed();
    const view = keys.wait(10_000).put({ status: '{"optime":9000}' });
    expect(memberOf(view, 'n2')).toMatchObject({ lagBytes: 8_000, lagBytesWhenWritten: 0 });
    const next = keys.wait(50).put({ 'members/n2': record({ xlog_location: 8_990 }) });
    expect(memberOf(next, 'n2')).toMatchObject({ lagBytes: 10, lagBytesWhenWritten: 10 });
  });

  it('knows since when a record stands', () => {
    const keys = Keys.listed();
    const first = keys.now;
    const view = keys.wait(10_000).put({ 'members/n2': record({ xlog_location: 2 }) });
    expect(view.members.map(({ recordSeenAt }) => recordSeenAt)).toEqual([first, keys.now, first]);
  });

  it.each([
    ['off', {}, 'async'],
    ['on', { config: '{"synchronous_mode":true}' }, 'sync'],
    ['quorum', { config: '{"synchronous_mode":"quorum"}' }, 'quorum'],
    [
      'of another leader',
      { config: '{"synchronous_mode":true}', sync: '{"leader":"n3","sync_standby":"n2"}' },
      'async',
    ],
  ])('tells synchronous standbys: %s', (_, changes, expected) => {
    const { view } = Keys.listed({ ...soundKeys, sync: '{"leader":"n1","sync_standby":"N2"}', ...changes });
    expect(view.members.map(({ sync }) => sync)).toEqual(['async', expected, 'async']);
  });

  it('leaves synchronous standbys what they are while nobody leads', () => {
    const config = '{"synchronous_mode":true}';
    const keys = Keys.listed({ ...soundKeys, config, sync: '{"leader":"n1","sync_standby":"n2"}' });
    const vacant = keys.put({ leader: undefined });
    expect(vacant.leadership.kind).toBe('vacant');
    expect(memberOf(vacant, 'n2')?.sync).toBe('sync');
    expect(memberOf(keys.put({ leader: 'n3' }), 'n2')?.sync).toBe('async');
  });

  it('lists failsafe members only while failsafe mode is on', () => {
    const failsafe = '{"n1":"http://a","n2":"http://b"}';
    expect(Keys.listed({ ...soundKeys, failsafe }).view.failsafeMembers).toEqual([]);
    expect(Keys.listed({ ...soundKeys, failsafe, config: '{"failsafe_mode":"on"}' }).view.failsafeMembers).toEqual([
      'n1',
      'n2',
    ]);
  });

  it('takes a switch from the failover key, and {} for none', () => {
    const keys = Keys.listed();
    expect(keys.put({ failover: '{"leader":"n1","member":"n2"}' }).plannedSwitch).toMatchObject({
      from: 'n1',
      to: 'n2',
    });
    expect(keys.put({ failover: '{}' }).plannedSwitch).toBeUndefined();
  });

  it('knows since when a switch is asked for, but for one that was there before', () => {
    const failover = '{"leader":"n1"}';
    const keys = Keys.listed();
    const since = keys.put({ failover }).plannedSwitch?.seenAt;
    expect(since).toBeDefined();
    expect(keys.put({ status: '{"optime":1}' }).plannedSwitch?.seenAt).toBe(since);
    expect(Keys.listed({ ...soundKeys, failover }).view.plannedSwitch?.seenAt).toBeUndefined();
  });
});

describe('the timeline of a cluster', () => {
  it("is the greatest of history and the leader's record, and never goes back", () => {
    const keys = Keys.listed();
    expect(keys.view.timeline).toBe(1);
    expect(keys.wait(10).put({ history: '[[1,2,"x"],[2,3,"y"]]' })).toMatchObject({
      timeline: 3,
      timelineSeenAt: keys.now,
    });
    const rose = keys.now;
    expect(keys.wait(10).put({ history: '[[1,2,"x"]]' })).toMatchObject({ timeline: 3, timelineSeenAt: rose });
    expect(keys.wait(10).put({ 'members/n1': primaryRecord({ timeline: 5 }) }).timeline).toBe(5);
  });

  it('begins anew with another cluster of the same name', () => {
    const keys = Keys.listed({ ...soundKeys, history: '[[7,2,"x"]]' });
    const view = keys.put({ initialize: '99', history: '[]', leader: 'n2', 'members/n3': undefined });
    expect(view).toMatchObject({ timeline: 1, systemId: '99', leadership: { origin: 'found' } });
    expect(memberOf(view, 'n3')).toBeUndefined();
  });
});

describe('a cluster that is not there yet, or no more', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['7710219912996130783', true],
  ])('with initialize %j is initialized: %s', (initialize, expected) => {
    const { initialize: _, ...others } = soundKeys;
    expect(Keys.listed(initialize === undefined ? others : { ...others, initialize }).view.initialized).toBe(expected);
  });

  it('stays initialized when somebody deletes the key of a running cluster', () => {
    const keys = Keys.listed();
    expect(keys.put({ initialize: undefined }).initialized).toBe(true);
    expect(keys.put({ leader: undefined }).initialized).toBe(false);
  });

  it('is empty after `patronictl remove`', () => {
    const keys = Keys.listed();
    const view = keys.put(Object.fromEntries(Object.keys(soundKeys).map((key) => [key, undefined])));
    expect(view).toMatchObject({ initialized: false, leadership: { kind: 'vacant' } });
    expect(view.members.every(({ present }) => !present)).toBe(true);
  });
});

describe('a member whose record is gone', () => {
  it('is kept as last known for as long as a lease lasts', () => {
    const keys = Keys.listed();
    const view = keys.wait(10).put({ 'members/n3': undefined });
    const since = keys.now;
    expect(memberOf(view, 'n3')).toMatchObject({
      present: false,
      goneSince: since,
      address: { host: '10.0.0.1', port: 5432 },
    });
    expect(memberOf(keys.wait(29_999).put({ status: '{"optime":1}' }), 'n3')).toMatchObject({ goneSince: since });
    expect(memberOf(keys.wait(1).put({ status: '{"optime":2}' }), 'n3')).toBeUndefined();
  });

  it('is kept for longer when it leads, or led last', () => {
    const keys = Keys.listed();
    keys.put({ 'members/n1': undefined });
    expect(memberOf(keys.wait(60_000).put({ status: '{"optime":1}' }), 'n1')?.present).toBe(false);
    keys.put({ leader: undefined });
    expect(memberOf(keys.wait(60_000).put({ status: '{"optime":2}' }), 'n1')?.present).toBe(false);
    keys.put({ leader: 'n2' });
    expect(memberOf(keys.put({ status: '{"optime":3}' }), 'n1')).toBeUndefined();
  });

  it('comes back as present', () => {
    const keys = Keys.listed();
    keys.put({ 'members/n3': undefined });
    expect(memberOf(keys.put({ 'members/n3': record() }), 'n3')).toMatchObject({ present: true, problem: undefined });
    expect(memberOf(keys.view, 'n3')?.goneSince).toBeUndefined();
  });
});

describe('records that can not be read', () => {
  it('make their own member unknown, with its last known address, and nobody else', () => {
    const keys = Keys.listed();
    const view = keys.put({ 'members/n2': '{"state":' });
    const problem = { key: '/service/demo/members/n2', error: 'not JSON (9 characters)', member: 'n2' };
    expect(memberOf(view, 'n2')).toMatchObject({
      role: 'unknown',
      running: false,
      problem,
      address: { host: '10.0.0.1' },
    });
    expect(view.problems).toEqual([problem]);
    expect(memberOf(view, 'n3')?.problem).toBeUndefined();
  });

  it('leave out members with absurd names, and say so', () => {
    const { view } = Keys.listed({
      ...soundKeys,
      'members/a\nb': record(),
      [`members/${'x'.repeat(10_240)}`]: record(),
      'members/': record(),
    });
    expect(view.members.map(({ name }) => name)).toEqual(['n1', 'n2', 'n3']);
    expect(view.problems.map(({ error }) => error).sort()).toEqual([
      'the name has 10240 characters',
      'the name holds control characters',
      'the name is empty',
    ]);
    expect(view.problems.every(({ key }) => key.length < 200 && !key.includes('\n'))).toBe(true);
  });

  it('take names with semicolons and spaces for what they are: data', () => {
    const { view } = Keys.listed({ ...soundKeys, leader: 'a; b', 'members/a; b': primaryRecord() });
    expect(view.leadership).toMatchObject({ member: 'a; b' });
    expect(memberOf(view, 'a; b')?.role).toBe('primary');
  });

  it('of the settings leave the last known ones in force', () => {
    const keys = Keys.listed({ ...soundKeys, config: '{"pause":true}' });
    const view = keys.put({ config: 'x' });
    expect(view).toMatchObject({ settings: { paused: true }, settingsUnknown: false });
    expect(view.problems).toMatchObject([{ key: '/service/demo/config' }]);
  });

  it('of settings that were never read are told, since they may say that this cluster takes no writes', () => {
    const keys = Keys.listed({ ...soundKeys, config: 'x' });
    expect(keys.view.settingsUnknown).toBe(true);
    expect(keys.put({ status: '{"optime":1}' }).settingsUnknown).toBe(true);
    expect(keys.put({ config: '{}' }).settingsUnknown).toBe(false);
  });

  it('do not stand in the way when there are no settings at all', () => {
    const { config: _, ...others } = soundKeys;
    expect(Keys.listed(others).view).toMatchObject({ settingsUnknown: false, settings: { ttlMs: 30_000 } });
  });
});

describe('the other changes of a view', () => {
  const { view } = Keys.listed();

  it('withProbes puts what PostgreSQL said to each member, and nothing else', () => {
    const state = { latest: { kind: 'silent', at: millis(5), error: 'x' }, lastAnswer: undefined } as const;
    const probed = withProbes(view, new Map([['n2', state]]));
    expect(probed.members.map(({ probe }) => probe)).toEqual([undefined, state, undefined]);
    expect(withProbes(probed, new Map())).toEqual(view);
  });

  it('withConfirmation moves only the instant of the confirmation', () => {
    expect(withConfirmation(view, millis(7))).toEqual({ ...view, confirmedAt: 7 });
    expect(withConfirmation(view, view.confirmedAt)).toBe(view);
  });
});
