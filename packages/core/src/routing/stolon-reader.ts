// What keeps a member of a Stolon cluster out of a read service, in the order in which it is told. Stolon has no read service of its own; the rules
// are what its records are worth (0.17): a db counts as healthy until it has failed for failInterval, also one that has not been built yet.
import { type Reason, reason } from '../model/reason.ts';
import type { Member } from '../model/view.ts';
import { claimsPrimary } from './claims.ts';
import { probeForbidsReads } from './probe-words.ts';
import type { Case, WriterRuling } from './ruling.ts';

/** How a db comes to be that is not simply run on: until the sentinel has seen it complete. */
const builds = new Set(['new', 'pitr', 'resync']);

export function stolonRefusal({ view }: Case, member: Member, writer: WriterRuling): Reason | undefined {
  const { name, problem, stolon: db, role } = member;
  const { leadership } = view;
  if (!view.initialized) return reason('not_initialized');
  if (problem !== undefined)
    return reason('record_unreadable', { member: name, key: problem.key, error: problem.error });
  if (claimsPrimary(view, member, writer.member)) return reason('primary_without_authority', { member: name });
  if (leadership.kind === 'held' && leadership.member === name)
    return reason('leader_takes_no_reads', { member: name });
  // Named already by cluster.status.master: about to be promoted, or promoted before it is named to the proxies.
  if (role === 'promoting') return reason('replica_role', { member: name, role });
  if (!member.present) return reason('replica_record_gone', { member: name });
  const saidSo = probeForbidsReads(member);
  if (saidSo !== undefined) return saidSo;
  if (db === undefined) return reason('replica_without_db', { member: name });
  if (db.follows === 'external') return reason('replica_follows_outside', { member: name });
  if (role !== 'replica') return reason('replica_role', { member: name, role });
  if (!db.keeperHealthy) return reason('replica_keeper_unhealthy', { member: name });
  const facts = { member: name, db: db.dbUid };
  if (db.currentGeneration === 0 || (builds.has(db.initMode) && db.generation === 1)) {
    return reason('replica_being_built', { ...facts, init_mode: db.initMode });
  }
  if (!db.dbHealthy) return reason('replica_db_unhealthy', facts);
  if (member.address === undefined) return reason('replica_without_address', { member: name });
  return member.running ? undefined : reason('replica_not_running', { member: name, state: member.stateText });
}
