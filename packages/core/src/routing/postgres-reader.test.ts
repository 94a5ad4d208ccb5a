import { describe, expect, it } from 'vitest';
import { serviceOf, verdictOn } from '../../test/cluster.ts';
import { calm, Heard, postgresSpec, type Said } from '../../test/postgres-words.ts';
import { explainReason } from '../model/reason.ts';
import { lagLimitOfBytes } from '../model/service.ts';

type Row = readonly [what: string, said: readonly Said[], at: number, pg2: string, pg1?: string];

const ok = 'ready replica_ok';
const isPrimary = 'maint leader_takes_no_reads';
const conflict = 'maint conflicting_primaries';
const [primary, , third] = calm;
if (primary === undefined || third === undefined) throw new Error('calm has three servers');

const rows: readonly Row[] = [
  ['says that it is a standby', calm, 200, ok, isPrimary],
  ['says so while nobody is primary', [...calm, [200, 'pg1', 'down']], 210, ok, 'maint replica_down'],
  ['says so while two are primary', [...calm, [200, 'pg1', 'primary'], [200, 'pg3', 'primary']], 210, ok, conflict],
  ['is silent', [...calm, [200, 'pg2', 'silent']], 3_099, ok],
  ['has been silent for long', [...calm, [200, 'pg2', 'silent']], 3_100, 'drain replica_silent'],
  ['turns us away', [...calm, [200, 'pg2', 'denied']], 3_099, ok],
  ['has turned us away for long', [...calm, [200, 'pg2', 'denied']], 3_100, 'drain replica_silent'],
  ['has not answered the next question yet', calm, 3_099, ok],
  ['has not answered the next question for long', calm, 3_100, 'drain replica_silent'],
  ['has never said what it is', [primary, [100, 'pg2', 'silent'], third], 200, 'drain replica_unknown'],
  ['has only turned us away', [primary, [100, 'pg2', 'denied'], third], 200, 'drain replica_unknown'],
  ['could not be asked for a second', [primary, third], 1_000, 'drain replica_unknown'],
  ['is starting', [...calm, [200, 'pg2', 'starting']], 201, 'maint replica_starting'],
  ['is stopping', [...calm, [200, 'pg2', 'stopping']], 201, 'maint replica_shutting_down'],
  ['is gone', [...calm, [200, 'pg2', 'down']], 201, 'maint replica_down'],
  ['says that it is primary as well', [...calm, [200, 'pg2', 'primary']], 201, conflict, conflict],
  [
    'was primary and is silent, another took over',
    [...calm, [200, 'pg1', 'silent'], [300, 'pg2', 'primary']],
    301,
    isPrimary,
    'maint replica_role',
  ],
  ['follows again', [...calm, [200, 'pg2', 'down'], [300, 'pg2', 'standby']], 301, ok],
];

describe('a server that nobody manages, in a read service', () => {
  const cases = rows.map(([what, said, at, pg2, pg1]) => ({
    what,
    said,
    at,
    expected: pg1 === undefined ? { pg2 } : { pg1, pg2 },
  }));

  it.each(cases)('$what', ({ said, at, expected }) => {
    expect(new Heard(said).wordsAt(at, 'replica')).toMatchObject(expected);
  });

  it('tells what it has said last, and for how long it has been silent', () => {
    const told = (said: readonly Said[], server: string): string =>
      explainReason(verdictOn(new Heard(said).decideAt(3_200), 'replica', server).reason);
    expect(told([...calm, [200, 'pg2', 'silent']], 'pg2')).toBe(
      'pg2 said last that it is a standby, but has given no answer for 3000 ms (test: silent)',
    );
    expect(told([...calm, [200, 'pg1', 'silent']], 'pg1')).toBe('pg1 said last that it is primary, not a standby');
    expect(told([primary, third], 'pg2')).toBe('pg2 has never said what it is (not asked yet)');
  });
});

