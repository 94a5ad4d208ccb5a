import { describe, expect, it } from 'vitest';
import { probeSpec, serviceOf } from '../../test/cluster.ts';
import { calm, Heard, postgresSpec, type Said, servers } from '../../test/postgres-words.ts';
import { explainReason } from '../model/reason.ts';

type Row = readonly [what: string, said: readonly Said[], at: number, pg1: string, pg2: string, pg3?: string];

const notLeader = 'maint not_leader';
const noLeader = 'maint no_leader';
const conflict = 'maint conflicting_primaries';
const ready = 'ready leader_proven';
const stays = 'ready leader_proven_silent';
const tooOld = 'maint proof_too_old';
const followers = calm.slice(1);
const awaited = 'maint write_undecided';

const rows: readonly Row[] = [
  ['one says that it is primary', calm, 200, ready, notLeader],
  ['nobody does, and nobody did', [[100, 'pg1', 'standby'], ...followers], 200, noLeader, noLeader],

  ['two do', [...calm, [200, 'pg2', 'primary']], 210, conflict, conflict],
  ['two do since the start', [...calm, [101, 'pg2', 'primary']], 110, conflict, conflict],
  ['all do', [...calm, [200, 'pg2', 'primary'], [200, 'pg3', 'primary']], 210, conflict, conflict],
  [
    'one of two has gone, the other was asked before that',
    [...calm, [200, 'pg2', 'primary'], [300, 'pg1', 'primary'], [310, 'pg2', 'down']],
    320,
    'maint leader_awaits_proof',
    notLeader,
  ],
  [
    'one of two has gone, the other has said it once more',
    [...calm, [200, 'pg2', 'primary'], [310, 'pg2', 'down'], [320, 'pg1', 'primary']],
    330,
    ready,
    notLeader,
  ],

  ['the primary is silent', [...calm, [300, 'pg1', 'silent']], 3_099, stays, notLeader],
  ['the primary turns us away', [...calm, [300, 'pg1', 'denied']], 3_099, stays, notLeader],
  [
    'the primary is silent, then turns us away',
    [...calm, [300, 'pg1', 'silent'], [400, 'pg1', 'denied']],
    500,
    stays,
    notLeader,
  ],
  ['the primary has been silent for long', [...calm, [300, 'pg1', 'silent']], 3_100, tooOld, noLeader],
  ['the last answer of the primary is old, the next one still awaited', calm, 3_100, tooOld, notLeader],
  ['it was silent from the first', [[100, 'pg1', 'silent'], ...followers], 200, noLeader, noLeader],
  [
    'it fell silent before it was the only one',
    [...calm, [200, 'pg2', 'primary'], [250, 'pg1', 'silent'], [300, 'pg2', 'standby']],
    310,
    'maint leader_unreachable',
    notLeader,
  ],
  [
    'it was gone before it fell silent',
    [...calm, [200, 'pg1', 'down'], [210, 'pg1', 'silent']],
    220,
    'maint leader_unreachable',
    noLeader,
  ],
  [
    'the primary is silent, another says so since',
    [...calm, [300, 'pg1', 'silent'], [400, 'pg2', 'primary']],
    410,
    notLeader,
    ready,
    notLeader,
  ],
  [
    'the silent one comes back as primary as well',
    [...calm, [300, 'pg1', 'silent'], [400, 'pg2', 'primary'], [500, 'pg1', 'primary']],
    510,
    conflict,
    conflict,
  ],

  ['the primary stops', [...calm, [200, 'pg1', 'stopping']], 399, 'drain leader_shutting_down', noLeader],
  ['the primary is gone', [...calm, [200, 'pg1', 'down']], 399, 'drain leader_down', noLeader],
  ['the primary has been gone for 200 ms', [...calm, [200, 'pg1', 'down']], 400, 'maint leader_down', noLeader],
  [
    'the primary is gone after a long silence',
    [...calm, [300, 'pg1', 'silent'], [3_101, 'pg2', 'standby'], [3_110, 'pg1', 'down']],
    3_120,
    'maint leader_down',
    noLeader,
  ],
  ['the primary starts up', [...calm, [200, 'pg1', 'starting']], 201, 'maint leader_starting', noLeader],
  ['the primary is in recovery', [...calm, [200, 'pg1', 'standby']], 201, 'maint leader_in_recovery', noLeader],
  ['another took over', [...calm, [200, 'pg1', 'down'], [300, 'pg2', 'primary']], 301, notLeader, ready, notLeader],
  ['the primary came back', [...calm, [200, 'pg1', 'down'], [300, 'pg1', 'primary']], 301, ready, notLeader],

  ['nobody was asked yet', [], 0, awaited, awaited],
  ['somebody was not asked yet', calm.slice(0, 2), 999, awaited, awaited],
  ['somebody was not asked for a second', calm.slice(0, 2), 1_000, ready, notLeader],
  ['nobody was asked for a second', [], 1_000, noLeader, noLeader],
];

