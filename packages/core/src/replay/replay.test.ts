import { describe, expect, it } from 'vitest';
import { aSpec, byRecords, writes } from '../../test/cluster.ts';
import { prefix, primaryRecord, record, soundKeys } from '../../test/patroni-keys.ts';
import type { RecordedChange } from './recorded-lines.ts';
import { type RecordedEvent, type RecordedProbe, replay } from './replay.ts';

const put = (t_ms: number, mod_revision: number, key: string, value: string): RecordedChange => ({
  t_ms,
  type: 'put',
  key: prefix + key,
  value,
  lease: '0',
  mod_revision,
});
const gone = (t_ms: number, mod_revision: number, key: string): RecordedEvent => ({
  ...put(t_ms, mod_revision, key, ''),
  type: 'delete',
});
const atStart: readonly RecordedEvent[] = Object.entries(soundKeys).map(([key, value], i) => ({
  ...put(0, 10 + i, key, value),
  init: true,
}));
const pg = (t_ms: number, node: string, value: RecordedProbe['value']): RecordedProbe => ({
  t_ms,
  node,
  probe: 'pg',
  value,
});

const writeOnly = aSpec({ services: [writes] });
const run = (
  events: readonly RecordedEvent[],
  probes?: readonly RecordedProbe[],
  untilMs?: number,
): readonly string[] =>
  replay({ cluster: writeOnly, prefix, events: [...atStart, ...events], probes, untilMs })
    .filter(({ state, reason }) => state !== 'maint' || reason.code !== 'not_leader')
    .map(({ t_ms, member, state, reason }) => `${t_ms} ${member} ${state} ${reason.code}`);

describe('a replay', () => {
  it('takes the keys of the start as one snapshot, and tells each member once', () => {
    const changes = replay({ cluster: byRecords, prefix, events: atStart });
    expect(changes.map(({ t_ms, service, member, state }) => `${t_ms} ${service} ${member} ${state}`)).toEqual([
      '0 primary n1 ready',
      '0 primary n2 maint',
      '0 primary n3 maint',
      '0 replica n1 maint',
      '0 replica n2 ready',
      '0 replica n3 ready',
    ]);
  });

  it('applies all changes of one revision together: a lease that runs out takes two keys at once', () => {
    expect(run([gone(500, 30, 'leader'), gone(500, 30, 'members/n1')], undefined, 600)).toEqual([
      '0 n1 ready leader_proven_by_record',
      '500 n1 drain leader_key_lost',
      '500 n2 maint no_leader',
      '500 n3 maint no_leader',
    ]);
  });

  it('lets time pass where the decision wants to be reviewed', () => {
    expect(run([gone(500, 30, 'leader')], undefined, 5_000)).toContain('700 n1 maint former_leader');
  });

  it('goes to the last line unless told otherwise', () => {
    expect(run([gone(500, 30, 'leader')]).at(-1)).toMatch(/^500 /);
  });

  it('asks at leisure each interval, and hard while a decision hangs on the answer', () => {
    const probes = [pg(10, 'n1', 'primary'), pg(10, 'n2', 'standby'), pg(2_400, 'n2', 'primary')];
    const switched = run([put(2_000, 30, 'leader', 'n2')], probes, 3_000);
    expect(switched).toEqual([
      '0 n1 drain leader_awaits_proof',
      '10 n1 ready leader_proven',
      '2000 n2 maint leader_in_recovery',
      // n1 is asked at leisure, and says so after the naming.
      '2030 n1 maint primary_without_authority',
      '2401 n2 ready leader_proven',
    ]);
  });

  it('notices the end of a session at once', () => {
    expect(run([], [pg(10, 'n1', 'primary'), pg(300, 'n1', 'down')], 400)).toContain('300 n1 drain leader_down');
  });

  it('without probes lets records decide, whatever the configuration says', () => {
    expect(run([put(100, 30, 'leader', 'n2'), put(900, 31, 'members/n2', primaryRecord())])).toEqual([
      '0 n1 ready leader_proven_by_record',
      '100 n2 maint leader_record_not_primary',
      '900 n2 ready leader_proven_by_record',
    ]);
  });

  it('with probes in a cluster that has none configured lets records decide too', () => {
    const changes = replay({ cluster: byRecords, prefix, events: atStart, probes: [pg(0, 'n1', 'down')] });
    expect(changes[0]).toMatchObject({ member: 'n1', state: 'ready' });
  });

  it('has the view confirmed at every instant but where the recording says otherwise', () => {
    const blind: RecordedEvent[] = [
      { t_ms: 1_000, type: 'unconfirmed' },
      { t_ms: 15_000, type: 'confirmed' },
    ];
    expect(run(blind, undefined, 20_000)).toEqual([
      '0 n1 ready leader_proven_by_record',
      '2000 n1 ready leader_within_grace',
      '11000 n1 maint view_unconfirmed',
      '15000 n1 ready leader_proven_by_record',
    ]);
  });

  it('tells of members that are forgotten', () => {
    const events = [gone(100, 30, 'members/n3'), put(40_000, 31, 'status', '{"optime":1}')];
    expect(run(events).at(-1)).toBe('40000 n3 maint member_forgotten');
  });

  it('knows a key that was made anew from its history', () => {
    const events = [gone(100, 30, 'leader'), put(100, 31, 'leader', 'n1'), put(5_000, 32, 'members/n2', record())];
    expect(run(events)).toEqual([
      '0 n1 ready leader_proven_by_record',
      '100 n1 drain leader_key_lost',
      '100 n2 maint no_leader',
      '100 n3 maint no_leader',
      '100 n1 ready leader_proven_by_record',
    ]);
  });

  it('of nothing tells nothing', () => {
    expect(replay({ cluster: writeOnly, prefix, events: [] })).toEqual([]);
  });
});
