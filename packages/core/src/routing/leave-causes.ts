// Which of the causes in the operator's table of leaving stands behind a reason. One row for every code that can keep a member out, so that no new
// reason comes without somebody having thought of the sessions. Nothing is judged here.
import type { OutCode, Reason, ReasonCode } from '../model/reason.ts';
import type { LeaveCause } from '../model/service.ts';

const causes: Readonly<Record<OutCode, LeaveCause>> = {
  // The cluster as a whole. Of its servers nothing is known any more, so nothing speaks against their sessions: as if their records were gone.
  not_initialized: 'absent',
  standby_cluster: 'role_lost',
  config_unreadable: 'absent',
  no_leader: 'role_lost',
  leader_unknown: 'absent',
  clusterdata_absent: 'absent',
  clusterdata_unreadable: 'absent',
  format_version: 'absent',
  spec_invalid: 'absent',
  conflicting_primaries: 'role_lost',

  // Said of the writer, or of who is not it.
  not_leader: 'role_lost',
  leader_awaits_proof: 'role_lost',
  leader_unreachable: 'down',
  leader_in_recovery: 'role_lost',
  leader_starting: 'down',
  leader_shutting_down: 'down',
  leader_down: 'down',
  leader_record_state: 'role_lost',
  leader_record_not_primary: 'role_lost',
  leader_record_older: 'role_lost',
  leader_record_checkpoint: 'role_lost',
  leader_record_gone: 'absent',
  leader_without_address: 'absent',
  leader_record_not_converged: 'role_lost',
  record_unreadable: 'absent',
  switchover_ordered: 'role_lost',
  switchover_begun: 'role_lost',
  leader_key_lost: 'role_lost',
  former_awaits_proof: 'role_lost',
  former_leader: 'role_lost',
  former_leader_stopped: 'role_lost',
  view_not_fresh: 'view_lost',
  view_unconfirmed: 'view_lost',
  proof_too_old: 'view_lost',
  other_primary_seen: 'role_lost',
  proxy_not_registered: 'role_lost',
  proxy_not_acknowledged: 'role_lost',
  proxy_not_enabled: 'role_lost',
  proxy_timeout: 'view_lost',
  member_forgotten: 'removed',
  primary_without_authority: 'role_lost',

  // Said in a read service. A standby that is behind, by whatever sign, still answers those that it has.
  leader_takes_no_reads: 'role_lost',
  replica_record_gone: 'absent',
  replica_not_running: 'down',
  replica_role: 'role_lost',
  replica_noloadbalance: 'excluded',
  replica_not_streaming: 'lag',
  replica_timeline_behind: 'lag',
  replica_timeline_ahead: 'role_lost',
  replica_lagging: 'lag',
  replica_lag_dwells: 'lag',
  replica_lag_unknown: 'lag',
  replica_of_other_kind: 'role_lost',
  backup_not_needed: 'preferred',
  replica_down: 'down',
  replica_starting: 'down',
  replica_shutting_down: 'down',
  replica_keeper_unhealthy: 'absent',
  replica_db_unhealthy: 'down',
  replica_being_built: 'down',
  replica_follows_outside: 'role_lost',
  replica_without_db: 'absent',
  // No answer may only be load, or a lost packet: nobody's session is ended for it.
  replica_unknown: 'absent',
  replica_silent: 'absent',
  replica_without_address: 'absent',

  // Said in either.
  not_selected: 'excluded',
  override_maint: 'maintenance',
  override_drain: 'excluded',
  view_lost: 'view_lost',
};

const isOutCode = (code: ReasonCode): code is OutCode => Object.hasOwn(causes, code);

/** Why a member that this reason is told of leaves. One that is out though its reason speaks for it has others before it. */
export const causeOf = ({ code }: Reason): LeaveCause => (isOutCode(code) ? causes[code] : 'preferred');
