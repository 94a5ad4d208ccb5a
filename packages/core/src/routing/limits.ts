// The spans of time that decisions rest on, each with its reason. Milliseconds.
import type { ProxiesView } from '../model/proxies.ts';
import type { OutagePolicy } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { ClusterView } from '../model/view.ts';

/** A view counts as fresh while its last confirmation is younger than this. Proofs run every 250 ms: three may fail. */
export const FRESH_MS = 1_000;

/**
 * How long the open sessions of a leader whose key vanished are left alone: after a deletion by hand or a lost lease the same name
 * returned after 57-176 ms (Patroni 3.0.2 and 4.1.4, measured).
 */
export const RETURN_MS = 200;

/** While the key is gone in a paused or failsafe cluster, the former leader proves itself again at least this often. */
export const SELF_PROOF_MS = 1_000;

/** A leader's record may be missing this long: a Patroni that comes back with a new lease puts it 47-88 ms after the key (measured). */
export const RECORD_GONE_MS = 1_000;

/** After the first look at a cluster, the first probe is awaited this long before anything is changed in a write service. */
export const FIRST_PROBE_MS = 1_000;

/**
 * A record that says `stopping`, `restarting` or `demoted` is believed against a PostgreSQL that says `primary`, but not for longer:
 * once told to stop, PostgreSQL refuses new sessions within milliseconds.
 */
export const STOP_TAKES_MS = 2_000;

/**
 * A standby may be on a lower timeline for this long after a failover: it follows within a second or two, but its record may tell so only in its
 * next loop (10.3 s measured with the default loop_wait of 10 s). In Stolon its word takes two steps, the keeper's and the sentinel's, each once in a
 * sleepInterval (10.04 s in a recorded failover with the default of 5 s).
 */
export const timelinePatienceMs = ({ source, settings: { loopWaitMs } }: ClusterView): number =>
  (source === 'stolon' ? 2 * loopWaitMs : loopWaitMs) + 5_000;

/** Former leaders are asked in a tight loop for this long after the key went. Without a manager: all servers, after there was no longer one primary. */
export const FORMER_HURRY_MS = 10_000;

/** A leader that has proven nothing for this long is worth an alarm. A usual promotion takes 0.1-0.3 s. */
export const STUCK_MS = 15_000;

/** Standbys write their positions 40-100 ms after the primary's (measured); a second later a record that is older still tells of real lag. */
export const SAMPLING_MS = 1_000;

/** etcd not confirming the view for this long is worth an alarm. */
export const UNCONFIRMED_ALARM_MS = 5_000;

/** An answer older than this no longer counts as "it proves itself". Records only: no probe, never. Without a manager: no answer older than this counts. */
export function proofAgeMs(spec: ClusterSpec): number {
  return Math.max(3_000, 3 * (spec.probe?.intervalMs ?? 0));
}

/**
 * How long a write service stays open on a view that can't be confirmed, counted from the last confirmation. Milliseconds; infinite where the policy is to
 * hold without end.
 *
 * `auto` by Patroni: the lease of the leader key had at least `ttl - loop_wait` left when the key was last seen committed (it is renewed once per loop); one
 * second is the margin. Without a probe nobody would notice that a primary cut off from etcd demotes itself after `retry_timeout`; for want of anybody who
 * could notice there is no holding without end either.
 *
 * Stolon never stops a master that is cut off, so what the operator sets may only shorten it. Registered, the sentinel waits for us for twice the
 * proxyTimeout, and stolon-proxy itself closes after one (0.17, cmd/proxy). Passive, it waits for nobody.
 *
 * Source `postgres`: not asked about writes; an answer that is too old (proofAgeMs) is all that there is to outlast.
 */
export function graceMs({ probe }: ClusterSpec, { settings, proxies }: ClusterView, outage: OutagePolicy): number {
  if (proxies !== undefined) return Math.min(longestOf(proxies), asked(outage));
  const lease = settings.ttlMs - settings.loopWaitMs - 1_000;
  const auto = Math.max(FRESH_MS, probe === undefined ? Math.min(lease, settings.retryTimeoutMs) : lease);
  const wanted = asked(outage);
  if (outage.kind === 'auto' || (probe === undefined && wanted === Number.POSITIVE_INFINITY)) return auto;
  return wanted;
}

function asked(outage: OutagePolicy): number {
  switch (outage.kind) {
    case 'auto':
      return Number.POSITIVE_INFINITY;
    case 'close':
      return FRESH_MS;
    case 'hold':
      return Math.max(FRESH_MS, outage.forMs ?? Number.POSITIVE_INFINITY);
  }
}

/** What Stolon itself allows. */
const longestOf = (proxies: ProxiesView): number => proxies.registration?.timeoutMs ?? passiveGraceMs(proxies);

/**
 * Between withdrawing a master from its proxies and naming the next one Stolon's sentinel lets at least one sleepInterval pass, whoever is registered
 * (0.17, cmd/sentinel). So whoever saw a master named less than that ago knows that no other is named yet; the rest is for the fencing.
 */
export const passiveGraceMs = ({ sleepIntervalMs }: ProxiesView): number => 0.6 * sleepIntervalMs;

/** A view younger than this is as good as confirmed now. Only where Stolon allows less than `FRESH_MS` in all it is less than that. */
export const freshMs = ({ proxies }: ClusterView): number =>
  proxies === undefined ? FRESH_MS : Math.min(FRESH_MS, longestOf(proxies));

/** Stolon's default convergenceTimeout: a keeper that has not carried out its spec for so long is taken for failed (0.17). */
export const CONVERGENCE_MS = 30_000;

/** A process that has just started has this long to make HAProxy let go of everything but the master, and to register. */
export const REGISTER_MS = 2_000;

/** How many sleepIntervals it may take the sentinel to enable a proxy that has registered: it looks once in each, and may have just looked. */
export const ENABLE_INTERVALS = 3;

/** A leading sentinel writes clusterdata once per sleepInterval; nothing for so many of them is worth an alarm. */
export const SENTINEL_INTERVALS = 3;

/** HAProxy has let go of an old master within milliseconds; an acknowledgement that waits for it this long is worth an alarm. */
export const ACKNOWLEDGE_MS = 1_000;

/** The member that Stolon is about to name is asked in a tight loop for this long: two proxyTimeouts that a dead proxy costs, and the switch. */
export const PROMOTION_HURRY_MS = 60_000;
