import { describe, expect, it } from 'vitest';
import { millis } from '../model/units.ts';
import { Reachability } from './reachability.ts';

const refused = { kind: 'no_permission', error: 'Permission denied' } as const;
const fail = (reach: Reachability, at: number, denied: boolean) =>
  reach.failed(refused, millis(at), { denied, hurried: false });

describe('a HAProxy that refuses', () => {
  it('a command is only read for a while; once it says that we may, the denial is over', () => {
    const reach = new Reachability(250);
    expect(fail(reach, 0, true).reports).toMatchObject([{ kind: 'unreachable', why: 'no_permission' }]);
    expect([reach.answers, reach.denies(millis(999)), reach.denies(millis(1_000))]).toEqual([true, true, false]);
    expect(fail(reach, 1_000, true).reports).toEqual([]);
    expect(reach.permitted(millis(1_500))).toEqual([{ kind: 'back', at: 1_500, afterMs: 1_500 }]);
    expect([reach.state, reach.denies(millis(1_500))]).toEqual(['reachable', false]);
    expect(reach.permitted(millis(1_600))).toEqual([]);
  });

  it('even to be read is asked at the pace of the poll', () => {
    const reach = new Reachability(250);
    const { reports, delayMs } = fail(reach, 0, false);
    expect([reports.length, delayMs, reach.answers, reach.state]).toEqual([1, 250, false, 'no_permission']);
    expect(fail(reach, 250, false)).toEqual({ reports: [], delayMs: 250 });
  });
});
