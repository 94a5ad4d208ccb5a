import { describe, expect, it } from 'vitest';
import { aStolonView, at } from '../../test/stolon-view.ts';
import { revision } from '../model/units.ts';
import { isAcknowledged, nextAnnouncement } from './announcement.ts';

const untold = { acknowledged: undefined, timeoutMs: 15_000 };
const told = (generation: number, changes: { readonly clusterUid?: string; readonly at?: number } = {}) => ({
  acknowledged: {
    clusterUid: changes.clusterUid ?? 'c1',
    generation,
    viewRevision: revision(90),
    at: at(changes.at ?? 100),
  },
  timeoutMs: 15_000,
});

describe('what a proxy tells Stolon next', () => {
  it('acknowledges the generation it sees once HAProxy has let go', () => {
    expect(nextAnnouncement(aStolonView({ generation: 3 }), untold, undefined)).toEqual({
      kind: 'write',
      hindrance: undefined,
      announcement: {
        generation: 3,
        timeoutMs: 15_000,
        news: true,
        acknowledges: { clusterUid: 'c1', generation: 3, viewRevision: revision(100) },
      },
    });
  });

  it('says nothing new while it renews what it has acknowledged', () => {
    const next = nextAnnouncement(aStolonView({ generation: 3 }), told(3), undefined);
    expect(next).toMatchObject({ kind: 'write', announcement: { generation: 3, news: false } });
  });

  it('goes on with the generation before as long as HAProxy holds on, so that Stolon waits for it', () => {
    const next = nextAnnouncement(aStolonView({ generation: 4 }), told(3), 'HAProxy (a) does not answer');
    expect(next).toEqual({
      kind: 'write',
      hindrance: 'HAProxy (a) does not answer',
      announcement: { generation: 3, timeoutMs: 15_000, acknowledges: undefined, news: false },
    });
  });

  it('is silent before it has let go for the first time: Stolon does not know of it yet', () => {
    expect(nextAnnouncement(aStolonView({ generation: 4 }), untold, 'held')).toEqual({
      kind: 'nothing',
      hindrance: 'held',
    });
  });

  it('acknowledges a generation that went backwards like any other', () => {
    expect(nextAnnouncement(aStolonView({ generation: 0 }), told(7), undefined)).toMatchObject({
      announcement: { generation: 0, news: true },
    });
  });

  it.each([
    ['of the cluster before stolonctl init', told(4, { clusterUid: 'c0' })],
    ['of before the generation was set back', told(4, { at: 10 })],
  ])('does not renew the same number %s while HAProxy holds on: it would count as an acknowledgement', (_, before) => {
    const view = aStolonView({ generation: 4, generationSeenAt: at(50) });
    expect(isAcknowledged(view, before)).toBe(false);
    expect(nextAnnouncement(view, before, 'held')).toEqual({ kind: 'nothing', hindrance: 'held' });
  });

  it('publishes the greater proxyTimeout while it is lowered', () => {
    const next = nextAnnouncement(aStolonView({ proxyTimeoutMs: 6_000 }), told(3), undefined);
    expect(next).toMatchObject({ announcement: { timeoutMs: 15_000 } });
  });

  it('writes nothing on clusterdata that Stolon itself would refuse', () => {
    const problem = { kind: 'format_version', key: 'k', version: '2' } as const;
    expect(nextAnnouncement(aStolonView({ problem }), told(3), undefined)).toMatchObject({ kind: 'nothing' });
  });
});
