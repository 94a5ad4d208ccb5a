import { beforeEach, describe, expect, it } from 'vitest';
import { HaproxyModel } from '../../test/haproxy-model.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import type { DesiredBackend } from './desired.ts';
import { match, type Wanted } from './match.ts';
import type { SessionFact } from './parse.ts';
import { StubbornSessions } from './stubborn-sessions.ts';

const rw: DesiredBackend = {
  backend: 'rw',
  exclusive: true,
  servers: [
    { member: 'a', address: undefined, state: 'maint' },
    { member: 'b', address: undefined, state: 'ready' },
  ],
};
const line = { backend: 'rw', port: 1, weight: 1, checkFails: false, ending: 0 };

/** What is read back of the old writer with so many sessions. */
const held = (sessions: number, admin = 5): readonly Wanted[] => {
  const model = new HaproxyModel([
    { ...line, name: 'a', admin, op: admin === 5 ? 0 : 2, sessions },
    { ...line, name: 'b', admin: 5, op: 0, sessions: 7 },
  ]);
  return match(model.facts().servers, rw).wanted;
};
const session = (id: string, server: string, backend = 'rw'): SessionFact => ({ id, backend, server });

describe('sessions that resist', () => {
  let clock: ManualClock;
  let listed: readonly SessionFact[];
  let lists: number;
  let answer: (() => void) | undefined;
  let slow: boolean;
  let there: boolean;
  let ended: string[];
  let told: number;
  let stubborn: StubbornSessions;

  beforeEach(() => {
    clock = new ManualClock();
    listed = [
      session('0x9', '<none>', '<NONE>'),
      session('0x1', 'a'),
      session('0x2', 'b'),
      session('0x3', 'a', 'ro'),
      session('0x4', '<none>'),
    ];
    [lists, told, slow, there, ended, answer] = [0, 0, false, true, [], undefined];
    const tail = {
      sessions: async () => {
        lists += 1;
        if (slow) await new Promise<void>((resolve) => (answer = resolve));
        return listed;
      },
      shutdown: async (ids: readonly string[]) => void ended.push(...ids),
    };
    stubborn = new StubbornSessions({ clock, tail: () => (there ? tail : undefined), onListed: () => (told += 1) });
  });

  /** Reads back the same every 2 ms. */
  const readFor = async (durationMs: number, wanted: readonly Wanted[]): Promise<void> => {
    for (let ms = 0; ms < durationMs; ms += 2) {
      stubborn.read(wanted);
      await clock.pass(2);
    }
  };

  /** What is believed after HAProxy has told this. */
  const believed = (sessions: number, admin = 5, version = '2.6.12'): number | undefined => {
    const model = new HaproxyModel([{ ...line, name: 'a', admin, op: 0, sessions }]);
    model.version = version;
    return stubborn.corrected(model.facts()).servers[0]?.sessions;
  };

  it('are listed after two tries, and those on the server that has to be empty are ended', async () => {
    await readFor(30, held(1));
    expect(lists).toBe(0);
    await readFor(2, held(1));
    expect(ended).toEqual(['0x1']);
    expect(told).toBe(1);
  });

  it('are not listed as long as there are fewer and fewer', async () => {
    for (let sessions = 9; sessions > 0; sessions -= 1) await readFor(20, held(sessions));
    await readFor(100, held(0));
    expect(lists).toBe(0);
  });

  it('are listed all the same when that takes long', async () => {
    for (let sessions = 30; sessions > 0; sessions -= 1) await readFor(20, held(sessions));
    expect(lists).toBeGreaterThan(0);
  });

  it('are those of a server in maint: one that somebody has let in again is closed first', async () => {
    await readFor(200, held(1, 4));
    expect(lists).toBe(0);
  });

  it('stay when the server is let in while they are being listed', async () => {
    slow = true;
    await readFor(32, held(1));
    expect(lists).toBe(1);
    stubborn.opening([{ backend: 'rw', server: 'a' }]);
    answer?.();
    await clock.pass(1);
    expect(ended).toEqual([]);
  });

  it('stay when the server was let in and taken out again while the list was made, which tells nothing of them', async () => {
    slow = true;
    await readFor(32, held(1));
    stubborn.opening([{ backend: 'rw', server: 'a' }]);
    await readFor(20, held(2, 4));
    await readFor(100, held(2));
    listed = listed.filter(({ server }) => server !== 'a');
    answer?.();
    await clock.pass(1);
    expect(believed(2)).toBe(2);
    expect(ended).toEqual([]);
  });

  it('stay when the worker was replaced while they were being listed: it is looked after as an old one', async () => {
    slow = true;
    await readFor(32, held(1));
    there = false;
    answer?.();
    await clock.pass(1);
    expect(ended).toEqual([]);
  });

  it('are nobody where HAProxy counts one that it does not list: it is believed no more until the count changes', async () => {
    listed = listed.filter(({ server }) => server !== 'a');
    expect(believed(1)).toBe(1);
    await readFor(32, held(1));
    expect([believed(1), believed(2), believed(1)]).toEqual([0, 2, 1]);
  });

  it('are nobody only as long as the server is in maint', async () => {
    listed = listed.filter(({ server }) => server !== 'a');
    await readFor(32, held(1));
    expect([believed(1), believed(1, 4), believed(1)]).toEqual([0, 1, 1]);
    await readFor(64, held(1));
    expect(believed(1)).toBe(0);
    stubborn.opening([{ backend: 'rw', server: 'a' }]);
    expect(believed(1)).toBe(1);
    await readFor(64, held(1));
    expect(believed(1)).toBe(0);
    stubborn.otherWorker();
    expect(believed(1)).toBe(1);
  });

  it.each([
    ['2.6.12', { requestFlags: 0x80a020, serverFlags: 1 }, 0],
    ['2.6.12', { requestFlags: 0x808000, serverFlags: 0x2_0001 }, 1],
    ['3.0.5', { requestFlags: 0x2000, serverFlags: 1 }, 1],
    ['3.0.5', { requestFlags: 0, serverFlags: 0x2_0001 }, 0],
    ['3.9.0', { requestFlags: 0x2000, serverFlags: 0x2_0001 }, 1],
    ['2.6.12', {}, 1],
  ])('count as long as their client can say something: %s, %o', async (version, flags, left) => {
    listed = listed.map((one) => (one.id === '0x1' ? { ...one, ...flags } : one));
    believed(1, 5, version);
    await readFor(32, held(1));
    expect(believed(1, 5, version)).toBe(left);
    expect(ended).toEqual(['0x1']);
  });

  it.each([
    ['a session that can not be read', [session('0x5', '', '')]],
    ['a list without our own connection', []],
  ])('count where the list is in doubt: %s', async (_, more) => {
    listed = [...more, ...(more.length > 0 ? [session('0x9', '<none>', '<NONE>')] : [])];
    await readFor(32, held(1));
    expect(lists).toBe(1);
    expect(believed(1)).toBe(1);
  });

  it('are not listed where no tail stands, and are as soon as one does', async () => {
    there = false;
    await readFor(100, held(1));
    there = true;
    await readFor(2, held(1));
    expect(ended).toEqual(['0x1']);
  });

  it('are asked again while they remain, less and less often, and never by two lists at once', async () => {
    await readFor(2_000, held(1));
    const early = lists;
    expect(early).toBeGreaterThan(20);
    await readFor(10_000, held(1));
    expect(lists - early).toBeLessThan(100);
    slow = true;
    lists = 0;
    await readFor(2_000, held(1));
    expect(lists).toBe(1);
  });

  it('cost HAProxy a tenth of its time at most, however long a list takes', async () => {
    slow = true;
    await readFor(132, held(1));
    answer?.();
    slow = false;
    await readFor(1_000, held(1));
    expect(lists).toBe(1);
    await readFor(40, held(1));
    expect(lists).toBeGreaterThan(1);
  });
});
