// Reasons: a code from one documented list plus the facts it rests on. Log line, API, CLI and metric are made from the same value.
// Codes are stable: scripts and alerts depend on them. The sentences are for a person at three in the morning.

import { postgresTexts } from './postgres-texts.ts';
import type { ClusterDataProblem } from './proxies.ts';
import type { SourceSpec } from './spec.ts';
import { stolonTexts } from './stolon-texts.ts';

type SourceKind = SourceSpec['kind'];

export type ReasonFact = string | number | boolean | null;

export interface Reason {
  readonly code: ReasonCode;
  /** The facts that the reason rests on, by name, with units in the names where they have any. */
  readonly facts: Readonly<Record<string, ReasonFact>>;
}

/** The whole cluster: no write service can be open, whoever holds the leader key. */
const clusterTexts = {
  not_initialized: 'The cluster has not been initialized yet: it has no data to serve',
  standby_cluster: 'This is a standby cluster: it follows another cluster, and nobody in it takes writes',
  config_unreadable:
    "The cluster's settings ({key}) can't be read ({error}), so it is not known whether this cluster takes writes at all",
  no_leader: 'Nobody holds the leader key',
  leader_unknown: 'The leader key names {member}, but no such member has a record',
  clusterdata_absent:
    'There is no {key} in etcd: the Stolon cluster has not been initialised, or its name or prefix is another',
  clusterdata_unreadable: "{key} can't be read ({error}), so nothing is known about who may take writes",
  format_version: '{key} has formatVersion {version}; only formatVersion 1 is understood',
  conflicting_primaries:
    '{members} say at the same time that they are primary, and nobody can tell which of them is right: writes go nowhere, on purpose, until only one says so',
  spec_invalid: 'The cluster spec in {key} is refused by every Stolon component, so by this one too: {field}: {error}',
} as const;

/** A member in a write service: why it is in. */
const writerInTexts = {
  leader_proven: '{member} holds the leader key and PostgreSQL says that it is not in recovery',
  leader_proven_by_record:
    '{member} holds the leader key and its own record, written after that, says that it runs as primary',
  leader_proven_silent:
    '{member} holds the leader key and has said since then that it is not in recovery; it does not answer the probe now ({probe}), which may only be load',
  leader_within_grace:
    'etcd can no longer confirm that {member} holds the leader key, but its lease cannot have run out before the grace of {grace_ms} ms has passed',
  leader_held:
    'etcd can no longer confirm that {member} holds the leader key; by its outage policy this service stays open for as long as {member} says that it is not in recovery and nobody else does',
  leader_past_grace_paused:
    'etcd can no longer confirm that {member} holds the leader key, but the cluster is paused: Patroni leaves {member} primary, and PostgreSQL says that it still is',
  leader_past_grace_failsafe:
    'etcd can no longer confirm that {member} holds the leader key, but failsafe mode is on: {member} says that it is not in recovery, and {answering} of {members} members answer',
  former_kept_paused:
    'The leader key is gone while the cluster is paused: Patroni elects nobody, and {member}, which held it, says that it is not in recovery',
  former_kept_failsafe:
    'The leader key is gone while failsafe mode is on: {member}, which held it, says that it is not in recovery, and nobody else has taken over',
} as const;

