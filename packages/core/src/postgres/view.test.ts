import { describe, expect, it } from 'vitest';
import { probeSpec } from '../../test/cluster.ts';
import { type ProbeReading, type ProbeState, withReading } from '../model/probe.ts';
import type { PostgresHost, PostgresSpec } from '../model/spec.ts';
import { lsn, type Millis, millis, revision } from '../model/units.ts';
import { type ClusterView, memberOf } from '../model/view.ts';
import { postgresView } from './view.ts';

const PATIENCE_MS = 3_000;
const host = (name: string, port: number): PostgresHost => ({
  name,
  address: { host: '10.0.0.1', port },
  connection: probeSpec,
});
const source: PostgresSpec = { kind: 'postgres', hosts: [host('pg2', 5433), host('pg1', 5432), host('pg3', 5434)] };

const primary = (at: number, position = 1_000, timeline = 1): ProbeReading => ({
  kind: 'primary',
  at: millis(at),
  timeline,
  position: lsn(position),
});
const standby = (at: number, replayed = 900, timeline = 1): ProbeReading => ({
  kind: 'standby',
  at: millis(at),
  timeline,
  receivePosition: lsn(replayed + 50),
  replayPosition: lsn(replayed),
});
const none = (kind: 'silent' | 'denied' | 'down' | 'stopping' | 'starting', at: number): ProbeReading => ({
  kind,
  at: millis(at),
  error: kind,
});

/** The servers say one thing after the other; each word is heard 2 ms after it was asked for. */
class Told {
  view: ClusterView;
  #readings: ReadonlyMap<string, ProbeState> = new Map();

  constructor(beganAt: number) {
    this.view = this.#fold(undefined, millis(beganAt));
  }

  say(name: string, reading: ProbeReading): ClusterView {
    this.#readings = new Map([...this.#readings, [name, withReading(this.#readings.get(name), reading)]]);
    return this.at(reading.at + 2);
  }

  at(now: number): ClusterView {
    this.view = this.#fold(this.view, millis(now));
    return this.view;
  }

  #fold(before: ClusterView | undefined, now: Millis): ClusterView {
    return postgresView({ name: 'orders', source }, before, this.#readings, PATIENCE_MS, now);
  }
}

/** pg1 leads since 102, all have answered. */
function calm(): Told {
  const told = new Told(90);
  told.say('pg1', primary(100));
  told.say('pg2', standby(110));
  told.say('pg3', standby(120));
  return told;
}

describe('the picture of servers that nobody manages', () => {
  it('has every configured server from the start, asked or not', () => {
    const { view } = new Told(90);
    const unasked = { role: 'unknown', stateText: 'not asked', running: false, present: true, probe: undefined };
    expect(view.members).toMatchObject(['pg1', 'pg2', 'pg3'].map((name) => ({ name, ...unasked })));
    expect(view).toMatchObject({ source: 'postgres', initialized: true, confirmedAt: 90, revision: 1n, problems: [] });
    expect(view.leadership).toEqual({
      kind: 'vacant',
      former: undefined,
      revision: 1n,
      seenAt: 90,
      graceful: false,
    });
  });

  it('takes role, timeline and positions from the last answer, and the state from the last reading', () => {
    const told = calm();
    told.say('pg2', none('silent', 1_000));
    expect(memberOf(told.view, 'pg1')).toMatchObject({ role: 'primary', running: true, position: 1_000n, timeline: 1 });
    expect(memberOf(told.view, 'pg2')).toMatchObject({
      address: { host: '10.0.0.1', port: 5433 },
      role: 'replica',
      running: false,
      stateText: 'silent',
      position: 950n,
      receivePosition: 950n,
      replayPosition: 900n,
      lagBytes: 100,
      timeline: 1,
      recordSeenAt: 90,
      probe: { latest: { kind: 'silent' }, lastAnswer: { kind: 'standby' } },
    });
  });

  it('is confirmed by the newest answer of any server, not by a silence', () => {
    const told = calm();
    expect(told.view.confirmedAt).toBe(120);
    expect(told.say('pg3', none('silent', 900)).confirmedAt).toBe(120);
    expect(told.say('pg3', standby(1_500)).confirmedAt).toBe(1_500);
  });

  it('counts a change of words as a revision, and no other', () => {
    const told = calm();
    const { revision: first } = told.view;
    expect(told.say('pg1', primary(1_100, 9_000)).revision).toBe(first);
    expect(told.say('pg2', standby(1_110, 8_000)).revision).toBe(first);
    expect(told.at(2_000).revision).toBe(first);
    const silent = told.say('pg2', none('silent', 2_110));
    expect(silent.revision).toBe(revision(first + 1n));
    expect(memberOf(silent, 'pg2')?.recordRevision).toBe(silent.revision);
    expect(memberOf(silent, 'pg1')?.recordRevision).toBeLessThan(silent.revision);
  });
});

