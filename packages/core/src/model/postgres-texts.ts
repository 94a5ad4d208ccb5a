// The sentences of reasons that say something else where no cluster manager is asked: nobody names a primary, PostgreSQL's own word is all there is. The
// codes are the same. See reason.ts.

/** By code. A code that is not here is told as in general. */
export const postgresTexts = {
  no_leader: 'No server says that it is primary',

  leader_proven: '{member} alone says that it is primary',
  leader_proven_silent:
    '{member} alone said that it is primary; it does not answer the probe now ({probe}), which may only be load',

  not_leader: '{leader} alone says that it is primary, not {member}',
  leader_awaits_proof: '{member} alone says that it is primary; it is let in when it has said so once more',
  leader_unreachable:
    '{member} alone said that it is primary, but gives no answer to the probe now ({probe}: {error}); it is let in when it has said so once more',
  leader_in_recovery: '{member} was the primary and says now that it is in recovery',
  leader_starting: '{member} was the primary; PostgreSQL is starting up there',
  leader_shutting_down: '{member} was the primary; PostgreSQL is shutting down there or has ended our session',
  leader_down: '{member} was the primary; no PostgreSQL answers there now: {error}',
  proof_too_old: '{member} was the primary, but has not said for {limit_ms} ms that it is, and may be one no more',

  leader_takes_no_reads: '{member} is the primary; this service reads from standbys',
  replica_role: '{member} said last that it is {role}, not a standby',

  timeline_went_back:
    '{member} is primary on timeline {timeline}, but timeline {known_timeline} has been seen on a server: there may be writes that {member} does not have',
} as const satisfies Readonly<Record<string, string>>;