/** A member in a write service: why it is out, or only keeps the sessions that it has. */
const writerOutTexts = {
  not_leader: '{leader} holds the leader key, not {member}',
  leader_awaits_proof: '{member} holds the leader key; PostgreSQL has not said yet that it is not in recovery',
  leader_unreachable:
    '{member} holds the leader key but gives no answer to the probe ({probe}: {error}), so nothing is proven',
  leader_in_recovery: '{member} holds the leader key, but PostgreSQL is still in recovery: the promotion is not over',
  leader_starting: '{member} holds the leader key, but PostgreSQL is starting up',
  leader_shutting_down: '{member} holds the leader key, but PostgreSQL is shutting down or has ended our session',
  leader_down: '{member} holds the leader key, but no PostgreSQL answers there: {error}',
  leader_record_state: "{member} holds the leader key, but its record says '{state}' as '{role}'",
  leader_record_not_primary:
    "{member} holds the leader key; its record says '{state}' as '{role}', and without a probe only 'running' as primary is a proof",
  leader_record_older:
    '{member} holds the leader key; its record was written before it got the key (revision {record_revision}, key {leader_revision}) and proves nothing',
  leader_record_checkpoint:
    '{member} holds the leader key; Patroni {version} calls itself primary before the promotion is over, so without a probe the first checkpoint is waited for',
  leader_record_gone: '{member} holds the leader key, but its record has been gone for more than {limit_ms} ms',
  leader_without_address: '{member} holds the leader key, but its record has no address to probe',
  record_unreadable: "The record {key} can't be read: {error}",
  switchover_ordered:
    '{member} has been asked to hand over to {to}: new connections wait already, before Patroni begins to stop its PostgreSQL',
  switchover_begun:
    '{member} is about to hand over to {to}: Patroni has begun to stop its PostgreSQL, so no new sessions are sent there',
  leader_key_lost:
    '{member} lost the leader key less than {limit_ms} ms ago; the same member often gets it back at once, so its sessions are left alone',
  former_awaits_proof:
    'The leader key is gone; {member} held it, and may stay only if PostgreSQL says that it is still not in recovery',
  former_leader: '{member} held the leader key and lost it',
  former_leader_stopped: '{member} stopped PostgreSQL and then gave the leader key back',
  view_not_fresh:
    '{member} was proven only after etcd had stopped confirming the view; a write service is opened on a confirmed view only',
  view_unconfirmed:
    'etcd has not confirmed for longer than the grace of {grace_ms} ms that {member} holds the leader key: another may hold it by now',
  proof_too_old:
    'etcd does not confirm the view, and {member} has not said for {limit_ms} ms that it is not in recovery: both together are too little',
  other_primary_seen:
    'etcd does not confirm the view, and {other} says since then that it is primary: {member} may have been replaced',
  leader_record_not_converged:
    '{member} is named, but its keeper has not reported yet that it carried out generation {generation} of db {db} (reported: {current_generation})',
  proxy_not_registered: '{member} is named, but this router is not registered as a Stolon proxy yet: {because}',
  proxy_not_acknowledged:
    '{member} is named, but generation {generation} of the proxies is not acknowledged yet: {because}',
  proxy_not_enabled: '{member} is named, but Stolon has not enabled this proxy ({proxy}) yet',
  proxy_timeout:
    'The registration as a Stolon proxy could not be renewed for {timeout_ms} ms: Stolon may go on without this proxy and name another than {member}',
  member_forgotten: '{member} has had no record for longer than a lease lasts: it is no longer counted as a member',
  primary_without_authority: '{member} claims to be primary, but the leader key does not name it',
} as const;

/** A member in a read service: why it is in. */
const readInTexts = {
  replica_ok: '{member} is a running standby',
  replica_within_lag: '{member} is a running standby, {lag} behind (limit {limit})',
  replica_lag_tolerated:
    '{member} is {lag} behind, more than {limit}, but it came in only just now: it stays for {dwell_ms} ms at least',
  replica_kept:
    '{member} is {lag} behind (limit {limit}), but the service keeps at least {keep_at_least} servers, those that lag least',
  primary_takes_reads: '{member} is the primary, and this service reads from it too',
  backup_serves: '{member} stands in (backup tier {tier}): every tier above is empty',
  fallback_to_primary: 'No standby can take reads; {member}, the primary, takes them',
  override_ready: '{owner} has let {member} in: {because}. Without that it would be out ({lifted})',
} as const;

