// What a keeper tells of its PostgreSQL, asked by SQL (postgresState of stolon v0.17.0; Stolon asks IDENTIFY_SYSTEM for position and
// timeline, which gives the same: the flushed position of a master, the received one of a standby).
import type { Postgres } from '../postgres.ts';
import type { TimelineHistory } from './cluster-data.ts';
import type { PostgresState } from './infos.ts';

const question = `
  select pg_is_in_recovery() as recovery,
    (select system_identifier::text from pg_control_system()) as system,
    (case when pg_is_in_recovery() then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
          else pg_current_wal_flush_lsn() end - '0/0')::text as position,
    case when pg_is_in_recovery()
         then greatest((select received_tli from pg_stat_wal_receiver), (select timeline_id from pg_control_checkpoint()),
                       (select min_recovery_end_timeline from pg_control_recovery()))
         else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline,
    (select string_agg(pg_read_file('pg_wal/' || name), '' order by name)
       from (select name from pg_ls_waldir() where name ~ '^[0-9A-F]{8}\\.history$' order by name desc limit 1) h) as history`;

export interface AskedState {
  readonly inRecovery: boolean;
  readonly state: Pick<PostgresState, 'healthy' | 'systemID' | 'timelineID' | 'xLogPos' | 'timelinesHistory'>;
}

/** Rejects when PostgreSQL doesn't answer. */
export async function askPostgres(postgres: Postgres): Promise<AskedState> {
  const [row = {}] = await postgres.sql(question);
  const history = row['history'];
  return {
    inRecovery: row['recovery'] === true,
    state: {
      healthy: true,
      systemID: String(row['system']),
      timelineID: Number(row['timeline']),
      xLogPos: Number(row['position']),
      timelinesHistory: typeof history === 'string' ? historyOf(history).slice(-2) : [],
    },
  };
}

/** The lines of a `.history` file: timeline, position where it was left, reason. */
export const historyOf = (text: string): TimelineHistory[] =>
  [...text.matchAll(/^(\d+)\t([0-9A-F]+)\/([0-9A-F]+)\t(.*)$/gm)].map(
    ([, timeline, high = '0', low = '0', reason = '']) => ({
      timelineID: Number(timeline),
      switchPoint: Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16),
      reason,
    }),
  );
