// The entries `dbs` of clusterdata as a sentinel makes them (stolon v0.17.0).
import type { ClusterData, Db, DbSpec } from './cluster-data.ts';
import type { EffectiveSpec } from './cluster-spec.ts';
import type { Now } from './observations.ts';

/** The master of a standby cluster has the role of a standby and follows another cluster. */
export function lead(db: DbSpec, cd: ClusterData, { role }: EffectiveSpec): void {
  db.role = role;
  const settings = cd.cluster.spec.standbyConfig?.standbySettings;
  if (role === 'master') delete db.followConfig;
  else db.followConfig = { type: 'external', ...(settings === undefined ? {} : { standbySettings: settings }) };
}

/** What every check takes over from the cluster's spec. */
export const fromClusterSpec = (cd: ClusterData, spec: EffectiveSpec) => ({
  requestTimeout: cd.cluster.spec.requestTimeout ?? '10s',
  maxStandbys: spec.maxStandbys,
  additionalWalSenders: spec.additionalWalSenders,
  additionalReplicationSlots: null,
  pgParameters: cd.cluster.spec.pgParameters,
  pgHBA: cd.cluster.spec.pgHBA ?? null,
});

/** A db that its keeper has still to build. */
export function newDb(
  uid: string,
  keeperUID: string,
  initMode: DbSpec['initMode'],
  cd: ClusterData,
  spec: EffectiveSpec,
  now: Now,
): Db {
  const base = {
    role: 'standby',
    followers: [],
    synchronousStandbys: null,
    externalSynchronousStandbys: null,
  } as const;
  return {
    uid,
    generation: 1,
    changeTime: now.text,
    spec: { keeperUID, initMode, ...fromClusterSpec(cd, spec), ...base, followers: [] },
    status: { synchronousStandbys: null },
  };
}