/** A member in a read service: why it is out. What becomes of its sessions: routing/leave-causes.ts. */
const readOutTexts = {
  leader_takes_no_reads: '{member} is the leader; this service reads from standbys',
  replica_record_gone: "{member}'s record is gone: its Patroni has stopped or is cut off from etcd",
  replica_not_running: "{member}'s record says '{state}', not 'running'",
  replica_role: "{member}'s record says role '{role}', not replica",
  replica_noloadbalance: '{member} has the tag noloadbalance',
  replica_not_streaming: "{member} does not stream from the primary: '{replication_state}'",
  replica_timeline_behind: '{member} is on timeline {timeline}, the cluster on {cluster_timeline}',
  replica_timeline_ahead:
    "{member} is on timeline {timeline}, which is not the cluster's ({cluster_timeline}): its data may differ",
  replica_lagging: '{member} is {lag} behind, more than {limit}',
  replica_lag_dwells:
    '{member} is near enough again ({lag} behind), but it went out only just now: it stays out for {dwell_ms} ms at least',
  replica_lag_unknown: "{member}'s lag is not known ({missing}), and the service has a limit ({limit})",
  replica_of_other_kind: '{member} is a standby of kind {kind}; this service reads from {wanted} only',
  backup_not_needed: '{member} may stand in (backup tier {tier}), but a tier above it serves',
  replica_down: 'No PostgreSQL answers at {member}: {error}',
  replica_starting: 'PostgreSQL of {member} is starting up',
  replica_shutting_down: 'PostgreSQL of {member} is shutting down or has ended our session',
  replica_keeper_unhealthy: "Stolon holds {member}'s keeper for dead: it has not been heard of for the failInterval",
  replica_db_unhealthy: "Stolon holds {member}'s db {db} for failed",
  replica_being_built: "{member}'s db {db} is being built ({init_mode}) and has never been complete",
  replica_follows_outside: '{member} follows a server outside of this cluster',
  replica_without_db: '{member} is a keeper without a db',
  replica_unknown: '{member} has never said what it is ({probe})',
  replica_silent: '{member} said last that it is a standby, but has given no answer for {limit_ms} ms ({probe})',
  replica_without_address: "{member}'s db has not told yet where it listens",
} as const;

/** A member in a service of either kind: what the operator wants, or does not want, keeps it out. */
const wishOutTexts = {
  not_selected: "The service's selector does not take {member}",
  override_maint: '{owner} has taken {member} out for maintenance: {because}',
  override_drain: '{owner} sends {member} no new sessions: {because}',
  view_lost:
    'What is known of {member} has not been confirmed for {limit_ms} ms, and by its outage policy this service serves no longer on an old view',
} as const;

/** A service as a whole. */
const serviceTexts = {
  write_open: 'Writes go to {member}',
  write_closed: 'No server takes writes: {because}',
  write_draining: '{member} keeps its sessions but gets no new ones: {because}',
  write_undecided: 'The first answer of {member} is awaited; until then every server stays as it is',
  read_undecided: 'The first answer of {member} is awaited; until then every server stays as it is',
  read_open: 'Reads go to {members}',
  read_on_backup: 'Nobody of the first tier can take reads; backup tier {tier} does: {members}',
  read_on_primary: 'No standby can take reads; they go to the primary {member}',
  read_closed: 'No server takes reads',
} as const;

/** Alarms: something that a person has to look at. */
const alarmTexts = {
  two_primaries:
    '{member} claims to be primary without the leader key ({leader} holds it): clients that reach it directly may lose writes',
  timeline_went_back:
    '{member} leads on timeline {timeline}, but timeline {known_timeline} has been seen: writes of that one are lost',
  etcd_unconfirmed: 'etcd does not confirm the state of the cluster; decisions rest on an old view',
  leader_stuck:
    '{member} has held the leader key for more than {limit_ms} ms without proving that it takes writes: {because}',
  acknowledgement_blocked:
    'Generation {generation} of the proxies can not be acknowledged by this one ({proxy}): {because}. As long as Stolon counts on it, no new master is named',
  sentinel_silent:
    'No sentinel has written clusterdata for more than {limit_ms} ms: nobody would notice a dead master, and no failover can be decided',
  selector_failed:
    'A selector of the service {service} takes nobody, since it could not be evaluated: {selector}: {error}',
  weight_tag_invalid:
    "{member}'s tag {tag} is no weight (a whole number from 0 to 256): {value}. Its weight is as in haproxy.cfg",
} as const;

/** Alarms about overrides. */
const overrideAlarmTexts = {
  override_closes_writes:
    'Nobody can write by the service {service}: {owner} has taken {member} out of it (override {override}): {because}',
  override_idle: 'The override {override} of {owner} ({action} {member}) has no effect: {why}',
} as const;

