import { describe, expect, it } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import { millis } from '../model/units.ts';
import { AskedBackends } from './asked.ts';
import type { DesiredServer } from './desired.ts';
import { LetGoLedger } from './let-go-ledger.ts';

const server = (name: string, held: 'ready' | 'drain' | 'maint', sessions = 0): ModelServer => ({
  backend: 'rw',
  name,
  port: 5432,
  admin: { ready: 4, drain: 12, maint: 5 }[held],
  op: held === 'maint' ? 0 : 2,
  weight: 1,
  checkFails: false,
  sessions,
  ending: 0,
});

/** A ledger on a clock that is told what time it is. */
function ledger() {
  const asked = new AskedBackends();
  const book = new LetGoLedger(asked);
  let serial = 0;
  return {
    book,
    decide: (states: Record<string, DesiredServer['state']>) => {
      serial += 1;
      const servers = Object.entries(states).map(([member, state]) => ({ member, address: undefined, state }));
      asked.decided({ serial, backends: [{ backend: 'rw', exclusive: true, servers }] });
    },
    /** A read-back that is begun at `at` and takes a millisecond. */
    read: (at: number, ...servers: readonly ModelServer[]) => {
      book.read(book.begin(millis(at)), new HaproxyModel(servers).facts(), millis(at + 1));
      return book.holds('rw');
    },
  };
}

