// Whether a registration as a Stolon proxy outlives a new configuration. It speaks for HAProxies and backends; one that is not driven any more has to
// let go first, since no later acknowledgement would tell of it.
import { type ClusterSpec, isStored, type TargetSpec } from '../model/spec.ts';
import { sourcePrefix } from '../source/source.ts';
import { registers } from './proxy-part.ts';

interface Configuration {
  readonly clusters: readonly ClusterSpec[];
  readonly haproxy: readonly TargetSpec[];
}

/** `spec`: the cluster as it stands in `before`. */
export function registrationOutlives(spec: ClusterSpec, before: Configuration, after: Configuration): boolean {
  if (!isStored(spec)) return false;
  const prefix = sourcePrefix(spec.source);
  const successor = after.clusters.find((one) => registers(one) && sourcePrefix(one.source) === prefix);
  if (successor === undefined) return false;
  // Of read services as well: a standby that they lead to may become the master, and be withdrawn.
  const backends = spec.services.every(({ backend, role }) =>
    successor.services.some((service) => service.backend === backend && service.role === role),
  );
  const sockets = before.haproxy.every(({ socket }) => after.haproxy.some((target) => target.socket === socket));
  return backends && sockets;
}