/** The routers that share a prefix in etcd. */
const fleetTexts = {
  router_name_taken:
    'Another router bears the name {name} as well; this one calls itself {own} meanwhile. Give each its own (fleet.name)',
  fleet_record_unreadable: "The record {key} can't be read ({error}): it does not count",
} as const;

/** Clusters that were found in etcd (`discover`) and are not driven. */
const discoveryTexts = {
  discovered_name_unusable:
    'Scope {scope} below {namespace} is not driven: HAProxy takes only letters, digits and _ . : - in names, 64 of them at most',
  discovered_backend_taken:
    'Cluster {scope}, found in etcd, is not driven: its backend {backend} is that of cluster {cluster}',
} as const;

/** HAProxy, as one target sees it. */
const targetTexts = {
  server_missing: 'HAProxy has no server for {member} in backend {backend}: neither by this name nor by its address',
  target_unreachable: 'HAProxy ({target}) can not be reached: {error}',
  target_hung: 'HAProxy ({target}) took the connection but does not answer',
  target_no_permission:
    "HAProxy's socket ({target}) is closed to us: our user has to be in its group, and the socket needs level admin",
  target_broken: "HAProxy's answer ({target}) can't be understood: {error}",
  old_worker_sessions: 'An old HAProxy worker (pid {pid}) still serves {connections} connections from before a reload',
  sessions_remain: '{server} is out of {backend}, but {sessions} sessions have not ended yet',
  foreign_change: '{server} in {backend} was {found}, not {wanted}: somebody else changed it; corrected',
  second_router:
    'Another router seems to drive this HAProxy: {server} in {backend} has been changed back {times} times',
  backend_missing: 'HAProxy ({target}) has no backend {backend}, or none with a server',
  server_check_failing: '{server} in {backend} is let in, but HAProxy sends it nothing: {why}',
  server_address_differs: "{server} in {backend} leads to {address}, but the member's record says {record}",
  server_name_not_drivable:
    "{server} in {backend} has a name that is too long to be driven; shorten it in HAProxy's configuration",
  read_back_differs: '{server} in {backend} was told {tries} times to be {wanted}, and HAProxy still holds it {held}',
  two_writers_asked: 'More than one server was asked for in the write service {backend}, so none is let in',
  backend_asked_twice: 'Two services name the same backend {backend}; the first one counts',
  old_worker_unreachable:
    'An old HAProxy worker (pid {pid}) was replaced before it could be followed: its sessions from before the reload may outlive a fence',
  watchdog_absent:
    'HAProxy ({target}) has not loaded pgrouted-watchdog.lua: if pgrouted dies, HAProxy keeps its sessions while Stolon goes on without this proxy',
  hold_absent:
    'HAProxy ({target}) has not loaded pgrouted-hold.lua: new connections are refused, not held, while {backends} has no server. Load it by lua-load, and use it in the frontend (docs/haproxy-hold.md)',
  hold_fault: 'HAProxy ({target}) uses the hold action in a way that can not work: lua.pgrouted_hold {fault}',
  stats_level_low:
    "HAProxy's socket ({target}) has level {level}: it can be read but not changed, so the next switch would fail",
  servers_not_disabled:
    'HAProxy ({target}) lets {servers} in {backend} in by itself: the lines are not `disabled` in haproxy.cfg, so after each start or reload they take connections until pgrouted has told HAProxy otherwise',
  backup_line_serves_always:
    'HAProxy ({target}): {servers} in {backend} are backup lines by their names, but do not bear `backup` in haproxy.cfg; they are not used',
  backup_line_missing:
    'HAProxy ({target}): {servers} in {backend} have no backup line in haproxy.cfg, so nobody falls back to them while pgrouted is away',
  check_asks_others:
    'HAProxy ({target}) checks {servers} in {backend}, but its check never asks pgrouted about them: it does not close them when pgrouted is away or can prove nothing',
  line_without_address: '{member} gets no line in {backend}: its record does not say where PostgreSQL listens',
  line_needs_ip:
    '{member} gets no line in {backend} at run time: its record names {host}:{port}, and HAProxy can only be given an IP address and a port',
  spares_used_up:
    '{member} gets no line in {backend}: all of the spare lines {spares}... are taken ({busy} of them wait for sessions to end). Raise their number in haproxy.cfg',
  add_not_supported:
    '{member} gets no line in {backend}: HAProxy {version} can not add servers at run time, which needs 2.6. Use spare lines (server-template)',
  add_name_not_possible:
    '{member} gets no line in {backend}: HAProxy takes no server of the name {server} (letters, digits, _ . : - and at most 64 of them)',
  add_name_taken:
    '{member} gets no line in {backend}: HAProxy has a server {server} already, which stands for somebody else',
  add_parameter_not_possible:
    '{member} gets no line in {backend}: {parameter} can not be a parameter of a server that is added at run time',
  change_refused:
    '{server} in {backend}: HAProxy did not carry out "{command}" ({tries} times). It said: {said}. Tried again every 5 s',
  weight_refused:
    '{server} in {backend}: HAProxy did not carry out "{command}" ({tries} times). It said: {said}. A backend with a static algorithm (balance source, static-rr, ...) takes no other weights than 0 and that of haproxy.cfg',
} as const;