describe('who is primary by the words alone', () => {
  it('is found by whoever starts to look, from the instant at which the answer was asked for', () => {
    expect(calm().view.leadership).toMatchObject({ kind: 'held', member: 'pg1', seenAt: 100, origin: 'found' });
  });

  it('is named when another says so after the first has gone', () => {
    const told = calm();
    const gone = told.say('pg1', none('stopping', 1_000));
    expect(gone.leadership).toMatchObject({ kind: 'vacant', former: 'pg1', seenAt: 1_002, graceful: false });
    const next = told.say('pg2', primary(1_500, 940, 2));
    expect(next.leadership).toMatchObject({ kind: 'held', member: 'pg2', seenAt: 1_500, origin: 'named' });
    expect(next.leadership.revision).toBe(next.revision);
    expect(next).toMatchObject({ timeline: 2, timelineSeenAt: 1_502 });
  });

  it('is named, not found, when all were asked and nobody was primary before', () => {
    const told = new Told(90);
    for (const name of ['pg1', 'pg2', 'pg3']) told.say(name, standby(100));
    expect(told.view.leadership).toMatchObject({ kind: 'vacant', former: undefined });
    expect(told.say('pg1', primary(5_000)).leadership).toMatchObject({ member: 'pg1', origin: 'named' });
  });

  it('is regained by the one that was it before', () => {
    const told = calm();
    told.say('pg1', none('down', 1_000));
    expect(told.say('pg1', primary(1_400)).leadership).toMatchObject({ member: 'pg1', origin: 'regained' });
  });

  it('is nobody while two say so, and the last one when the other stops to', () => {
    const told = calm();
    expect(told.say('pg3', primary(1_000, 940, 2)).leadership).toMatchObject({ kind: 'vacant', former: 'pg1' });
    told.say('pg1', primary(1_050));
    const left = told.say('pg1', none('down', 2_000));
    expect(left.leadership).toMatchObject({ kind: 'held', member: 'pg3', origin: 'named' });
    // Its last word is from when another said the same: it has to be asked again.
    expect(left.leadership.seenAt).toBe(2_002);
  });

  it('stays the one that fell silent, for as long as its word is young', () => {
    const told = calm();
    const { leadership } = told.say('pg1', none('silent', 1_000));
    expect(leadership).toMatchObject({ kind: 'held', member: 'pg1', seenAt: 100 });
    expect(told.at(3_099).leadership).toBe(leadership);
    expect(told.at(3_100).leadership).toMatchObject({ kind: 'vacant', former: 'pg1', seenAt: 3_100 });
  });
});

describe('positions', () => {
  it('keep the furthest of one primary, and begin anew with the next', () => {
    const told = calm();
    expect(told.say('pg1', primary(1_000, 7_000)).position).toBe(7_000n);
    told.say('pg1', none('down', 2_000));
    const promoted = told.say('pg2', primary(2_500, 5_000, 2));
    expect(promoted.position).toBe(5_000n);
    expect(memberOf(told.say('pg3', standby(2_600, 4_900, 2)), 'pg3')?.lagBytes).toBe(100);
  });
});
