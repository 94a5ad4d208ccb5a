// How long nothing may be known of a cluster before its write services close: after a start without etcd. Pure.
import type { ClusterSpec } from '../model/spec.ts';
import { registers } from './proxy-part.ts';

/** Patroni: its defaults (ttl 30 s, loop_wait 10 s), less a second. */
const PATRONI_MS = 19_000;
/** Stolon waits so long for a proxy that it knows (proxyTimeout). */
const REGISTERED_MS = 15_000;
/** For a passive reader Stolon does not wait: less than one sleepInterval (5 s). */
export const PASSIVE_MS = 3_000;

/** Milliseconds. Source `postgres`: never asked, there is always a picture. */
export function blindGraceMs(spec: ClusterSpec): number {
  const { grace, source } = spec;
  if (source.kind !== 'stolon') return grace === 'auto' ? PATRONI_MS : grace;
  const most = registers(spec) ? REGISTERED_MS : PASSIVE_MS;
  return grace === 'auto' ? most : Math.min(most, grace);
}
