// What a leading sentinel changes in clusterdata (stolon v0.17.0, cmd/sentinel, updateCluster): the first master, a new master, what the
// proxies are told. Model: asynchronous replication only; pg_rewind and existing clusters are left out.
// The first master is the keeper with the lowest uid, where Stolon takes any.
import type { ClusterData, Db } from './cluster-data.ts';
import type { EffectiveSpec } from './cluster-spec.ts';
import { fromClusterSpec, lead, newDb } from './dbs.ts';
import type { Circumstances, Decision } from './decision.ts';
import type { ProxyInfo } from './infos.ts';
import { arrangeStandbys, isDiverged, sound } from './standbys.ts';

/** Changes `cd`, whose statuses are up to date, and tells what was decided. */
export function decide(cd: ClusterData, around: Circumstances): readonly Decision[] {
  const phase = cd.cluster.status.phase === 'normal' ? steer : initialize;
  return phase(cd, around);
}

function initialize(cd: ClusterData, { spec, observations, now, newUid }: Circumstances): readonly Decision[] {
  const master = cd.dbs[cd.cluster.status.master ?? ''];
  if (master === undefined) {
    const keeper = Object.keys(cd.keepers)
      .sort()
      .find((uid) => cd.keepers[uid]?.status.healthy === true && cd.keepers[uid].status.canBeMaster !== false);
    if (keeper === undefined) return [];
    const { pitrConfig } = cd.cluster.spec;
    const db = newDb(newUid(), keeper, pitrConfig === undefined ? 'new' : 'pitr', cd, spec, now);
    if (pitrConfig !== undefined) db.spec.pitrConfig = pitrConfig;
    db.spec.includePreviousConfig = cd.cluster.spec.mergePgParameters ?? true;
    lead(db.spec, cd, spec);
    cd.dbs[db.uid] = db;
    cd.cluster.status.master = db.uid;
    return [{ kind: 'master_chosen', dbUid: db.uid, keeperUid: keeper }];
  }
  const built = observations.convergence(master, spec.initTimeoutMs, now);
  if (built === 'failed') throw new Error(`keeper ${master.spec.keeperUID} did not initialize its db in time`);
  if (built === 'converging' || master.status.healthy !== true) return [];
  master.spec.initMode = 'none';
  delete master.spec.includePreviousConfig;
  cd.cluster.status.phase = 'normal';
  return [{ kind: 'initialized', masterDbUid: master.uid }];
}

function steer(cd: ClusterData, around: Circumstances): readonly Decision[] {
  const { spec, observations, now } = around;
  const decisions: Decision[] = [];
  for (const db of Object.values(cd.dbs)) Object.assign(db.spec, fromClusterSpec(cd, spec));
  const master = cd.dbs[cd.cluster.status.master ?? ''];
  if (master === undefined) throw new Error('cluster.status.master names no db');
  const failed =
    master.status.healthy !== true || observations.convergence(master, spec.convergenceTimeoutMs, now) === 'failed';
  if (failed) {
    const successor = bestNewMaster(cd, master, around);
    if (successor !== undefined) return [replaceMaster(cd, master, successor, spec)];
    decisions.push({ kind: 'no_candidate', masterDbUid: master.uid });
  }
  lead(master.spec, cd, spec);
  const told = tellProxies(cd, master, around.activeProxies);
  if (told !== undefined) decisions.push(told);
  const converged = master.status.currentGeneration === master.generation;
  return [...decisions, ...arrangeStandbys(cd, master, master.status.healthy === true && converged, around)];
}

/** The least advanced of those that may: that is how Stolon sorts them. */
function bestNewMaster(cd: ClusterData, master: Db, around: Circumstances): Db | undefined {
  return Object.values(cd.dbs)
    .filter((db) => db !== master && sound(db, around) && !isDiverged(master, db))
    .filter(({ status }) => status.systemdID === master.status.systemdID)
    .filter(({ status }) => status.timelineID === master.status.timelineID)
    .filter(({ status }) => (master.status.xLogPos ?? 0) - (status.xLogPos ?? 0) <= around.spec.maxStandbyLag)
    .filter(({ spec }) => cd.keepers[spec.keeperUID]?.status.canBeMaster !== false)
    .sort((a, b) => (a.status.xLogPos ?? 0) - (b.status.xLogPos ?? 0) || (a.uid < b.uid ? -1 : 1))[0];
}

/** The one put: the old master keeps its role, the proxies are told that there is none. */
function replaceMaster(cd: ClusterData, old: Db, successor: Db, spec: EffectiveSpec): Decision {
  cd.cluster.status.master = successor.uid;
  lead(successor.spec, cd, spec);
  successor.spec.followers = [];
  old.spec.followers = [];
  delete cd.proxy.spec.masterDbUid;
  const generation = nextGeneration(cd);
  return { kind: 'cleared', from: old.uid, to: successor.uid, generation };
}

/** Nothing here asks whether the new master has been promoted. */
function tellProxies(cd: ClusterData, master: Db, active: readonly ProxyInfo[]): Decision | undefined {
  const uids = active.map(({ UID }) => UID);
  if (cd.proxy.spec.masterDbUid === undefined) {
    const generation = cd.proxy.generation ?? 0;
    const behind = active.filter(({ Generation }) => Generation !== generation).map(({ UID }) => UID);
    if (behind.length > 0) return { kind: 'waiting_for', proxies: behind, generation };
    cd.proxy.spec.masterDbUid = master.uid;
    return { kind: 'named', masterDbUid: master.uid, generation: nextGeneration(cd), acknowledgedBy: uids };
  }
  const enabled = cd.proxy.spec.enabledProxies ?? [];
  if (uids.length === enabled.length && uids.every((uid) => enabled.includes(uid))) return undefined;
  cd.proxy.spec.enabledProxies = uids;
  return { kind: 'enabled', proxies: uids, generation: nextGeneration(cd) };
}

function nextGeneration(cd: ClusterData): number {
  const generation = (cd.proxy.generation ?? 0) + 1;
  cd.proxy.generation = generation;
  return generation;
}
