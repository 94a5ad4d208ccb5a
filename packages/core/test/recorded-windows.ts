// The windows in which a member is let in although its PostgreSQL does not take writes, in the recordings: each named, bounded, and why nothing that the
// router can see would close it earlier. None of them is about authority: that is never wrong. A window that is not listed here fails the test, and so does a
// listed one that no longer occurs.
import type { Mode } from './recordings.ts';

export interface Window {
  readonly recording: string;
  readonly mode: Mode;
  readonly member: string;
  /** When PostgreSQL went away (or the view came back), in the recording's time. */
  readonly fromMs: number;
  readonly atMostMs: number;
  readonly why: string;
}

/** PostgreSQL ends our session without a word; one question later it is known. */
const untilAsked = 'the session has ended, and the question why is under way (two burst intervals at most)';
/** Nothing is written to etcd before or while PostgreSQL goes; the key goes when Patroni lets it go, a second or two later. */
const untilKeyReturned =
  'Patroni stops PostgreSQL first and gives the key back after that; nothing announces a stop by SIGTERM';
/** The whole node is dead; its lease is not yet. */
const untilLeaseEnds = 'node or network is gone, and the lease of its keys runs for up to ttl';
/** PostgreSQL alone is dead; Patroni tells in its next loop. */
const untilNextLoop = 'PostgreSQL crashed; Patroni writes it into the record in its next loop';
/** A restart in place: the record says so late or never. */
const untilRestarted = 'restart in place under the same key; the record tells it late or not at all';
/** The last record before an outage of etcd still says primary. */
const untilRewritten = 'after an outage of etcd the record from before is still there until Patroni writes again';

const row = (recording: string, mode: Mode, member: string, fromMs: number, atMostMs: number, why: string): Window => ({
  recording,
  mode,
  member,
  fromMs,
  atMostMs,
  why,
});

/** With a probe every window ends with the next question. */
const probed = (recording: string, member: string, fromMs: number): Window =>
  row(recording, 'probe', member, fromMs, 45, untilAsked);

export const windows: readonly Window[] = [
  probed('etcd-outage', 'n1', 21_069),
  probed('full-stop-start-remove', 'n1', 6_692),
  probed('full-stop-start-remove', 'n1', 79_735),
  probed('full-stop-start-remove-v4', 'n1', 6_935),
  probed('full-stop-start-remove-v4', 'n1', 65_911),
  probed('graceful-stop-primary', 'n1', 4_023),
  probed('graceful-stop-primary-v4', 'n1', 4_094),
  probed('kill-primary-node', 'n2', 4_029),
  probed('kill-primary-node-v2', 'n2', 4_020),
  probed('kill-primary-node-v20', 'n2', 4_048),
  probed('kill-primary-postgres', 'n2', 4_024),
  probed('kill-primary-postgres-v4', 'n2', 4_010),
  probed('partition-primary', 'n1', 21_288),
  probed('partition-primary-refused', 'n2', 15_457),
  probed('partition-primary-v4', 'n1', 21_550),
  probed('pause-primary-crash', 'n1', 3_029),
  probed('pause-primary-crash-v4', 'n1', 3_024),
  probed('pending-restart', 'n1', 33_170),
  probed('pending-restart-v4', 'n2', 33_989),
  probed('primary-restart', 'n3', 4_333),
  probed('sync-kill-primary-node', 'n2', 3_033),

  row('etcd-outage', 'record', 'n1', 63_542, 1_500, untilRewritten),
  row('full-stop-start-remove', 'record', 'n1', 6_692, 2_000, untilKeyReturned),
  row('full-stop-start-remove', 'record', 'n1', 79_735, 2_000, untilKeyReturned),
  row('full-stop-start-remove-v4', 'record', 'n1', 6_935, 2_500, untilKeyReturned),
  row('full-stop-start-remove-v4', 'record', 'n1', 65_911, 2_500, untilKeyReturned),
  row('graceful-stop-primary', 'record', 'n1', 4_023, 1_500, untilKeyReturned),
  row('graceful-stop-primary-v4', 'record', 'n1', 4_094, 2_500, untilKeyReturned),
  row('kill-primary-node', 'record', 'n2', 4_029, 31_000, untilLeaseEnds),
  row('kill-primary-node-v2', 'record', 'n2', 4_020, 31_000, untilLeaseEnds),
  row('kill-primary-node-v20', 'record', 'n2', 4_048, 31_000, untilLeaseEnds),
  row('sync-kill-primary-node', 'record', 'n2', 3_033, 31_000, untilLeaseEnds),
  row('partition-primary', 'record', 'n1', 21_288, 31_000, untilLeaseEnds),
  row('partition-primary-refused', 'record', 'n2', 15_457, 31_000, untilLeaseEnds),
  row('partition-primary-v4', 'record', 'n1', 21_550, 31_000, untilLeaseEnds),
  row('kill-primary-postgres', 'record', 'n2', 4_024, 10_000, untilNextLoop),
  row('kill-primary-postgres-v4', 'record', 'n2', 4_010, 10_000, untilNextLoop),
  row('pause-primary-crash', 'record', 'n1', 3_029, 10_000, untilNextLoop),
  row('pause-primary-crash-v4', 'record', 'n1', 3_024, 10_000, untilNextLoop),
  row('pending-restart', 'record', 'n1', 33_170, 2_500, untilRestarted),
  row('pending-restart-v4', 'record', 'n2', 33_989, 2_500, untilRestarted),
  row('primary-restart', 'record', 'n3', 4_333, 2_500, untilRestarted),
];

