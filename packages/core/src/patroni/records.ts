// The small records of a Patroni cluster: status, optime/leader, history, failover, sync, failsafe. From 2.0 to 4.1.
// Each parser gives a value or says what is wrong; none throws. Member records and config have files of their own.
import * as z from 'zod';
import { type Lsn, lsn } from '../model/units.ts';
import type { PlannedSwitch } from '../model/view.ts';
import { shown } from '../store/names.ts';
import { type Parsed, parsed, parseJson, unreadable } from '../store/parsed.ts';

export type { Parsed } from '../store/parsed.ts';
export { type MemberRecord, parseMember } from './member-record.ts';
export { defaultSettings, parseConfig } from './settings.ts';

const bytes = z.number().int().nonnegative();

/** status (since 2.1.0): the primary's position. Early writers put the bare number. */
export function parseStatus(text: string): Parsed<Lsn | undefined> {
  const status = parseJson(text, z.union([bytes, z.object({ optime: bytes.nullish() })]));
  if (!status.ok) return status;
  const optime = typeof status.value === 'number' ? status.value : status.value.optime;
  return parsed(optime === undefined || optime === null ? undefined : lsn(optime));
}

/** optime/leader (before 2.1.0): the same as a decimal number. */
export function parseOptime(text: string): Parsed<Lsn> {
  return /^\d{1,20}$/.test(text) ? parsed(lsn(BigInt(text))) : unreadable('not a number');
}

/** history: the timeline that follows the last switch in the list. Undefined: no switch yet. */
export function parseHistory(text: string): Parsed<number | undefined> {
  const line = z.tuple([z.number().int().positive()], z.unknown());
  const history = parseJson(text, z.array(line));
  if (!history.ok) return history;
  const ended = history.value.map(([timeline]) => timeline);
  return parsed(ended.length === 0 ? undefined : ended.reduce((a, b) => Math.max(a, b)) + 1);
}

const word = z.string().max(10_000).nullish();
const failoverSchema = z.object({ leader: word, member: word, scheduled_at: word });

/** failover: a switch that was asked for. `{}` is left behind for ever and means none; before 1.x it was `leader:member`. */
export function parseFailover(text: string): Parsed<PlannedSwitch | undefined> {
  if (text.trim() === '') return parsed(undefined);
  if (!text.trimStart().startsWith('{')) {
    const [from, to] = text.split(':').map((part) => part.trim());
    return parsed(planned(from, to, undefined));
  }
  const failover = parseJson(text, failoverSchema);
  if (!failover.ok) return failover;
  const { leader, member, scheduled_at: at } = failover.value;
  return parsed(planned(leader, member, at));
}

function planned(
  from: string | null | undefined,
  to: string | null | undefined,
  scheduledAt: string | null | undefined,
): PlannedSwitch | undefined {
  const given = (text: string | null | undefined): string | undefined => (text ? shown(text) : undefined);
  if (given(from) === undefined && given(to) === undefined) return undefined;
  return { from: given(from), to: given(to), scheduledAt: given(scheduledAt) };
}

export interface SyncRecord {
  readonly leader: string | undefined;
  /** Lower case: Patroni compares these names so. */
  readonly standbys: ReadonlySet<string>;
}

/** sync: who must have each commit, as the leader wrote it. */
export function parseSync(text: string): Parsed<SyncRecord> {
  const schema = z.object({ leader: word, sync_standby: z.union([z.string(), z.array(z.string())]).nullish() });
  const sync = parseJson(text, schema);
  if (!sync.ok) return sync;
  const listed = sync.value.sync_standby ?? [];
  const names = typeof listed === 'string' ? listed.split(',') : listed;
  return parsed({
    leader: sync.value.leader ?? undefined,
    standbys: new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '')),
  });
}

/** failsafe: the members that the leader asks when etcd is gone. Stays behind when failsafe_mode is turned off. */
export function parseFailsafe(text: string): Parsed<readonly string[]> {
  const failsafe = parseJson(text, z.record(z.string(), z.unknown()));
  return failsafe.ok ? parsed(Object.keys(failsafe.value).sort()) : failsafe;
}
