// A view of a sound Stolon cluster for tests of what depends on its proxies' part only: generation 3, keeper1 named by db d1.
import type { ProxiesView } from '../src/model/proxies.ts';
import { type Millis, millis, revision } from '../src/model/units.ts';
import type { ClusterView, Leadership } from '../src/model/view.ts';
import { passive } from './stolon-cluster.ts';

export const at = (ms: number): Millis => millis(ms);

export const named: Leadership = {
  kind: 'held',
  member: 'keeper1',
  revision: revision(80),
  seenAt: at(0),
  origin: 'named',
};
export const withdrawn: Leadership = {
  kind: 'vacant',
  former: 'keeper1',
  revision: revision(100),
  seenAt: at(0),
  graceful: false,
};

export function aStolonView(changes: Partial<ProxiesView> = {}, leadership: Leadership = named): ClusterView {
  const masterDbUid = leadership.kind === 'held' ? 'd1' : undefined;
  return passive(
    { revision: revision(100), leadership },
    { generation: 3, generationRevision: revision(80), generationSeenAt: at(0), masterDbUid, enabled: [], ...changes },
  );
}