describe('reads that no standby can take', () => {
  const alone = (...more: readonly Said[]): Heard =>
    new Heard([...calm, [200, 'pg2', 'down'], [200, 'pg3', 'down'], ...more], postgresSpec({ fallback: 'primary' }));

  it('go to the primary', () => {
    expect(alone().wordsAt(201, 'replica')).toMatchObject({ pg1: 'ready fallback_to_primary' });
  });

  it('go to a primary that is silent, for as long as it takes writes', () => {
    const heard = alone([300, 'pg1', 'silent']);
    expect(heard.wordsAt(3_099, 'replica')).toMatchObject({ pg1: 'ready fallback_to_primary' });
    expect(serviceOf(heard.decideAt(3_100), 'replica').reason.code).toBe('read_closed');
  });

  it('go to nobody in a conflict', () => {
    expect(serviceOf(alone([300, 'pg2', 'primary']).decideAt(301), 'replica').reason.code).toBe('read_closed');
  });

  it('stay where they are while somebody has not been asked', () => {
    const heard = new Heard([primary], postgresSpec({ fallback: 'primary' }));
    expect(heard.isUndecidedAt(500, 'replica')).toBe(true);
  });
});

describe('the lag of a server that nobody manages', () => {
  const limited = postgresSpec({ maxLag: lagLimitOfBytes(500) });
  const words = (said: readonly Said[], at = 400): Readonly<Record<string, string>> =>
    new Heard(said, limited).wordsAt(at, 'replica');

  it('is measured against what the primary says that it has written', () => {
    expect(words(calm)).toMatchObject({ pg2: 'ready replica_within_lag', pg3: 'drain replica_lagging' });
  });

  it('is measured by what was replayed, not by what was received', () => {
    expect(words([...calm, [200, 'pg2', 'standby', { position: 4_000, received: 5_000 }]])).toMatchObject({
      pg2: 'drain replica_lagging',
    });
  });

  it('is not known of a server that does not tell its position', () => {
    expect(words([...calm, [200, 'pg2', 'standby']])).toMatchObject({ pg2: 'drain replica_lag_unknown' });
  });

  it('goes on being known while there is no primary, by what the last one said and the others have received', () => {
    const down: Said = [200, 'pg1', 'down'];
    expect(words([...calm, down])).toMatchObject({ pg2: 'ready replica_within_lag', pg3: 'drain replica_lagging' });
    const further: Said = [300, 'pg2', 'standby', { position: 5_400, received: 5_700 }];
    expect(words([...calm, down, further])).toMatchObject({ pg2: 'ready replica_within_lag' });
    const caughtUp: Said = [300, 'pg3', 'standby', { position: 5_100, received: 5_200 }];
    expect(words([...calm, down, further, caughtUp])).toMatchObject({ pg3: 'drain replica_lagging' });
  });
});

describe('the timeline of a server that nobody manages', () => {
  const words = (said: readonly Said[], at: number): Readonly<Record<string, string>> =>
    new Heard(said).wordsAt(at, 'replica');
  const switched: readonly Said[] = [
    ...calm,
    [200, 'pg1', 'down'],
    [300, 'pg2', 'primary', { timeline: 4 }],
    [5_000, 'pg2', 'primary', { timeline: 4 }],
    [5_000, 'pg3', 'standby', { timeline: 3 }],
  ];

  it('may be lower for five seconds after another took over', () => {
    expect(words(switched, 5_299)).toMatchObject({ pg3: ok });
    expect(words(switched, 5_300)).toMatchObject({ pg3: 'drain replica_timeline_behind' });
  });

  it('may not be higher than that of the primary', () => {
    expect(words([...calm, [200, 'pg2', 'standby', { timeline: 4 }]], 201)).toMatchObject({
      pg2: 'maint replica_timeline_ahead',
      pg3: ok,
    });
  });

  it('is not held against the greatest that was ever seen, which may be a stray server', () => {
    const quiet: readonly Said[] = [
      [100, 'pg1', 'standby', { timeline: 9 }],
      [9_000, 'pg2', 'standby', { timeline: 3 }],
      [9_000, 'pg3', 'standby', { timeline: 3 }],
    ];
    expect(words(quiet, 9_001)).toMatchObject({ pg2: ok, pg3: ok });
  });

  it('is held against the last primary while there is none', () => {
    const left: readonly Said[] = [
      ...calm,
      [200, 'pg2', 'standby', { timeline: 2 }],
      [6_000, 'pg1', 'primary', { timeline: 3 }],
      [6_100, 'pg1', 'down'],
      [12_000, 'pg2', 'standby', { timeline: 2 }],
      [12_000, 'pg3', 'standby', { timeline: 3 }],
    ];
    expect(words(left, 12_001)).toMatchObject({ pg2: 'drain replica_timeline_behind', pg3: ok });
  });
});
