import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byKey, type History, histories, historyOf } from '../../test/etcd-history.ts';
import { byName } from './entries.ts';
import { PrefixView, type Reading } from './prefix-view.ts';

const put = (key: string) => [{ key, remove: false }];
const remove = (key: string) => [{ key, remove: true }];

/** What etcd answers at revision `at` to "what was changed after `since`, and how many keys are there". */
function changesOf(history: History, since: number, at: number): Reading {
  const { header, kvs } = history.reading(at);
  const changed = kvs.filter(({ modRevision }) => modRevision > BigInt(since));
  return { header, kvs: changed, sentAt: history.reading(at).sentAt, countOfAll: kvs.length };
}

function listed(history: History, at: number): PrefixView {
  const view = new PrefixView(byName(''));
  view.relist(history.reading(at), 'start', view.known());
  return view;
}

const apply = (view: PrefixView, history: History, at: number): void => {
  for (const _ of view.apply(history.events(at)));
};

const since = (view: PrefixView): number => Number(view.provenChangesSince);
const shown = (view: PrefixView) => byKey(view.snapshot?.entries ?? new Map());

describe('a proof that asks for changes only', () => {
  it('fits exactly when the view is what was committed, whichever events were lost', () => {
    fc.assert(
      fc.property(
        histories,
        fc.nat(),
        fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
        fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
        (history, start, lost, proofs) => {
          const view = listed(history, start % (history.head + 1));
          for (let at = Number(view.nextRevision); at <= history.head; at += 1) {
            if (!lost[at - 1]) apply(view, history, at);
            if (!proofs[at - 1]) continue;
            const proof = changesOf(history, since(view), at);
            const isCommitted =
              JSON.stringify(shown(view), text) === JSON.stringify(byKey(history.committed(at)), text);
            expect(view.fits(proof)).toBe(isCommitted);
            if (isCommitted) view.confirm(proof);
            else view.relist(history.reading(at), 'behind', view.known());
            expect(shown(view)).toEqual(byKey(history.committed(at)));
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('never doubts a sound history, however late its answer comes', () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.array(fc.nat(4), { maxLength: 25 }), (history, start, delays) => {
        const view = listed(history, start % (history.head + 1));
        let at = Number(view.nextRevision) - 1;
        for (const delay of delays) {
          const asked = since(view);
          const answeredAt = Math.min(history.head, at + 1);
          const proof = changesOf(history, asked, answeredAt);
          for (let step = 0; step <= delay && at < history.head; step += 1) {
            at += 1;
            apply(view, history, at);
          }
          expect(view.fits(proof)).toBe(true);
          view.confirm(proof);
          expect(shown(view)).toEqual(byKey(history.committed(at)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('shows a key that was put and one that was deleted, each lost by the watches', () => {
    const history = historyOf([put('a'), put('b'), remove('a')]);
    const view = listed(history, 1);
    expect(view.fits(changesOf(history, since(view), 2))).toBe(false);
    apply(view, history, 2);
    expect(view.fits(changesOf(history, since(view), 2))).toBe(true);
    expect(view.fits(changesOf(history, since(view), 3))).toBe(false);
  });

  it('is not deceived by one key that comes while another goes', () => {
    const history = historyOf([put('a'), [...remove('a'), ...put('b')]]);
    expect(listed(history, 1).fits(changesOf(history, 1, 2))).toBe(false);
  });
});

const text = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
