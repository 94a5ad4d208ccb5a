// Patroni's records at one revision -> ClusterView. A pure fold: the view before gives what records alone don't tell (who led before, since
// when, where a member that is gone was last known). Nothing that stands in a record makes it throw.

import { type Lsn, lagBytes, type Millis } from '../model/units.ts';
import {
  type ClusterView,
  type ManagerSettings,
  type Member,
  memberOf,
  type PlannedSwitch,
  type RecordProblem,
} from '../model/view.ts';
import type { StoreEntry, StoreRecords } from '../store/entries.ts';
import { parseName } from '../store/names.ts';
import { readOnce } from '../store/parsed.ts';
import { type Drawers, drawers } from './entries.ts';
import { leadershipAfter } from './leadership.ts';
import { foldMembers } from './members.ts';
import {
  defaultSettings,
  type Parsed,
  parseConfig,
  parseFailover,
  parseFailsafe,
  parseHistory,
  parseOptime,
  parseStatus,
  parseSync,
  type SyncRecord,
} from './records.ts';

export { patroniPrefix } from './entries.ts';

const reads = {
  leader: readOnce(parseName),
  config: readOnce(parseConfig),
  status: readOnce(parseStatus),
  optime: readOnce(parseOptime),
  history: readOnce(parseHistory),
  sync: readOnce(parseSync),
  failsafe: readOnce(parseFailsafe),
  failover: readOnce(parseFailover),
};

/**
 * The picture after these records. `before`: the picture before, of the same cluster, undefined for the first. `now`: when the records were
 * seen here.
 */
export function patroniView(
  cluster: string,
  prefix: string,
  records: StoreRecords,
  before: ClusterView | undefined,
  now: Millis,
): ClusterView {
  const found = drawers(prefix, records);
  const problems: RecordProblem[] = [];
  const read = <T>(key: string, readEntry: (entry: StoreEntry) => Parsed<T>): T | undefined => {
    const entry = found.entry(key);
    if (entry === undefined) return undefined;
    const result = readEntry(entry);
    if (result.ok) return result.value;
    problems.push({ key: prefix + key, error: result.error, member: undefined });
    return undefined;
  };

  const systemId = found.entry('initialize')?.value.trim() || undefined;
  const leaderEntry = found.entry('leader');
  const leaderName = read('leader', reads.leader);
  const anotherCluster = systemId !== undefined && before?.systemId !== undefined && systemId !== before.systemId;
  const known = anotherCluster ? undefined : before;

  const config = read('config', reads.config);
  const settings: ManagerSettings = config ?? known?.settings ?? defaultSettings;
  const settingsUnknown =
    config === undefined &&
    found.entry('config') !== undefined &&
    (known === undefined || known.settingsUnknown === true);
  const optime = positionWritten(found, read);
  const folded = foldMembers({
    prefix,
    entries: found.members,
    before: known,
    now,
    ttlMs: settings.ttlMs,
    keep: [leaderName, lastLeader(known)],
  });
  const statusWritten = statusAfter(found, known, now);
  const leadership = leadershipAfter(known, {
    entry: leaderEntry,
    name: leaderName,
    revision: records.revision,
    now,
    members: folded.members,
    statusWritten,
  });
  const leader = leadership.kind === 'held' ? leadership.member : undefined;
  const leaderMember = folded.members.find(({ name }) => name === leader);
  const position = greatest(optime, leaderMember?.present === true ? leaderMember.position : undefined);
  const sync = read('sync', reads.sync);
  const timeline = highest(known?.timeline, read('history', reads.history), leaderMember?.timeline);
  const failsafe = read('failsafe', reads.failsafe) ?? [];

  return {
    cluster,
    source: 'patroni',
    revision: records.revision,
    confirmedAt: records.confirmedAt,
    // A running cluster whose initialize key went away stays initialized: its leader puts the key back.
    initialized:
      systemId !== undefined ||
      (found.entry('initialize') === undefined && leaderEntry !== undefined && known?.initialized === true),
    leadership,
    members: folded.members.map((member) => {
      const lag = member.name === leader ? undefined : lagByRecord(member, position);
      const asBefore = member.recordSeenAt !== now || !member.present;
      return {
        ...member,
        lagBytes: lag,
        lagBytesWhenWritten: asBefore ? memberBefore(known, member.name)?.lagBytesWhenWritten : lag,
        // While nobody leads, the standbys of the last primary are still what they were: nobody has written since.
        sync: syncStateOf(member.name, sync, lastLeader({ leadership }), settings),
      };
    }),
    settings,
    failsafeMembers: settings.failsafeMode ? failsafe : [],
    plannedSwitch: plannedAfter(known, read('failover', reads.failover), now),
    timeline,
    problems: [...problems, ...folded.problems],
    timelineSeenAt: timeline === known?.timeline ? known?.timelineSeenAt : now,
    position,
    systemId: systemId ?? known?.systemId,
    statusWritten,
    settingsUnknown,
  };
}

