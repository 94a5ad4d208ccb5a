// One check of a leading sentinel as a pure step: clusterdata as it was, what keepers and proxies tell, an instant; out comes clusterdata
// as it shall be (stolon v0.17.0: generations of dbs and times of change are set at its end).
import { type ClusterData, sameJson } from './cluster-data.ts';
import { effectiveSpec, specProblem } from './cluster-spec.ts';
import type { Decision } from './decision.ts';
import { decide } from './decisions.ts';
import type { KeeperInfo, ProxyInfo } from './infos.ts';
import type { Now, Observations } from './observations.ts';

export interface CheckInput {
  readonly before: ClusterData;
  readonly keepers: readonly KeeperInfo[];
  readonly proxies: readonly ProxyInfo[];
  readonly observations: Observations;
  /** The first under this leadership: it only records. */
  readonly first: boolean;
  readonly now: Now;
  readonly newUid: () => string;
}

export interface CheckResult {
  readonly after: ClusterData;
  readonly decisions: readonly Decision[];
}

/** Throws when the document can't be used; nothing is to be put then. */
export function check(input: CheckInput): CheckResult {
  const { before, keepers, proxies, observations, first, now } = input;
  if (before.formatVersion !== 1) throw new Error(`unsupported clusterdata format version: ${before.formatVersion}`);
  const problem = specProblem(before.cluster.spec);
  if (problem !== undefined) throw new Error(`clusterdata validation failed: ${problem}`);
  const after = structuredClone(before);
  if (first) {
    observations.begin(keepers, proxies, now);
    after.changeTime = now.text;
    return { after, decisions: [] };
  }
  const spec = effectiveSpec(before.cluster.spec);
  observations.update(after, keepers, spec, now);
  const removalAt = Date.parse(now.text) - spec.deadKeeperRemovalIntervalMs;
  for (const { uid, status } of Object.values(after.keepers)) {
    const idle = !Object.values(after.dbs).some((db) => db.spec.keeperUID === uid);
    if (idle && status.healthy !== true && Date.parse(status.lastHealthyTime) < removalAt) delete after.keepers[uid];
  }
  const activeProxies = observations.activeProxies(proxies, now);
  const decisions = decide(after, { spec, observations, activeProxies, now, newUid: input.newUid });
  stamp(before, after, now);
  return { after, decisions };
}

function stamp(before: ClusterData, after: ClusterData, { text }: Now): void {
  for (const db of Object.values(after.dbs)) {
    const known = before.dbs[db.uid];
    if (known !== undefined && !sameJson(known.spec, db.spec)) db.generation += 1;
    db.changeTime = sameJson(known, db) ? db.changeTime : text;
  }
  for (const keeper of Object.values(after.keepers))
    if (!sameJson(before.keepers[keeper.uid], keeper)) keeper.changeTime = text;
  if (!sameJson(before.cluster, after.cluster)) after.cluster.changeTime = text;
  if (!sameJson(before.proxy, after.proxy)) after.proxy.changeTime = text;
  after.changeTime = text;
}
