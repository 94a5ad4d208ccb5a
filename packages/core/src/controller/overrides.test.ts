import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { FleetBook } from '../fleet/book.ts';
import { overrideKey } from '../fleet/keys.ts';
import { overrideText } from '../fleet/override-record.ts';
import type { Override } from '../model/override.ts';
import { after, revision } from '../model/units.ts';
import { Journal } from './journal.ts';
import { Overrides } from './overrides.ts';

let clock: ManualClock;
let journal: Journal;
let changed: string[];
let overrides: Overrides;
let book: FleetBook;

beforeEach(() => {
  clock = new ManualClock();
  journal = new Journal(clock, 100);
  changed = [];
  overrides = new Overrides({ clock, journal, onChange: (cluster) => changed.push(cluster) });
  book = new FleetBook('/pgrouted');
});

const moment = () => ({ now: clock.now(), wall: clock.wall() });
const texts = () => journal.since(0, 100).entries.map(({ text }) => text);
const ids = () => overrides.of('orders').map(({ id }) => id);

const anOverride = (id: string, forMs: number | undefined, changes: Partial<Override> = {}): Override => ({
  id,
  member: 'n2',
  service: undefined,
  action: { kind: 'drain' },
  owner: 'alice',
  reason: 'disk',
  createdAt: clock.wall().toISOString(),
  expiresAt: forMs === undefined ? undefined : new Date(clock.wall().getTime() + forMs).toISOString(),
  since: clock.now(),
  until: forMs === undefined ? undefined : after(clock.now(), forMs),
  scope: 'local',
  revision: undefined,
  ...changes,
});

const put = (override: Override) => {
  const key = overrideKey('/pgrouted', 'orders', override.id);
  const entry = { key, value: overrideText(override), modRevision: revision(5), lease: '0' };
  overrides.shared(book, book.apply([{ type: 'put', entry }], moment()));
};

describe('the overrides that stand', () => {
  it('are those of the fleet and those of this router, until their time is over', async () => {
    put(anOverride('shared', 5_000));
    overrides.addLocal('orders', anOverride('mine', 2_000), 'etcd is away');
    expect(ids()).toEqual(['shared', 'mine']);
    await clock.pass(2_100);
    expect(ids()).toEqual(['shared']);
    await clock.pass(3_000);
    expect(ids()).toEqual([]);
    expect(changed).toEqual(['orders', 'orders', 'orders', 'orders']);
    expect(texts()).toEqual([
      'drain of n2 was set by alice: disk',
      'drain of n2 was set by alice, for this router alone (etcd is away): disk',
      'drain of n2 has run out',
      'drain of n2 has run out',
    ]);
    expect(clock.pending).toBe(0);
  });

  it('stay the very same list while nothing changes', () => {
    put(anOverride('shared', undefined));
    const before = overrides.of('orders');
    overrides.shared(book, []);
    expect(overrides.of('orders')).toBe(before);
    expect(changed).toEqual(['orders']);
  });

  it('count once, where a write had no answer and was done all the same', () => {
    const one = anOverride('x', undefined);
    overrides.addLocal('orders', one, 'no answer');
    put(one);
    expect(overrides.of('orders')).toMatchObject([{ id: 'x', scope: 'fleet' }]);
  });

  it('are lifted where they are kept', () => {
    overrides.addLocal('orders', anOverride('mine', undefined), 'no etcd is configured');
    expect(overrides.liftLocal('stock', 'mine', 'bob')).toBe(false);
    expect(overrides.liftLocal('orders', 'mine', 'bob')).toBe(true);
    expect(ids()).toEqual([]);
    expect(texts().at(-1)).toBe('drain of n2 was lifted by bob');
  });

  it('are forgotten where etcd is not asked about them any more', () => {
    put(anOverride('shared', undefined));
    expect(overrides.forget('orders', 'other', 'bob')).toBe(false);
    expect(overrides.forget('orders', 'shared', 'bob')).toBe(true);
    expect(ids()).toEqual([]);
    expect(texts().at(-1)).toBe('drain of n2 was lifted by bob');
  });

  it('are looked at again after a year as after an hour', async () => {
    overrides.addLocal('orders', anOverride('long', 365 * 24 * 3_600_000), 'no etcd is configured');
    await clock.pass(7_300_000);
    expect(ids()).toEqual(['long']);
    overrides.stop();
    expect(clock.pending).toBe(0);
  });
});