/** Who takes writes when the recording has ended and everything has settled, with a probe and by records alike. */
export const finalWriters: Readonly<Record<string, readonly string[]>> = {
  n1: [
    'bootstrap',
    'bootstrap-v2',
    'bootstrap-v20',
    'bootstrap-v4',
    'etcd-outage',
    'etcd-outage-failsafe',
    'etcd-outage-failsafe-v4',
    'idle',
    'idle-v4',
    'kill-primary-node',
    'kill-primary-node-v2',
    'kill-primary-node-v20',
    'leader-key-deleted',
    'lease-revoked',
    'lease-revoked-v4',
    'old-primary-rejoin',
    'old-primary-rejoin-v4',
    'pause-resume',
    'pause-resume-v4',
    'pending-restart',
    'permanent-slots',
    'reinit',
    'scheduled-restart',
    'scheduled-switchover',
    'scheduled-switchover-v4',
    'slow-promotion',
    'steady',
    'steady-v2',
    'steady-v20',
    'steady-v4',
    'sync-disable',
    'sync-kill-primary-node',
    'sync-switchover-v4',
    'sync-two-strict',
  ],
  n2: [
    'graceful-stop-primary-v4',
    'kill-primary-postgres',
    'kill-primary-postgres-v4',
    'kill-replica-node-v4',
    'kill-replica-postgres-v4',
    'manual-failover',
    'partition-primary',
    'partition-replica-v4',
    'pause-primary-crash-v4',
    'pending-restart-v4',
    'permanent-slots-v4',
    'reinit-v4',
    'replica-receive-lag-v4',
    'replica-replay-lag-v4',
    'replica-restart-v4',
    'replica-stop-start-v4',
    'scheduled-restart-v4',
    'switchover',
    'switchover-v2',
    'switchover-v20',
    'switchover-v4',
    'sync-disable-v4',
    'sync-enable-v4',
    'sync-kill-standby-v4',
    'sync-switchover',
    'tags-v4',
  ],
  n3: [
    'freeze-primary-patroni',
    'graceful-stop-primary',
    'kill-primary-patroni-only',
    'kill-primary-patroni-only-v4',
    'kill-replica-node',
    'kill-replica-postgres',
    'manual-failover-v4',
    'partition-primary-failsafe',
    'partition-primary-refused',
    'partition-primary-v4',
    'partition-replica',
    'pause-primary-crash',
    'pause-primary-patroni-stop',
    'primary-restart',
    'quorum-enable-v4',
    'replica-receive-lag',
    'replica-replay-lag',
    'replica-restart',
    'replica-stop-start',
    'sync-enable',
    'sync-kill-standby',
    'sync-two-strict-v4',
    'tags',
  ],
  nobody: [
    'full-stop-start-remove',
    'full-stop-start-remove-v4',
    'standby-cluster-bootstrap',
    'standby-cluster-bootstrap-v4',
    'standby-cluster-kill-leader',
    'standby-cluster-kill-leader-v4',
  ],
  s2: ['standby-cluster-promote'],
};
