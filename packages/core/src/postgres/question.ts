// The one question that a probe asks, and how its answer is read. Any role that may log in may ask it.
import * as z from 'zod';
import type { ProbeAnswer } from '../model/probe.ts';
import { type Millis, parseLsn } from '../model/units.ts';

/**
 * One row, one round trip. Each function is called only where it can't fail: recovery ends but never begins within a session.
 * The timeline of a primary is that of the WAL being written: pg_control_checkpoint() still shows the old one until the first checkpoint
 * after a promotion. A standby tells it only to roles with pg_read_all_stats, else it is null. Timelines are hexadecimal.
 *
 * The delay is that of the newest commit that was replayed, by the standby's clock against the primary's. An idle primary sends none: where all that came is
 * replayed, and a receiver is there to bring more, it is 0. A standby that is cut off has no receiver as soon as it notices (wal_receiver_timeout).
 */
export const probeQuestion = `
select r.recovery,
  case when r.recovery then (select lpad(to_hex(w.received_tli), 8, '0') from pg_catalog.pg_stat_wal_receiver w)
    else substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) end,
  case when not r.recovery then pg_catalog.pg_current_wal_lsn()::text end,
  case when r.recovery then pg_catalog.pg_last_wal_receive_lsn()::text end,
  case when r.recovery then pg_catalog.pg_last_wal_replay_lsn()::text end,
  case when not r.recovery then null
    when pg_catalog.pg_last_wal_replay_lsn() >= pg_catalog.pg_last_wal_receive_lsn()
      and exists (select from pg_catalog.pg_stat_wal_receiver) then 0
    else extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000 end::float8
from (select pg_catalog.pg_is_in_recovery() as recovery) r`;

const position = z
  .string()
  .transform((text, context) => {
    const parsed = parseLsn(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'is no LSN' });
    return z.NEVER;
  })
  .nullable()
  .transform((value) => value ?? undefined);

const timeline = z
  .string()
  .regex(/^[0-9a-fA-F]{8}$/)
  .nullable()
  .transform((hex) => (hex === null ? 0 : Number.parseInt(hex, 16)) || undefined);

/** Clocks that differ may make it negative. */
const delayMs = z
  .number()
  .nullable()
  .transform((ms) => (ms === null ? undefined : Math.max(0, Math.round(ms))));

const row = z.tuple([z.boolean(), timeline, position, position, position, delayMs]);

/** What the row means; undefined when it is none that PostgreSQL gives to our question. */
export function readAnswer(value: unknown, at: Millis): ProbeAnswer | undefined {
  const parsed = row.safeParse(value);
  if (!parsed.success) return undefined;
  const [recovery, line, written, receivePosition, replayPosition, replayDelayMs] = parsed.data;
  return recovery
    ? { kind: 'standby', at, timeline: line, receivePosition, replayPosition, replayDelayMs }
    : { kind: 'primary', at, timeline: line, position: written };
}