describe('a worker', () => {
  it('holds what nothing is known about', () => {
    const { book, decide, read } = ledger();
    expect(book.holds('rw')).toBe('nothing is decided about rw yet');
    decide({ a: 'maint' });
    expect(book.holds('rw')).toBe('rw has not been read back since the decision');
    read(0, server('a', 'maint'));
    expect(book.holds('other')).toBe('nothing is decided about other yet');
  });

  it('has let go when two read-backs 5 ms apart show everyone out who shall be out, without a session', () => {
    const { book, decide, read } = ledger();
    decide({ a: 'maint', b: 'ready' });
    expect(read(0, server('a', 'ready', 2), server('b', 'maint'))).toBe('2 sessions remain on rw/a');
    expect(book.lookAgainMs(millis(1))).toBeUndefined();
    expect(read(10, server('a', 'maint', 1), server('b', 'maint'))).toBe('1 session remains on rw/a');
    expect(read(20, server('a', 'maint'), server('b', 'maint'))).toBe('rw/a was taken out only just now');
    expect(book.lookAgainMs(millis(21))).toBe(5);
    // Begun too early to show it.
    expect(read(25, server('a', 'maint'), server('b', 'maint'))).toBe('rw/a was taken out only just now');
    expect(book.lookAgainMs(millis(26))).toBe(1);
    expect(read(26, server('a', 'maint'), server('b', 'maint'))).toBeUndefined();
    expect(book.lookAgainMs(millis(27))).toBeUndefined();
    // The server that shall be ready may have what it likes.
    expect(read(30, server('a', 'maint'), server('b', 'ready', 9))).toBeUndefined();
  });

  it('has let go of what was read, not of what was known before while others were read', () => {
    const { book, decide } = ledger();
    decide({ a: 'maint' });
    const facts = new HaproxyModel([server('a', 'maint')]).facts();
    const read = (at: number, ...backends: readonly string[]) => {
      book.read(book.begin(millis(at)), facts, millis(at + 1), new Set(backends));
      return book.holds('rw');
    };
    expect(read(0, 'other')).toBe('rw has not been read back since the decision');
    expect(read(10, 'rw', 'other')).toBe('rw/a was taken out only just now');
    expect(read(20, 'other')).toBe('rw/a was taken out only just now');
    expect(book.lookAgainMs(millis(21))).toBe(1);
    expect(read(22, 'rw')).toBeUndefined();
    expect(read(30, 'other')).toBeUndefined();
    decide({ a: 'maint', b: 'maint' });
    expect(read(40, 'other')).toBe('rw has not been read back since the decision');
    book.otherWorker();
    expect(read(50, 'rw')).toBe('rw/a was taken out only just now');
  });

  it('holds a session that shows up only at the second look', () => {
    const { decide, read } = ledger();
    decide({ a: 'maint' });
    read(0, server('a', 'maint'));
    expect(read(6, server('a', 'maint', 1))).toBe('1 session remains on rw/a');
    expect(read(12, server('a', 'maint'))).toBe('rw/a was taken out only just now');
    expect(read(18, server('a', 'maint'))).toBeUndefined();
  });

  it('has let go at once where a newer decision takes out only what has long been out', () => {
    const { book, decide, read } = ledger();
    decide({ a: 'maint', b: 'maint' });
    read(0, server('a', 'maint'), server('b', 'maint'));
    read(10, server('a', 'maint'), server('b', 'maint'));
    decide({ a: 'maint', b: 'ready' });
    expect(book.holds('rw')).toBe('rw has not been read back since the decision');
    expect(read(20, server('a', 'maint'), server('b', 'maint'))).toBeUndefined();
  });

  it('is not asked again when the same is decided once more', () => {
    const { book, decide, read } = ledger();
    decide({ a: 'maint' });
    read(0, server('a', 'maint'));
    read(10, server('a', 'maint'));
    decide({ a: 'maint' });
    expect(book.holds('rw')).toBeUndefined();
  });

  it('is not judged by a read-back that was begun before the decision', () => {
    const { book, decide } = ledger();
    decide({ a: 'ready' });
    const begun = book.begin(millis(0));
    decide({ a: 'maint' });
    book.read(begun, new HaproxyModel([server('a', 'maint')]).facts(), millis(1));
    expect(book.holds('rw')).toBe('rw has not been read back since the decision');
  });

  it('holds a server that drains, and one that is out in another way than by maint', () => {
    const { decide, read } = ledger();
    decide({ a: 'drain' });
    read(0, server('a', 'drain', 0));
    expect(read(10, server('a', 'drain', 0))).toBe('rw/a is not in maint');
    read(20, server('a', 'maint', 0));
    expect(read(30, server('a', 'maint', 0))).toBeUndefined();
  });

  it('holds a line that nobody claims, also one whose name can not be put into a command', () => {
    const { decide, read } = ledger();
    const long = 'x'.repeat(65);
    decide({ a: 'ready' });
    read(0, server('a', 'ready'), server(long, 'ready', 3));
    expect(read(10, server('a', 'ready'), server(long, 'ready', 3))).toBe(`3 sessions remain on rw/${long}`);
    read(20, server('a', 'ready'), server(long, 'maint'));
    expect(read(30, server('a', 'ready'), server(long, 'maint'))).toBeUndefined();
  });

  it('keeps a kept server that takes connections, and no other', () => {
    const { decide, read } = ledger();
    decide({ a: 'keep' });
    read(0, server('a', 'ready', 4), server('b', 'maint'));
    expect(read(10, server('a', 'ready', 4), server('b', 'maint'))).toBeUndefined();
    expect(read(20, server('a', 'maint', 4), server('b', 'maint'))).toBe('4 sessions remain on rw/a');
  });

  it('has nothing to let go of where it does not have the backend', () => {
    const { decide, read } = ledger();
    decide({ a: 'maint' });
    expect(read(0, { ...server('a', 'ready', 1), backend: 'other' })).toBeUndefined();
  });

  it('says nothing about the worker after it', () => {
    const { book, decide, read } = ledger();
    decide({ a: 'maint' });
    read(0, server('a', 'maint'));
    read(10, server('a', 'maint'));
    book.otherWorker();
    expect(book.holds('rw')).toBe('rw has not been read back since the decision');
    expect(read(20, server('a', 'maint'))).toBe('rw/a was taken out only just now');
  });
});

describe('a backend', () => {
  it('whose name can not be asked for may hold anything', () => {
    const asked = new AskedBackends();
    const book = new LetGoLedger(asked);
    const name = 'b'.repeat(65);
    asked.decided({ serial: 1, backends: [{ backend: name, exclusive: true, servers: [] }] });
    book.read(book.begin(millis(0)), new HaproxyModel([server('a', 'maint')]).facts(), millis(1));
    expect(book.holds(name)).toBe(`${name} can not be read back by this name`);
  });
});