/** Every code with the sentence that explains it; `{name}` is filled from the facts. docs/reasons.md is made from this list. */
export const reasonTexts = {
  ...clusterTexts,
  ...writerInTexts,
  ...writerOutTexts,
  ...readInTexts,
  ...readOutTexts,
  ...wishOutTexts,
  ...serviceTexts,
  ...alarmTexts,
  ...overrideAlarmTexts,
  ...fleetTexts,
  ...discoveryTexts,
  ...targetTexts,
} as const satisfies Record<string, string>;

/** The codes by what they are about, for documentation. */
export const reasonSections = {
  cluster: clusterTexts,
  'write service: in': writerInTexts,
  'write service: out': writerOutTexts,
  'read service': { ...readInTexts, ...readOutTexts },
  'any service: out': wishOutTexts,
  'service as a whole': serviceTexts,
  alarm: { ...alarmTexts, ...overrideAlarmTexts },
  fleet: fleetTexts,
  discovery: discoveryTexts,
  HAProxy: targetTexts,
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type ReasonCode = keyof typeof reasonTexts;

/** The codes that keep a member out of a service, or drain it. */
export type OutCode =
  | keyof typeof clusterTexts
  | keyof typeof writerOutTexts
  | keyof typeof readOutTexts
  | keyof typeof wishOutTexts;

/** Why clusterdata can't be acted on, as a reason. */
export function clusterDataReason(problem: ClusterDataProblem): Reason {
  const { key } = problem;
  switch (problem.kind) {
    case 'absent':
      return reason('clusterdata_absent', { key });
    case 'unreadable':
      return reason('clusterdata_unreadable', { key, error: problem.error });
    case 'format_version':
      return reason('format_version', { key, version: problem.version });
    case 'spec_invalid':
      return reason('spec_invalid', { key, field: problem.field, error: problem.error });
  }
}

export const reason = (code: ReasonCode, facts: Reason['facts'] = {}): Reason => ({ code, facts });

/** The same reason, told in the words of this cluster manager. To be done before its sentence becomes a part of another one. */
export const inWordsOf = (source: SourceKind, told: Reason): Reason =>
  source === 'patroni' ? told : { ...told, facts: { ...told.facts, source } };

/** The sentence for people, in the words of the cluster manager that the fact `source` names. */
export function explainReason({ code, facts }: Reason): string {
  const own: Partial<Record<ReasonCode, string>> = wordsOf(facts['source']);
  return (own[code] ?? reasonTexts[code]).replace(/\{(\w+)\}/g, (_, name: string) =>
    Object.hasOwn(facts, name) ? String(facts[name] ?? 'unknown') : '?',
  );
}

function wordsOf(source: ReasonFact | undefined): Partial<Record<ReasonCode, string>> {
  if (source === 'stolon') return stolonTexts;
  return source === 'postgres' ? postgresTexts : {};
}
