// The spans of time that decisions rest on, each with its reason. Milliseconds.
import type { ClusterSpec } from '../model/spec.ts';
import type { ManagerSettings } from '../model/view.ts';

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
 * next loop (10.3 s measured with the default loop_wait of 10 s).
 */
export const timelinePatienceMs = ({ loopWaitMs }: ManagerSettings): number => loopWaitMs + 5_000;

/** Former leaders are asked in a tight loop for this long after the key went. */
export const FORMER_HURRY_MS = 10_000;

/** A leader that has proven nothing for this long is worth an alarm. A usual promotion takes 0.1-0.3 s. */
export const STUCK_MS = 15_000;

/** Standbys write their positions 40-100 ms after the primary's (measured); a second later a record that is older still tells of real lag. */
export const SAMPLING_MS = 1_000;

/** etcd not confirming the view for this long is worth an alarm. */
export const UNCONFIRMED_ALARM_MS = 5_000;

/** An answer older than this no longer counts as "it proves itself". Records only: no probe, never. */
export function proofAgeMs(spec: ClusterSpec): number {
  return Math.max(3_000, 3 * (spec.probe?.intervalMs ?? 0));
}

/**
 * How long a write service stays open on a view that can't be confirmed, counted from the last confirmation.
 *
 * The lease of the leader key had at least `ttl - loop_wait` left when the key was last seen committed (Patroni renews it once per loop); one
 * second is the margin. Without a probe nobody would notice that a primary cut off from etcd demotes itself after `retry_timeout`.
 */
export function graceMs(spec: ClusterSpec, settings: ManagerSettings): number {
  if (spec.grace !== 'auto') return Math.max(FRESH_MS, spec.grace);
  const lease = settings.ttlMs - settings.loopWaitMs - 1_000;
  return Math.max(FRESH_MS, spec.probe === undefined ? Math.min(lease, settings.retryTimeoutMs) : lease);
}