/** Since when it is asked for as it is: not known of one that was there at the first look. */
function plannedAfter(
  known: ClusterView | undefined,
  planned: PlannedSwitch | undefined,
  now: Millis,
): PlannedSwitch | undefined {
  if (known === undefined || planned === undefined) return planned;
  const before = known.plannedSwitch;
  const same =
    before !== undefined &&
    before.from === planned.from &&
    before.to === planned.to &&
    before.scheduledAt === planned.scheduledAt;
  return { ...planned, seenAt: same ? before.seenAt : now };
}

/** `status` if it is there and can be read, else the older key. */
function positionWritten(
  found: Drawers,
  read: <T>(key: string, readEntry: (entry: StoreEntry) => Parsed<T>) => T | undefined,
): Lsn | undefined {
  const status = read('status', reads.status);
  return status === undefined && found.entry('optime/leader') !== undefined
    ? read('optime/leader', reads.optime)
    : status;
}

function statusAfter(found: Drawers, before: ClusterView | undefined, now: Millis): ClusterView['statusWritten'] {
  const entries = [found.entry('status'), found.entry('optime/leader')];
  const revision = entries.reduce<ClusterView['revision'] | undefined>(
    (newest, entry) =>
      entry !== undefined && (newest === undefined || entry.modRevision > newest) ? entry.modRevision : newest,
    undefined,
  );
  if (revision === undefined) return undefined;
  return before?.statusWritten?.revision === revision ? before.statusWritten : { revision, seenAt: now };
}

const memberBefore = (view: ClusterView | undefined, name: string): Member | undefined =>
  view === undefined ? undefined : memberOf(view, name);

/** Who leads, or else who did. */
const lastLeader = (view: Pick<ClusterView, 'leadership'> | undefined): string | undefined =>
  view?.leadership.kind === 'vacant' ? view.leadership.former : view?.leadership.member;

const greatest = (...positions: readonly (Lsn | undefined)[]): Lsn | undefined =>
  positions.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined);

const highest = (...timelines: readonly (number | undefined)[]): number | undefined =>
  timelines.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined);

/** Replay where the version tells it (4.1), else the greater of received and replayed: before 4.1 replay lag can't be seen in etcd. */
function lagByRecord(member: Member, position: Lsn | undefined): number | undefined {
  const own = member.replayPosition ?? member.position;
  return position === undefined || own === undefined ? undefined : lagBytes(position, own);
}

function syncStateOf(
  name: string,
  sync: SyncRecord | undefined,
  leader: string | undefined,
  { synchronousMode }: ManagerSettings,
): Member['sync'] {
  if (sync === undefined || leader === undefined || synchronousMode === 'off') return 'async';
  if (sync.leader !== leader || !sync.standbys.has(name.toLowerCase())) return 'async';
  return synchronousMode === 'quorum' ? 'quorum' : 'sync';
}
