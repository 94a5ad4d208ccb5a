// The sentences of reasons that say something else in a Stolon cluster than in Patroni's: there is no leader key, but a master that Stolon names to its
// proxies (`proxy.spec.masterDbUid`), and a member's record is its keeper and db in clusterdata. The codes are the same. See reason.ts.

/** By code. A code that is not here is told alike for both. */
export const stolonTexts = {
  no_leader: 'Stolon has given its proxies no master: masterDbUid is not set, or names a db that does not exist',
  leader_unknown: 'Stolon names {member} as master, but clusterdata has no such keeper',

  leader_proven: '{member} is the master that Stolon names, and PostgreSQL says that it is not in recovery',
  leader_proven_by_record:
    '{member} is the master that Stolon names, and its keeper has reported since then that it runs as one',
  leader_proven_silent:
    '{member} is the master that Stolon names and has said since then that it is not in recovery; it does not answer the probe now ({probe}), which may only be load',
  leader_within_grace:
    'etcd can no longer confirm that Stolon names {member} as master, but no other can have been named before the grace of {grace_ms} ms has passed',

  not_leader: 'Stolon names {leader} as master, not {member}',
  leader_awaits_proof:
    '{member} is the master that Stolon names; PostgreSQL has not said yet that it is not in recovery',
  leader_unreachable:
    '{member} is the master that Stolon names but gives no answer to the probe ({probe}: {error}), so nothing is proven',
  leader_in_recovery:
    '{member} is the master that Stolon names, but PostgreSQL is still in recovery: its keeper has not promoted it yet',
  leader_starting: '{member} is the master that Stolon names, but PostgreSQL is starting up',
  leader_shutting_down:
    '{member} is the master that Stolon names, but PostgreSQL is shutting down or has ended our session',
  leader_down: '{member} is the master that Stolon names, but no PostgreSQL answers there: {error}',
  leader_record_not_primary:
    "{member} is the master that Stolon names, but its db has not been given the role master (clusterdata: '{state}' as '{role}'), and there is no probe to ask PostgreSQL",
  leader_record_gone:
    '{member} is the master that Stolon names, but its keeper has been missing from clusterdata for more than {limit_ms} ms',
  leader_without_address: '{member} is the master that Stolon names, but its db has not told yet where it listens',
  former_leader: '{member} was the master until Stolon withdrew it from its proxies, to name another',
  view_unconfirmed:
    'etcd has not confirmed for longer than the grace of {grace_ms} ms that Stolon names {member} as master: another may be named by now',
  member_forgotten: '{member} has been missing from clusterdata for too long: it is no longer counted as a member',
  primary_without_authority: '{member} claims to be primary, but Stolon does not name it as master',

  leader_takes_no_reads: '{member} is the master; this service reads from standbys',
  replica_record_gone: "{member}'s keeper is no longer in clusterdata",
  replica_not_running: "{member}'s db is not in use: '{state}'",
  replica_role: "{member}'s db has the role '{role}' in clusterdata, not replica",

  write_undecided:
    'This router has just started: the server of {member}, the master, stays as it is and no other is let in, until this is over: {because}',

  two_primaries:
    '{member} claims to be primary, but Stolon does not name it as master (it names {leader}): clients that reach it directly may lose writes',
  leader_stuck:
    '{member} has been named as master for more than {limit_ms} ms, and this router lets nobody write there: {because}',
} as const satisfies Readonly<Record<string, string>>;
