// A view of a sound Stolon cluster for tests of what depends on its proxies' part only: generation 3, keeper1 named by db d1.
import type { ProxiesView } from '../src/model/proxies.ts';
import { type Millis, millis, revision } from '../src/model/units.ts';
import type { ClusterView, Leadership } from '../src/model/view.ts';
import { aView } from './cluster.ts';

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
  return {
    ...aView(),
    source: 'stolon',
    revision: revision(100),
    leadership,
    proxies: {
      problem: undefined,
      clusterUid: 'c1',
      generation: 3,
      generationRevision: revision(80),
      generationSeenAt: at(0),
      masterDbUid: leadership.kind === 'held' ? 'd1' : undefined,
      statusMasterDbUid: 'd1',
      enabled: [],
      proxies: [],
      sentinel: 's1',
      writtenAt: at(0),
      sleepIntervalMs: 5_000,
      checkIntervalMs: 5_000,
      proxyTimeoutMs: 15_000,
      maxStandbyLagBytes: 1_232_896,
      ...changes,
    },
  };
}
