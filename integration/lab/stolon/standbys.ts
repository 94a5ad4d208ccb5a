// The part of a sentinel's check that is about standbys (stolon v0.17.0): which are sound, which have diverged, and how they are removed,
// added and made to follow once the master is healthy and has carried out its spec. Model without synchronous replication.
import type { ClusterData, Db } from './cluster-data.ts';
import { newDb } from './dbs.ts';
import type { Circumstances, Decision } from './decision.ts';

/** A master, also that of a standby cluster. */
export const isMasterType = ({ spec }: Db): boolean => spec.role === 'master' || spec.followConfig?.type === 'external';

/** Healthy, and it has carried out its spec. */
export const sound = (db: Db, { observations, spec, now }: Circumstances): boolean =>
  db.status.healthy === true && observations.convergence(db, spec.convergenceTimeoutMs, now) === 'converged';

/** Another system, or a timeline that parted from the master's before the db's own position. */
export function isDiverged(master: Db, db: Db): boolean {
  const [theirs, its] = [master.status, db.status];
  if (its.systemdID === undefined || theirs.systemdID === undefined) return false;
  if (its.systemdID !== theirs.systemdID) return true;
  const [masterTimeline, timeline] = [theirs.timelineID ?? 0, its.timelineID ?? 0];
  if (masterTimeline < timeline) return true;
  const pointIn = (status: Db['status'], of: number) =>
    status.timelinesHistory?.find(({ timelineID }) => timelineID === of)?.switchPoint;
  if (masterTimeline === timeline) {
    const [a, b] = [pointIn(theirs, timeline - 1), pointIn(its, timeline - 1)];
    return a !== undefined && b !== undefined && a !== b;
  }
  const left = pointIn(theirs, timeline);
  return left !== undefined && left < (its.xLogPos ?? 0);
}

/** Changes the dbs beside the master's. Dbs that were built go into use in any case; the rest waits for the master. */
export function arrangeStandbys(
  cd: ClusterData,
  master: Db,
  masterIsReady: boolean,
  around: Circumstances,
): readonly Decision[] {
  const { observations, spec, now } = around;
  const decisions: Decision[] = [];
  const remove = (db: Db, why: Extract<Decision, { kind: 'db_removed' }>['why']) => {
    delete cd.dbs[db.uid];
    decisions.push({ kind: 'db_removed', dbUid: db.uid, keeperUid: db.spec.keeperUID, why });
  };
  for (const db of others(cd, master)) {
    if (db.spec.initMode === 'none') continue;
    const built = observations.convergence(db, spec.syncTimeoutMs, now);
    if (built === 'failed') remove(db, 'not_built');
    if (built !== 'converged') continue;
    db.spec.initMode = 'none';
    decisions.push({ kind: 'db_built', dbUid: db.uid, keeperUid: db.spec.keeperUID });
  }
  if (!masterIsReady) return decisions;
  for (const db of others(cd, master)) {
    if (isMasterType(db)) remove(db, 'old_master');
    else if (isDiverged(master, db)) remove(db, 'diverged');
  }
  const standing = others(cd, master);
  const good = standing.filter((db) => sound(db, around) && db.status.systemdID !== undefined);
  if (good.length >= spec.maxStandbysPerSender) {
    const kept = [...good].sort(mostAdvancedFirst).slice(0, spec.maxStandbysPerSender);
    for (const db of standing) if (!kept.includes(db)) remove(db, 'too_many');
  } else decisions.push(...addStandbys(cd, master, standing, around));
  return [...decisions, ...followMaster(cd, master)];
}

function addStandbys(cd: ClusterData, master: Db, standing: readonly Db[], around: Circumstances): readonly Decision[] {
  const { spec, now, newUid } = around;
  const taken = new Set([master, ...standing].map((db) => db.spec.keeperUID));
  const free = Object.values(cd.keepers).filter(({ uid, status }) => status.healthy === true && !taken.has(uid));
  const working = standing.filter((db) => db.status.healthy === true || db.status.currentGeneration === undefined);
  const keepers = free.map(({ uid }) => uid).sort();
  return keepers.slice(0, Math.max(0, spec.maxStandbysPerSender - working.length)).map((keeperUid) => {
    const db = newDb(newUid(), keeperUid, 'resync', cd, spec, now);
    cd.dbs[db.uid] = db;
    return { kind: 'db_added', dbUid: db.uid, keeperUid };
  });
}

function followMaster(cd: ClusterData, master: Db): readonly Decision[] {
  const decisions: Decision[] = [];
  const standbys = others(cd, master);
  for (const { uid, spec } of standbys) {
    if (spec.followConfig?.dbuid === master.uid) continue;
    const isNew = spec.followConfig === undefined;
    spec.followConfig = { type: 'internal', dbuid: master.uid };
    if (!isNew) decisions.push({ kind: 'repointed', dbUid: uid, follows: master.uid });
  }
  master.spec.followers = standbys.map(({ uid }) => uid).sort();
  return decisions;
}

const others = (cd: ClusterData, master: Db): readonly Db[] => Object.values(cd.dbs).filter((db) => db !== master);

const mostAdvancedFirst = (a: Db, b: Db): number => (b.status.xLogPos ?? 0) - (a.status.xLogPos ?? 0);
