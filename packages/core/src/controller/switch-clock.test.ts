import { describe, expect, it } from 'vitest';
import { millis, revision } from '../model/units.ts';
import type { Leadership } from '../model/view.ts';
import { SwitchClock } from './switch-clock.ts';

const held = (member: string, at: number): Leadership => ({
  kind: 'held',
  member,
  revision: revision(at),
  seenAt: millis(at),
});
const vacant = (former: string, at: number): Leadership => ({
  kind: 'vacant',
  former,
  revision: revision(at),
  seenAt: millis(at),
  graceful: true,
});

function settledOn(member: string): SwitchClock {
  const clock = new SwitchClock();
  clock.leadership(held(member, 0), millis(0));
  clock.settle(member);
  return clock;
}

describe('SwitchClock', () => {
  it('tells the phases of a switch from the first sign on', () => {
    const clock = settledOn('n1');
    clock.leadership(vacant('n1', 1000), millis(1000));
    clock.fenced(millis(1002));
    clock.leadership(held('n2', 1050), millis(1050));
    clock.proven('n2', millis(1200), millis(1200));
    clock.decided(millis(1200.5));
    expect(clock.opened('n2', millis(1202))).toEqual({
      from: 'n1',
      to: 'n2',
      phases: {
        leaderGoneMs: 0,
        leaderNamedMs: 50,
        fencedMs: 2,
        provenMs: 200,
        decidedMs: 200.5,
        openedMs: 202,
      },
    });
  });

  it('takes a leader key that is taken over without a delete as both signs at once', () => {
    const clock = settledOn('n2');
    clock.leadership(held('n3', 500), millis(500));
    clock.fenced(millis(501));
    const summary = clock.opened('n3', millis(503));
    expect(summary?.phases).toMatchObject({ leaderGoneMs: 0, leaderNamedMs: 0, fencedMs: 1, openedMs: 3 });
  });

  it('times a switch from a server to itself when its PostgreSQL went down under the same leader key', () => {
    const clock = settledOn('n1');
    clock.closed(millis(100));
    clock.leadership(held('n1', 0), millis(101));
    clock.fenced(millis(102));
    clock.proven('n1', millis(400), millis(400));
    clock.decided(millis(400));
    expect(clock.opened('n1', millis(401))).toEqual({
      from: 'n1',
      to: 'n1',
      phases: {
        leaderGoneMs: null,
        leaderNamedMs: null,
        fencedMs: 2,
        provenMs: 300,
        decidedMs: 300,
        openedMs: 301,
      },
    });
  });

  it('takes no answer for a proof that was asked for before the switch began', () => {
    const clock = settledOn('n1');
    clock.closed(millis(100));
    clock.proven('n1', millis(90), millis(101));
    clock.decided(millis(200));
    clock.proven('n1', millis(150), millis(200));
    expect(clock.opened('n1', millis(201))?.phases).toMatchObject({ provenMs: 100, openedMs: 101 });
  });

  it('begins anew where the service is closed again before it was open', () => {
    const clock = settledOn('n1');
    clock.leadership(vacant('n1', 0), millis(0));
    clock.leadership(held('n2', 10), millis(10));
    clock.proven('n2', millis(15), millis(20));
    clock.decided(millis(20));
    clock.closed(millis(21));
    clock.proven('n2', millis(30), millis(31));
    clock.decided(millis(31));
    expect(clock.opened('n2', millis(32))?.phases).toMatchObject({ provenMs: 31, decidedMs: 31 });
  });

  it('forgets what belonged to a leader that was replaced before it was open', () => {
    const clock = settledOn('n1');
    clock.leadership(vacant('n1', 0), millis(0));
    clock.leadership(held('n2', 10), millis(10));
    clock.proven('n2', millis(20), millis(20));
    clock.decided(millis(20));
    clock.leadership(held('n3', 30), millis(30));
    clock.proven('n2', millis(31), millis(31));
    clock.proven('n3', millis(40), millis(40));
    clock.decided(millis(41));
    expect(clock.opened('n3', millis(42))?.phases).toMatchObject({ leaderNamedMs: 30, provenMs: 40, decidedMs: 41 });
  });

  it('takes the first opening after the start for no switch', () => {
    const clock = new SwitchClock();
    clock.leadership(held('n1', 0), millis(0));
    clock.decided(millis(1));
    expect(clock.opened('n1', millis(2))).toBeUndefined();
    clock.leadership(vacant('n1', 10), millis(10));
    clock.leadership(held('n2', 20), millis(20));
    expect(clock.opened('n2', millis(30))).toMatchObject({ from: 'n1', to: 'n2' });
  });

  it('says nothing where a target was found holding the writer already', () => {
    const clock = new SwitchClock();
    clock.leadership(held('n1', 0), millis(0));
    clock.settle('n1');
    clock.leadership(held('n1', 0), millis(5));
    expect(clock.opened('n1', millis(6))).toBeUndefined();
  });
});
