// Which services close while nothing at all could be read of a cluster since the start: after a start without etcd. Each by its own outage policy. Pure.
import { isWriteService, type OutagePolicy, type ServiceSpec } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { FRESH_MS } from '../routing/limits.ts';
import { registers } from './proxy-part.ts';

/** Patroni: its defaults (ttl 30 s, loop_wait 10 s), less a second. */
const PATRONI_MS = 19_000;
/** Stolon waits so long for a proxy that it knows (proxyTimeout). */
const REGISTERED_MS = 15_000;
/** For a passive reader Stolon does not wait: less than one sleepInterval (5 s). */
export const PASSIVE_MS = 3_000;

export interface BlindClosing {
  /** Their policies are at their end. */
  readonly closed: readonly ServiceSpec[];
  /** Milliseconds since the start at which the next one's is; undefined: there is none. */
  readonly nextMs: number | undefined;
}

/** Source `postgres`: never asked, there is always a picture. */
export function closedBlind(spec: ClusterSpec, sinceStartMs: number): BlindClosing {
  const limits = spec.services.map((service) => ({ service, limitMs: lastsMs(spec, service) }));
  const ahead = limits.map(({ limitMs }) => limitMs).filter((limitMs) => limitMs > sinceStartMs);
  const nextMs = Math.min(...ahead);
  return {
    closed: limits.filter(({ limitMs }) => limitMs <= sinceStartMs).map(({ service }) => service),
    nextMs: Number.isFinite(nextMs) ? nextMs : undefined,
  };
}

/** Stolon never stops a master that is cut off, so a write service can only be told to close sooner than Stolon would have it. */
function lastsMs(spec: ClusterSpec, service: ServiceSpec): number {
  const auto = spec.source.kind !== 'stolon' ? PATRONI_MS : registers(spec) ? REGISTERED_MS : PASSIVE_MS;
  const asked = askedMs(service.outage, auto);
  return spec.source.kind === 'stolon' && isWriteService(service) ? Math.min(auto, asked) : asked;
}

function askedMs(outage: OutagePolicy, auto: number): number {
  switch (outage.kind) {
    case 'auto':
      return auto;
    case 'close':
      return FRESH_MS;
    case 'hold':
      return Math.max(FRESH_MS, outage.forMs ?? Number.POSITIVE_INFINITY);
  }
}
