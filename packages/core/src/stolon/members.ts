// Keepers and their dbs in clusterdata -> Member[], one for each keeper. An entry that can't be read costs only its own member. Keepers that are gone
// stay for a while, as they were last known.
import type { StolonMember } from '../model/proxies.ts';
import { type Lsn, lagBytes, type Millis, type Revision } from '../model/units.ts';
import { type ClusterView, type Member, memberOf, noTags, type RecordProblem, type Role } from '../model/view.ts';
import { parseName, shown } from '../store/names.ts';
import type { Parsed } from '../store/parsed.ts';
import type { ClusterData } from './clusterdata.ts';
import { type Db, type DbEntry, isBeingBuilt } from './db.ts';
import type { Keeper } from './keeper.ts';

export interface MembersInput {
  /** The full key of clusterdata. */
  readonly key: string;
  readonly data: ClusterData;
  /** Of clusterdata as it is now. */
  readonly revision: Revision;
  /** The position of the master, for lag. */
  readonly ahead: Lsn | undefined;
  /** The view before, of the same cluster. */
  readonly before: ClusterView | undefined;
  readonly now: Millis;
  /** These are kept however long they are gone: who holds or held authority. */
  readonly keep: readonly (string | undefined)[];
}

export interface FoldedMembers {
  /** Sorted by name. */
  readonly members: readonly Member[];
  readonly problems: readonly RecordProblem[];
}

