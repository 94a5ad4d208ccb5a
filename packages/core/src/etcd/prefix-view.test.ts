import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byKey, type History, histories, historyOf } from '../../test/etcd-history.ts';
import { revision } from '../model/units.ts';
import { PrefixView } from './prefix-view.ts';

const put = (key: string) => [{ key, remove: false }];
const remove = (key: string) => [{ key, remove: true }];

/** A view that was listed at revision `at`. */
function listed(history: History, at: number): PrefixView {
  const view = new PrefixView();
  view.relist(history.reading(at), 'start', view.known());
  return view;
}

const showsCommitted = (view: PrefixView, history: History) => {
  const snapshot = view.snapshot;
  expect(snapshot && byKey(snapshot.entries)).toEqual(byKey(history.committed(Number(snapshot?.revision ?? -1))));
};

/** What can reach a view, as numbers that are made to fit the history when it happens. */
const happenings = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        what: fc.constant('deliver' as const),
        stream: fc.nat(2),
        revisions: fc.integer({ min: 1, max: 5 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('reopen' as const), stream: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('ask' as const) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('answer' as const), pick: fc.nat() }) },
  ),
  { maxLength: 60 },
);

describe('a view fed by several watch streams and by answers that come late', () => {
  it('shows what was committed at its revision, after every single change, and never doubts a sound history', () => {
    fc.assert(
      fc.property(histories, fc.nat(), happenings, (history, start, steps) => {
        const view = listed(history, start % (history.head + 1));
        const next = () => Number(view.nextRevision);
        const streams = [next(), next(), next()];
        const asked: { readonly at: number; readonly before: ReturnType<PrefixView['known']> }[] = [];
        const deliver = (stream: number, to: number) => {
          const from = streams[stream] ?? 1;
          const events = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => history.events(from + i)).flat();
          streams[stream] = Math.max(from, to + 1);
          for (const { snapshot } of view.apply(events)) {
            expect(view.snapshot).toBe(snapshot);
            showsCommitted(view, history);
          }
        };
        for (const step of steps) {
          if (step.what === 'deliver')
            deliver(step.stream, Math.min(history.head, (streams[step.stream] ?? 1) + step.revisions - 1));
          else if (step.what === 'reopen') streams[step.stream] = next();
          else if (step.what === 'ask') asked.push({ at: Math.max(...streams) - 1, before: view.known() });
          else {
            const [question] = asked.splice(step.pick % Math.max(1, asked.length), 1);
            if (question === undefined) continue;
            const reading = history.reading(Math.max(question.at, Number(question.before.revision)));
            expect(view.breakWith(reading.header, question.before)).toBeUndefined();
            if (Number(view.snapshot?.revision) >= Number(reading.header.revision))
              expect(view.fits(reading)).toBe(true);
            if (view.fits(reading)) view.confirm(reading);
            showsCommitted(view, history);
          }
        }
        deliver(0, history.head);
        expect(byKey(view.snapshot?.entries ?? new Map())).toEqual(byKey(history.committed(history.head)));
      }),
      { numRuns: 500 },
    );
  });

  it('finds every event that all streams failed to deliver by the next proof, and mends it with a list', () => {
    fc.assert(
      fc.property(
        histories,
        fc.nat(),
        fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
        (history, start, lost) => {
          const view = listed(history, start % (history.head + 1));
          for (let at = Number(view.nextRevision); at <= history.head; at += 1) {
            if (!lost[at - 1]) for (const _ of view.apply(history.events(at)));
          }
          const before = view.known();
          const proof = history.reading(history.head, { sentAt: 1_000 });
          if (view.fits(proof)) view.confirm(proof);
          else view.relist(proof, 'behind', before);
          expect(byKey(view.snapshot?.entries ?? new Map())).toEqual(byKey(history.committed(history.head)));
          expect(view.snapshot?.confirmedAt).toBe(1_000);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('one change of the view', () => {
  it('holds all events of its revision', () => {
    const history = historyOf([put('a'), [...put('b'), ...put('c'), ...remove('a')]]);
    const view = listed(history, 1);
    const changes = [...view.apply(history.events(2))];
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ kind: 'events', revision: 2n });
    expect([...(changes[0]?.snapshot.entries.keys() ?? [])].sort()).toEqual(['b', 'c']);
  });

  it('is not made twice when a second stream delivers the same', () => {
    const history = historyOf([put('a'), put('a')]);
    const view = listed(history, 1);
    expect([...view.apply(history.events(2))]).toHaveLength(1);
    expect([...view.apply(history.events(2))]).toHaveLength(0);
  });

  it('leaves earlier snapshots as they were', () => {
    const history = historyOf([put('a'), remove('a')]);
    const view = listed(history, 1);
    const before = view.snapshot;
    expect([...view.apply(history.events(2))]).toHaveLength(1);
    expect(before?.entries.has('a')).toBe(true);
    expect(view.snapshot?.entries.has('a')).toBe(false);
  });
});

describe('a proof', () => {
  it('moves the revision on when nothing of the prefix has changed', () => {
    const history = historyOf([put('a'), [], []]);
    const view = listed(history, 1);
    expect(view.confirm(history.reading(3))).toMatchObject({
      kind: 'confirmed',
      snapshot: { revision: 3n, confirmedAt: 3 },
    });
  });

  it('that was sent earlier than the last one does not set the time back', () => {
    const history = historyOf([put('a')]);
    const view = listed(history, 1);
    view.confirm(history.reading(1, { sentAt: 500 }));
    expect(view.confirm(history.reading(1, { sentAt: 400 }))).toBeUndefined();
    expect(view.snapshot?.confirmedAt).toBe(500);
  });

  it('of an older revision does not bring back a key that was deleted since', () => {
    const history = historyOf([put('a'), remove('a'), put('b')]);
    const view = listed(history, 1);
    for (const _ of view.apply([...history.events(2), ...history.events(3)]));
    expect(view.fits(history.reading(1))).toBe(true);
    view.confirm(history.reading(3));
    expect(view.fits(history.reading(1))).toBe(true);
  });

  it('finds a key that is there and should not be', () => {
    const history = historyOf([put('a'), remove('a')]);
    expect(listed(history, 1).fits(history.reading(2))).toBe(false);
  });
});

describe('a list', () => {
  it('declares history lost when it brings what no event told', () => {
    const history = historyOf([put('a'), put('a')]);
    const view = listed(history, 1);
    expect(view.relist(history.reading(2), 'behind', view.known())).toMatchObject({ why: 'behind', historyLost: true });
  });

  it('declares nothing lost at the start, or when the events were quicker after all', () => {
    const history = historyOf([put('a'), put('a')]);
    const view = new PrefixView();
    expect(view.relist(history.reading(1), 'start', view.known())).toMatchObject({ historyLost: false });
    for (const _ of view.apply(history.events(2)));
    expect(view.relist(history.reading(2), 'behind', view.known())).toMatchObject({ historyLost: false });
  });
});

describe('an answer from another history', () => {
  const history = historyOf([put('a'), put('b'), put('c')]);

  it.each([
    ['another cluster id', { clusterId: '2' }, 'cluster_changed'],
    ['a lower revision', { revision: revision(2) }, 'rewind'],
    ['a lower raft term', { raftTerm: 0n, revision: revision(9) }, 'rewind'],
  ] as const)('is told by %s', (_, header, expected) => {
    const view = listed(history, 3);
    expect(view.breakWith(history.reading(3, header).header, view.known())).toBe(expected);
  });

  it('replaces everything, newer revisions included, and opens a new epoch', () => {
    const view = listed(history, 3);
    const before = view.known();
    const restored = historyOf([put('z')]);
    const change = view.relist(restored.reading(1, { sentAt: 2 }), 'behind', before);
    expect(change).toMatchObject({ kind: 'relisted', why: 'rewind', historyLost: true });
    expect([...(view.snapshot?.entries.keys() ?? [])]).toEqual(['z']);
    expect(view.snapshot).toMatchObject({ revision: 1n, confirmedAt: 2 });
    expect(view.known().epoch).not.toBe(before.epoch);
    expect(view.nextRevision).toBe(2n);
  });

  it('is not an answer that is merely older than what came since it was asked for', () => {
    const view = listed(history, 1);
    const before = view.known();
    for (const _ of view.apply([...history.events(2), ...history.events(3)]));
    expect(view.breakWith(history.reading(1).header, before)).toBeUndefined();
  });
});
