import { describe, expect, it } from 'vitest';
import { millis, revision } from '../model/units.ts';
import { FleetBook } from './book.ts';
import { overrideKey, parseFleetKey, routerKey } from './keys.ts';
import { type Moment, overrideText, readOverride } from './override-record.ts';
import type { FleetEntry } from './store.ts';

const wall = new Date('2026-11-21T12:00:00.000Z');
const at = (ms: number): Moment => ({ now: millis(50_000 + ms), wall: new Date(wall.getTime() + ms) });

const text = (changes: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    version: 1,
    member: 'n2',
    service: null,
    action: 'drain',
    owner: 'alice@lb1',
    reason: 'disk',
    created_at: '2026-11-21T11:59:50Z',
    expires_at: '2026-11-21T12:01:00Z',
    ...changes,
  });

const entry = (id: string, value = text(), mod = 7): FleetEntry => ({
  key: overrideKey('/pgrouted', 'orders', id),
  value,
  modRevision: revision(mod),
  lease: '0',
});

const put = (one: FleetEntry) => ({ type: 'put' as const, entry: one });

describe('a key of the fleet', () => {
  it.each(['orders', 'a b', 'a/b', 'größe', '..', '%2F'])('holds the name %j and gives it back', (name) => {
    expect(parseFleetKey('/pgrouted', overrideKey('/pgrouted', name, name))).toEqual({
      kind: 'override',
      cluster: name,
      id: name,
    });
    expect(parseFleetKey('/x', routerKey('/x', name, name))).toEqual({ kind: 'router', cluster: name, router: name });
  });

  it.each([
    '/pgrouted/',
    '/pgrouted/orders',
    '/pgrouted/orders/notes/x',
    '/pgrouted/orders/routers/',
    '/pgrouted/a/routers/b/c',
    '/pgrouted/%/routers/b',
    '/other/a/routers/b',
  ])('is not %j', (key) => {
    expect(parseFleetKey('/pgrouted', key)).toBeUndefined();
  });
});

describe('the record of an override', () => {
  it('is read with its end on the clock of this router', () => {
    const read = readOverride('x', entry('x'), at(0));
    expect(read).toMatchObject({
      ok: true,
      value: {
        liftedBy: undefined,
        override: { id: 'x', since: 40_000, until: 110_000, scope: 'fleet', revision: 7n },
      },
    });
  });

  it('gives the same override when it is written again', () => {
    const read = readOverride('x', entry('x', text({ action: 'weight', weight: 0, service: 'replica' })), at(0));
    if (!read.ok) throw new Error(read.error);
    const again = readOverride('x', entry('x', overrideText(read.value.override)), at(0));
    expect(again).toMatchObject({ ok: true, value: { override: read.value.override } });
  });

  it.each([
    ['{', 'not JSON (1 characters)'],
    [text({ version: 2 }), 'version 2; only version 1 is understood'],
    [text({ action: 'promote' }), expect.stringContaining('action')],
    [text({ action: 'weight' }), expect.stringContaining('weight')],
    [text({ action: 'weight', weight: 257 }), expect.stringContaining('weight')],
    [text({ owner: '' }), expect.stringContaining('owner')],
    [text({ reason: 'a\nb' }), 'reason: control characters'],
    [text({ expires_at: 'tomorrow' }), expect.stringContaining('expires_at')],
  ])('is not read from %j', (value, error) => {
    expect(readOverride('x', entry('x', value), at(0))).toEqual({ ok: false, error });
  });
});

describe('the book of a fleet', () => {
  const known = (book: FleetBook, ms: number) => book.overrides('orders', at(ms)).map(({ id }) => id);

  it('knows overrides from when they are put until they are lifted, deleted or over', () => {
    const book = new FleetBook('/pgrouted');
    expect(book.replace([entry('a'), entry('b')], at(0)).map(({ kind }) => kind)).toEqual(['set', 'set']);
    expect(known(book, 0)).toEqual(['a', 'b']);
    const lifted = text({ lifted: { by: 'bob', at: '2026-11-21T12:00:01Z' } });
    expect(book.apply([put(entry('a', lifted, 8))], at(1_000))).toMatchObject([{ kind: 'lifted', by: 'bob' }]);
    expect(book.apply([{ type: 'delete', key: entry('a').key }], at(11_000))).toEqual([]);
    expect(known(book, 11_000)).toEqual(['b']);
    expect(known(book, 60_000)).toEqual([]);
    // Its lease takes it away a moment later: nothing that anybody has done.
    expect(book.apply([{ type: 'delete', key: entry('b').key }], at(60_500))).toEqual([]);
    book.apply([put(entry('c', text({ expires_at: null }), 9))], at(61_000));
    expect(book.apply([{ type: 'delete', key: entry('c').key }], at(62_000))).toMatchObject([
      { kind: 'lifted', by: undefined, override: { id: 'c' } },
    ]);
  });

  it('keeps the end that was reckoned first, whatever becomes of the time of day', () => {
    const book = new FleetBook('/pgrouted');
    book.replace([entry('a')], at(0));
    const setBack = { now: at(30_000).now, wall: new Date(wall.getTime() - 3_600_000) };
    expect(book.replace([entry('a')], setBack)).toEqual([]);
    expect(known(book, 59_999)).toEqual(['a']);
    expect(known(book, 60_000)).toEqual([]);
    // Another etcd may have another record under the same revision.
    expect(book.replace([entry('a', text({ reason: 'other' }))], at(0))).toMatchObject([{ kind: 'set' }]);
  });

  it('tells what a new list no longer has', () => {
    const book = new FleetBook('/pgrouted');
    book.replace([entry('a')], at(0));
    expect(book.replace([], at(1_000))).toMatchObject([{ kind: 'lifted', override: { id: 'a' } }]);
  });

  it('leaves out what can not be read, tells which, and takes it when it is mended', () => {
    const book = new FleetBook('/pgrouted');
    book.replace([entry('a', '{'), { ...entry('x'), key: '/pgrouted/orders/routers/lb9', value: '[]' }], at(0));
    expect(known(book, 0)).toEqual([]);
    expect(book.problems().map(({ key }) => key)).toEqual(['/pgrouted/orders/overrides/a']);
    expect(book.unreadableRouters().map(({ key }) => key)).toEqual(['/pgrouted/orders/routers/lb9']);
    book.apply([put(entry('a')), { type: 'delete', key: '/pgrouted/orders/routers/lb9' }], at(0));
    expect([book.problems(), book.unreadableRouters()]).toEqual([[], []]);
    expect(known(book, 0)).toEqual(['a']);
    expect(book.apply([put(entry('a', '{', 9))], at(0))).toMatchObject([{ kind: 'lifted' }]);
  });
});