describe('a write service of servers that nobody manages', () => {
  const cases = rows.map(([what, said, at, pg1, pg2, pg3 = pg2]) => ({ what, said, at, expected: { pg1, pg2, pg3 } }));

  it.each(cases)('$what', ({ said, at, expected }) => {
    expect(new Heard(said).wordsAt(at)).toEqual(expected);
  });

  it('leaves everything as it is until each server has been asked, for a second', () => {
    const heard = new Heard(calm.slice(0, 2));
    expect([heard.isUndecidedAt(999, 'primary'), heard.isUndecidedAt(999, 'replica')]).toEqual([true, true]);
    expect(serviceOf(heard.decideAt(999), 'primary').keep).toBeUndefined();
    expect(heard.decideAt(999).services.map(({ reason }) => explainReason(reason))).toEqual([
      'The first answer of pg3 is awaited; until then every server stays as it is',
      'The first answer of pg3 is awaited; until then every server stays as it is',
    ]);
    expect(heard.decideAt(999).reviewAt).toBe(1_000);
    expect([heard.isUndecidedAt(1_000, 'primary'), heard.isUndecidedAt(1_000, 'replica')]).toEqual([false, false]);
    const all = new Heard(calm);
    expect([all.isUndecidedAt(101, 'primary'), all.isUndecidedAt(101, 'replica')]).toEqual([false, false]);
  });

  it('tells by name who is in conflict, as an alarm as well', () => {
    const decision = new Heard([...calm, [200, 'pg2', 'primary']]).decideAt(210);
    const why =
      'pg1 and pg2 say at the same time that they are primary, and nobody can tell which of them is right: writes go nowhere, on purpose, until only one says so';
    expect(explainReason(serviceOf(decision, 'primary').reason)).toBe(why);
    expect(decision.alarms.map(explainReason)).toEqual([why]);
  });

  it('has no alarm about etcd, about a leader that is stuck or about servers that are gone', () => {
    const gone = servers.map((name): Said => [300, name, 'down']);
    expect(new Heard(calm).decideAt(60_000).alarms).toEqual([]);
    expect(new Heard([...calm, ...gone]).decideAt(60_000).alarms).toEqual([]);
  });

  it('tells when the primary writes on a lower timeline than has been seen', () => {
    const heard = new Heard([
      ...calm,
      [200, 'pg2', 'primary', { timeline: 4 }],
      [300, 'pg2', 'down'],
      [400, 'pg1', 'primary', { timeline: 3 }],
    ]);
    expect(heard.decideAt(401).alarms.map(explainReason)).toEqual([
      'pg1 is primary on timeline 3, but timeline 4 has been seen on a server: there may be writes that pg1 does not have',
    ]);
    heard.hear([500, 'pg2', 'standby', { timeline: 3 }]);
    expect(heard.decideAt(501).alarms).toEqual([]);
  });
});

describe('the probe of servers that nobody manages', () => {
  it.each<readonly [string, readonly Said[], number]>([
    ['nobody is primary', [...calm, [200, 'pg1', 'down']], 200],
    ['two are', [...calm, [200, 'pg2', 'primary']], 200],
    // A silence that lasts ends the leadership: with that it begins anew.
    ['the primary is silent', [...calm, [300, 'pg1', 'silent']], 3_100],
  ])('asks all of them hard for ten seconds while %s', (_, said, since) => {
    const heard = new Heard(said);
    expect(heard.decideAt(400).probeHard).toEqual(servers);
    expect(heard.decideAt(since).probeHard).toEqual(servers);
    expect(heard.decideAt(since + 9_999).probeHard).toEqual(servers);
    expect(heard.decideAt(since + 10_000).probeHard).toEqual([]);
  });

  it('leaves them at leisure while one is primary and answers', () => {
    expect(new Heard(calm).decideAt(101).probeHard).toEqual([]);
  });
});

describe('the patience with a primary that gives no answer', () => {
  it('is three times the pace of the probe, where that is slow', () => {
    const probe = { ...probeSpec, intervalMs: 2_000 };
    const heard = new Heard([...calm, [300, 'pg1', 'silent']], { ...postgresSpec(), probe });
    expect(heard.wordsAt(6_099)).toMatchObject({ pg1: stays });
    expect(heard.wordsAt(6_100)).toMatchObject({ pg1: tooOld });
  });
});
