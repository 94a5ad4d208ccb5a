// A cluster with what is known of it now: what the HTTP answers are made from.
import type { ClusterSpec } from '../model/spec.ts';
import type { ClusterView } from '../model/view.ts';

export interface KnownCluster {
  readonly spec: ClusterSpec;
  readonly view: ClusterView;
}