/** The members as they are now, with what can't be read of them. Lag is against `ahead`. */
export function foldMembers(input: MembersInput): FoldedMembers {
  const { data, key } = input;
  const problems: RecordProblem[] = [];
  const members: Member[] = [];
  // A db whose keeper is not listed still has somebody who serves it.
  const owners = [...data.dbs.values()].flatMap(({ keeperUid }) => keeperUid ?? []);
  const names = new Set([...data.keepers.keys(), ...owners]);
  for (const name of names) {
    const readName = parseName(name);
    if (!readName.ok) {
      problems.push({ key, error: `keepers.${shown(name)}: ${readName.error}`, member: undefined });
      continue;
    }
    const member = foldMember(name, input);
    members.push(member);
    if (member.problem !== undefined) problems.push(member.problem);
  }
  for (const [uid, { keeperUid, db }] of data.dbs) {
    if (keeperUid !== undefined || db.ok) continue;
    problems.push({ key, error: `dbs.${shown(uid)}.${db.error}`, member: undefined });
  }
  const gone = (input.before?.members ?? []).filter(({ name }) => !names.has(name)).flatMap((m) => foldGone(m, input));
  return { members: [...members, ...gone].sort((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

function foldMember(name: string, input: MembersInput): Member {
  const { data, key, before, revision, now } = input;
  const was = before === undefined ? undefined : memberOf(before, name);
  const keeper = data.keepers.get(name);
  const found = dbOf(name, data);
  const error = problemOf(name, keeper, found);
  const facts =
    error === undefined
      ? factsOf(keeper?.ok ? keeper.value : undefined, found, data)
      : { ...unknownFacts, address: was?.address, problem: { key, error, member: name } };
  const position = error === undefined && found?.entry.db.ok ? found.entry.db.value.position : undefined;
  const leads = found !== undefined && found.uid === data.masterDbUid;
  const same = was?.present === true && meaningOf(was) === meaningOf(facts);
  return {
    ...facts,
    name,
    position,
    // What a standby tells is what it has received; how far it has replayed is nowhere to be seen.
    receivePosition: facts.role === 'replica' || facts.role === 'standby_leader' ? position : undefined,
    replayPosition: undefined,
    lagBytes:
      leads || input.ahead === undefined || position === undefined ? undefined : lagBytes(input.ahead, position),
    replicationState: undefined,
    pendingRestart: false,
    pauseSeen: false,
    recordRevision: same ? was.recordRevision : revision,
    recordSeenAt: same ? was.recordSeenAt : now,
    present: true,
    probe: was?.probe,
  };
}

interface Found {
  readonly uid: string;
  readonly entry: DbEntry;
}

/**
 * A keeper's db. Stolon gives it only one; should there be several, then the one that decides about writes comes first: which the proxies were given,
 * then which shall become master. Of the rest one that follows, since one that was master is on its way out.
 */
function dbOf(keeper: string, { dbs, masterDbUid, statusMaster }: ClusterData): Found | undefined {
  const owned = [...dbs].filter(([, entry]) => entry.keeperUid === keeper).map(([uid, entry]) => ({ uid, entry }));
  const rank = ({ uid, entry: { db } }: Found): number => {
    if (uid === masterDbUid) return 0;
    if (uid === statusMaster) return 1;
    return db.ok && db.value.role === 'standby' ? 2 : 3;
  };
  return owned.sort((a, b) => rank(a) - rank(b) || (a.uid < b.uid ? -1 : 1))[0];
}

function problemOf(name: string, keeper: Parsed<Keeper> | undefined, found: Found | undefined): string | undefined {
  if (keeper?.ok === false) return `keepers.${name}.${keeper.error}`;
  return found?.entry.db.ok === false ? `dbs.${shown(found.uid)}.${found.entry.db.error}` : undefined;
}

/** What a member's record means, without what changes all the time (positions) and what comes from elsewhere. */
type Facts = Pick<
  Member,
  'address' | 'role' | 'running' | 'stateText' | 'version' | 'timeline' | 'tags' | 'sync' | 'problem' | 'stolon'
>;

const unknownFacts: Omit<Facts, 'address' | 'problem'> = {
  role: 'unknown',
  running: false,
  stateText: 'unknown',
  version: undefined,
  timeline: undefined,
  tags: noTags,
  sync: 'async',
  stolon: undefined,
};

function factsOf(keeper: Keeper | undefined, found: Found | undefined, data: ClusterData): Facts {
  const db = found?.entry.db.ok ? found.entry.db.value : undefined;
  const stateText = stateOf(keeper, db);
  return {
    address: db?.address,
    role: found === undefined || db === undefined ? 'uninitialized' : roleOf(found.uid, db, data),
    running: stateText === 'running',
    stateText,
    version: keeper?.version,
    timeline: db?.timeline,
    tags: {
      ...noTags,
      nofailover: keeper?.canBeMaster === false,
      nosync: keeper?.canBeSynchronousReplica === false,
    },
    sync: found !== undefined && isSynchronous(found.uid, data) ? 'sync' : 'async',
    problem: undefined,
    stolon: found === undefined || db === undefined ? undefined : stolonMember(found.uid, db, keeper),
  };
}

/** `running` is the only one that means it: converged at least once, complete, and nobody has missed it for a failInterval. */
function stateOf(keeper: Keeper | undefined, db: Db | undefined): string {
  if (db === undefined) return keeper?.healthy === true ? 'no db' : 'keeper unhealthy';
  if (keeper?.healthy !== true) return 'keeper unhealthy';
  if (isBeingBuilt(db)) return db.initMode === 'resync' ? 'resync' : 'initializing';
  if (!db.healthy) return 'db unhealthy';
  return db.currentGeneration > 0 ? 'running' : 'not converged';
}

function roleOf(uid: string, { role, follows }: Db, { masterDbUid, statusMaster }: ClusterData): Role {
  if (role === 'master') {
    if (uid === masterDbUid) return 'primary';
    return uid === statusMaster ? 'promoting' : 'demoted';
  }
  if (role === undefined) return 'unknown';
  return follows === 'external' ? 'standby_leader' : 'replica';
}

/** Wanted in sync by the sentinel, and told to be so by the master. */
function isSynchronous(uid: string, { dbs, masterDbUid, statusMaster }: ClusterData): boolean {
  const master = dbs.get(masterDbUid ?? statusMaster ?? '')?.db;
  if (master === undefined || !master.ok) return false;
  const { synchronousStandbys, reportedSynchronousStandbys } = master.value;
  return synchronousStandbys.includes(uid) && reportedSynchronousStandbys.includes(uid);
}

const stolonMember = (dbUid: string, db: Db, keeper: Keeper | undefined): StolonMember => ({
  dbUid,
  keeperHealthy: keeper?.healthy ?? false,
  dbHealthy: db.healthy,
  generation: db.generation,
  currentGeneration: db.currentGeneration,
  specRole: db.role,
  initMode: db.initMode,
  follows: db.follows,
  forceFail: keeper?.forceFail ?? false,
});

/** All of them are plain values, made in the same order. */
const meaningOf = ({ address, role, stateText, version, timeline, tags, sync, problem, stolon }: Facts): string =>
  JSON.stringify([address, role, stateText, version, timeline, tags, sync, problem, stolon]);

function foldGone(was: Member, { now, keep, data }: MembersInput): readonly Member[] {
  const goneSince = was.goneSince ?? now;
  if (!keep.includes(was.name) && now - goneSince >= data.spec.failIntervalMs) return [];
  return [{ ...was, present: false, goneSince }];
}
