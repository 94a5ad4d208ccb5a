// What outlives a new configuration. A cluster that stays the same goes on as it is. A registration as a Stolon proxy speaks for HAProxies and backends; one that
// is not driven any more has to let go first, since no later acknowledgement would tell of it.

import type { PgroutedConfig } from '../config/config.ts';
import { type ClusterSpec, isStored } from '../model/spec.ts';
import { sourcePrefix } from '../source/source.ts';
import { registers } from './proxy-part.ts';

/** What a registration speaks for. */
type Driven = Pick<PgroutedConfig, 'clusters' | 'haproxy'>;
type Configuration = Driven & Pick<PgroutedConfig, 'etcd' | 'http'>;

/** `spec`: the cluster as it stands in `before`. */
export function registrationOutlives(spec: ClusterSpec, before: Driven, after: Driven): boolean {
  if (!isStored(spec)) return false;
  const prefix = sourcePrefix(spec.source);
  const successor = after.clusters.find((one) => registers(one) && sourcePrefix(one.source) === prefix);
  if (successor === undefined) return false;
  // Of read services as well: a standby that they lead to may become the master, and be withdrawn.
  const backends = spec.services.every(({ backends, role }) =>
    backends.every((backend) =>
      successor.services.some((service) => service.backends.includes(backend) && service.role === role),
    ),
  );
  const sockets = before.haproxy.every(({ socket }) => after.haproxy.some((target) => target.socket === socket));
  return backends && sockets;
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A cluster goes on without being read or decided anew. One that is registered in Stolon begins anew where another HAProxy is driven than before. */
export function staysAsItIs(
  { spec }: { readonly spec: ClusterSpec },
  before: Configuration,
  after: Configuration,
): boolean {
  const there = after.clusters.some((one) => one.name === spec.name && same(one, spec));
  if (!there || before.http.maxAgeMs !== after.http.maxAgeMs) return false;
  if (isStored(spec) && !same(before.etcd, after.etcd)) return false;
  return !registers(spec) || same(before.haproxy, after.haproxy);
}
