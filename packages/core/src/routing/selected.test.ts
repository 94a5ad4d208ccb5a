import { describe, expect, it } from 'vitest';
import {
  ago,
  aSpec,
  aView,
  heldBy,
  now,
  primaryAt,
  said,
  standbyAt,
  vacantAfter,
  withMember,
} from '../../test/cluster.ts';
import { type ClusterView, noTags } from '../model/view.ts';
import { Horizon } from './horizon.ts';
import { selectionOf } from './selected.ts';

describe('a member, as selectors see it', () => {
  const selects = (text: string, view: ClusterView): string =>
    [
      ...selectionOf(
        {
          view,
          spec: aSpec(),
          horizon: new Horizon(now),
          outage: { kind: 'auto' },
          overrides: [],
          memory: [],
        },
        text,
      ).names,
    ].join(' ');

  it('is primary as soon as it leads, and no more as soon as another does, whatever the records say', () => {
    const switched = withMember(
      withMember(aView({ leadership: heldBy('n2', { seenAt: ago(100) }) }), 'n2', {
        probe: said(primaryAt(ago(50))),
      }),
      'n1',
      { probe: said(standbyAt(ago(50))), recordRevision: heldBy('n1').revision },
    );
    expect(selects("[? role == 'primary' ]", switched)).toBe('n2');
    expect(selects("[? role == 'replica' ]", switched)).toBe('n1 n3');
    expect(selects("[? role == 'primary' ]", aView({ leadership: vacantAfter('n1') }))).toBe('n1');
  });

  it("has the tag pg_role only where it says what Patroni has no word for: an inventory's primary may be none now", () => {
    const tagged = withMember(
      withMember(aView(), 'n2', { tags: { ...noTags, custom: { pg_role: 'primary' } } }),
      'n3',
      { tags: { ...noTags, custom: { pg_role: 'offline', pg_offline_query: 'true' } } },
    );
    expect(selects('[? pg_role == `primary` ]', tagged)).toBe('n1');
    expect(selects('[? pg_role == `replica` ]', tagged)).toBe('n2');
    expect(selects('[? pg_role == `offline` && pg_offline_query ]', tagged)).toBe('n3');
  });
});
