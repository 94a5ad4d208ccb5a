// The operations of stolonctl v0.17.0 that change clusterdata: init is a plain put, the others compare and put and try again when somebody
// was faster. Model: what stolonctl asks and prints is left out.
import { type ClusterData, type ClusterSpec, newClusterData } from './cluster-data.ts';
import { effectiveSpec, specProblem } from './cluster-spec.ts';
import { durationMs, durationText, goTime } from './go-json.ts';
import { newUid } from './infos.ts';
import type { StolonStore } from './store.ts';

export interface Stolonctl {
  /** A new cluster, over whatever there is: no dbs, proxy generation back to 0, another cluster uid. Gives that. */
  readonly init: (spec?: ClusterSpec) => Promise<string>;
  /** `update --patch`: the named fields of the spec. */
  readonly update: (patch: ClusterSpec) => Promise<void>;
  /** A standby cluster becomes one that takes writes. */
  readonly promote: () => Promise<void>;
  /** The keeper counts as failed for one check. */
  readonly failKeeper: (uid: string) => Promise<void>;
  /** Forgets a keeper and its db; refused for the master's. A keeper that lives is found again. */
  readonly removeKeeper: (uid: string) => Promise<void>;
  /** Any change by hand, through the same compare-and-put. Gives the revision. */
  readonly change: (edit: (data: ClusterData) => void) => Promise<number>;
}

/** `spec`: what `init` takes when it is called without one. */
export function stolonctl(store: StolonStore, spec: ClusterSpec): Stolonctl {
  const change: Stolonctl['change'] = async (edit) => {
    for (;;) {
      const stored = await store.clusterData();
      if (stored === undefined) throw new Error(`${store.prefix}clusterdata does not exist`);
      const data = structuredClone(stored.data);
      edit(data);
      const revision = await store.compareAndPut(data, stored);
      if (revision !== undefined) return Number(revision);
    }
  };
  const keeperOf = (data: ClusterData, uid: string) => {
    const keeper = data.keepers[uid];
    if (keeper === undefined) throw new Error(`keeper doesn't exist: ${uid}`);
    return keeper;
  };
  const setSpec = (data: ClusterData, patch: ClusterSpec) => {
    data.cluster.spec = checked({ ...data.cluster.spec, ...patch });
  };
  return {
    init: async (given = spec) => {
      const uid = newUid();
      const full = checked({ initMode: 'new', ...given });
      await store.putClusterData(newClusterData(uid, full, goTime(new Date())));
      return uid;
    },
    update: async (patch) => {
      await change((data) => setSpec(data, patch));
    },
    promote: async () => {
      await change((data) => {
        if (effectiveSpec(data.cluster.spec).role !== 'standby') throw new Error('cluster is not a standby cluster');
        setSpec(data, { role: 'master' });
      });
    },
    failKeeper: async (uid) => {
      await change((data) => {
        keeperOf(data, uid).status.forceFail = true;
      });
    },
    removeKeeper: async (uid) => {
      await change((data) => {
        keeperOf(data, uid);
        const db = Object.values(data.dbs).find(({ spec: { keeperUID } }) => keeperUID === uid);
        if (db !== undefined && db.uid === data.cluster.status.master)
          throw new Error("keeper assigned db is the current cluster master db. Can't remove.");
        delete data.keepers[uid];
        if (db !== undefined) delete data.dbs[db.uid];
      });
    },
    change,
  };
}

/** As it is stored: durations as Go prints them. Throws as stolonctl refuses. */
function checked(spec: ClusterSpec): ClusterSpec {
  const problem = specProblem(spec);
  if (problem !== undefined) throw new Error(`invalid cluster spec: ${problem}`);
  return Object.fromEntries(
    Object.entries(spec).map(([name, value]) => [
      name,
      /(Interval|Timeout)$/.test(name) && typeof value === 'string' ? durationText(durationMs(value)) : value,
    ]),
  );
}
