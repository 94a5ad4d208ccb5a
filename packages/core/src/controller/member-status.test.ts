import { describe, expect, it } from 'vitest';
import { ago, now, primaryAt, said, standbyAt, withMember } from '../../test/cluster.ts';
import { aRegistration, named, passive, stolonCluster, stolonSpec, withdrawn } from '../../test/stolon-cluster.ts';
import type { ClusterView } from '../model/view.ts';
import { memberStatuses } from './member-status.ts';

describe("PgRoute66's words for the members of a Stolon cluster", () => {
  const statuses = (view: ClusterView) => Object.fromEntries(memberStatuses(stolonSpec(), view, now, 30_000).statuses);
  const standbys = { keeper2: 'standby', keeper3: 'standby' };

  it('call the named master primary, if this router may send writes there', () => {
    expect(statuses(passive())).toEqual({ keeper1: 'primary', ...standbys });
    expect(statuses(stolonCluster())).toEqual({ keeper1: 'primary', ...standbys });
    expect(statuses(stolonCluster({}, { enabled: [] }))).toEqual({ keeper1: 'unavailable', ...standbys });
  });

  it('call it so while a new process keeps it in', () => {
    const starting = stolonCluster(
      { leadership: named('keeper1', { origin: 'found', seenAt: ago(300) }) },
      {
        enabled: [],
        registration: aRegistration({ startedAt: ago(300), acknowledged: undefined, aliveAt: undefined }),
      },
    );
    expect(statuses(starting)).toEqual({ keeper1: 'primary', ...standbys });
    const unproven = withMember(starting, 'keeper1', { probe: undefined });
    expect(statuses(unproven)).toEqual({ keeper1: 'unavailable', ...standbys });
  });

  it('call nobody primary between two masters, promoted or not', () => {
    const between = withMember(passive({ leadership: withdrawn('keeper1') }), 'keeper2', {
      role: 'promoting',
      probe: said(standbyAt(ago(900)), primaryAt(ago(20))),
    });
    expect(statuses(between)).toEqual({ keeper1: 'unavailable', keeper2: 'unavailable', keeper3: 'standby' });
  });
});
