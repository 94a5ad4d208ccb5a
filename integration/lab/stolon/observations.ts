// What a leading sentinel remembers between two checks (stolon v0.17.0, cmd/sentinel): who it saw alive and when, since when something is
// in error, since when a db has not carried out its spec. Model; instants are given, so that nothing here reads a clock.
import type { ClusterData, Db } from './cluster-data.ts';
import type { EffectiveSpec } from './cluster-spec.ts';
import type { KeeperInfo, ProxyInfo } from './infos.ts';

export interface Now {
  /** Monotonic, milliseconds. */
  readonly at: number;
  /** As it is written into documents. */
  readonly text: string;
}

export type Convergence = 'converged' | 'converging' | 'failed';

export class Observations {
  /** `seen`: it has changed under this leadership. */
  readonly #keepers = new Map<string, { infoUID: string; seen: boolean; at: number }>();
  readonly #keeperErrors = new Map<string, number>();
  readonly #dbErrors = new Map<string, number>();
  readonly #converging = new Map<string, { generation: number; since: number }>();
  readonly #proxies = new Map<string, { infoUID: string; at: number }>();

  /** A new leadership knows nothing; in its first check it only takes down which records there are. */
  begin(infos: readonly KeeperInfo[], proxies: readonly ProxyInfo[], { at }: Now): void {
    for (const map of [this.#keepers, this.#keeperErrors, this.#dbErrors, this.#converging, this.#proxies]) map.clear();
    for (const { uid, infoUID } of infos) this.#keepers.set(uid, { infoUID, seen: false, at });
    this.activeProxies(proxies, { at });
  }

  /** Takes keepers' claims over into their and their dbs' status. */
  update(cd: ClusterData, infos: readonly KeeperInfo[], spec: EffectiveSpec, now: Now): void {
    const own = new Map(infos.filter((info) => info.clusterUID === cd.cluster.uid).map((info) => [info.uid, info]));
    const alive = new Map([...own].filter(([, info]) => this.#isAlive(info, spec, now)));
    for (const [uid, info] of alive) cd.keepers[uid] ??= newKeeper(info, now);
    for (const [uid, keeper] of Object.entries(cd.keepers)) {
      const info = alive.get(uid);
      mark(this.#keeperErrors, uid, info === undefined, now);
      if (info !== undefined) {
        keeper.status.bootUUID = info.bootUUID;
        keeper.status.postgresBinaryVersion = info.postgresBinaryVersion;
        keeper.status.canBeMaster = info.canBeMaster;
        keeper.status.canBeSynchronousReplica = info.canBeSynchronousReplica;
      }
      keeper.status.healthy = !isOld(this.#keeperErrors, uid, spec, now) && keeper.status.forceFail !== true;
      delete keeper.status.forceFail;
      if (keeper.status.healthy) keeper.status.lastHealthyTime = now.text;
    }
    for (const db of Object.values(cd.dbs)) {
      const state = alive.get(db.spec.keeperUID)?.postgresState;
      const mine = state?.uid === db.uid ? state : undefined;
      mark(this.#dbErrors, db.uid, mine?.healthy !== true, now);
      // A keeper without a db yet tells where it will listen.
      if (mine !== undefined || (state !== undefined && state.uid === undefined)) {
        db.status.listenAddress = state?.listenAddress;
        db.status.port = state?.port;
      }
      if (mine?.healthy === true) {
        db.status.currentGeneration = mine.generation;
        db.status.systemdID = mine.systemID;
        db.status.timelineID = mine.timelineID;
        db.status.xLogPos = mine.xLogPos;
        db.status.timelinesHistory = mine.timelinesHistory;
        db.status.pgParameters = mine.pgParameters;
        db.status.olderWalFile = mine.olderWalFile;
      }
      const keeperHealthy = cd.keepers[db.spec.keeperUID]?.status.healthy === true;
      db.status.healthy = keeperHealthy && !isOld(this.#dbErrors, db.uid, spec, now);
    }
  }

  /** Those that changed within twice their own timeout, sorted by uid. */
  activeProxies(infos: readonly ProxyInfo[], { at }: Pick<Now, 'at'>): readonly ProxyInfo[] {
    const listed = new Set(infos.map(({ UID }) => UID));
    for (const uid of this.#proxies.keys()) if (!listed.has(uid)) this.#proxies.delete(uid);
    return infos
      .filter(({ UID, infoUID, ProxyTimeout }) => {
        const known = this.#proxies.get(UID);
        if (known?.infoUID === infoUID) return at - known.at <= (2 * ProxyTimeout) / 1e6;
        this.#proxies.set(UID, { infoUID, at });
        return true;
      })
      .sort((a, b) => (a.UID < b.UID ? -1 : 1));
  }

  /** `timeoutMs` 0: it never fails. */
  convergence(db: Db, timeoutMs: number, { at }: Now): Convergence {
    if (db.status.currentGeneration === db.generation) return 'converged';
    const known = this.#converging.get(db.uid);
    return known !== undefined && timeoutMs !== 0 && at - known.since > timeoutMs ? 'failed' : 'converging';
  }

  /** After the document was put: since when each db's spec waits to be carried out. */
  remember(cd: ClusterData, { at }: Now): void {
    for (const uid of this.#converging.keys()) if (cd.dbs[uid] === undefined) this.#converging.delete(uid);
    for (const { uid, generation, status } of Object.values(cd.dbs)) {
      if (status.currentGeneration === generation) this.#converging.delete(uid);
      else if (this.#converging.get(uid)?.generation !== generation)
        this.#converging.set(uid, { generation, since: at });
    }
  }

  #isAlive({ uid, infoUID }: KeeperInfo, { sleepIntervalMs }: EffectiveSpec, { at }: Now): boolean {
    const known = this.#keepers.get(uid);
    if (known?.infoUID === infoUID) return known.seen && at - known.at <= sleepIntervalMs;
    this.#keepers.set(uid, { infoUID, seen: true, at });
    return true;
  }
}

function mark(errors: Map<string, number>, uid: string, inError: boolean, { at }: Now): void {
  if (!inError) errors.delete(uid);
  else if (!errors.has(uid)) errors.set(uid, at);
}

const isOld = (errors: Map<string, number>, uid: string, { failIntervalMs }: EffectiveSpec, { at }: Now): boolean => {
  const since = errors.get(uid);
  return since !== undefined && at - since > failIntervalMs;
};

const newKeeper = (info: KeeperInfo, now: Now): ClusterData['keepers'][string] => ({
  uid: info.uid,
  generation: 1,
  changeTime: now.text,
  spec: {},
  status: { healthy: true, lastHealthyTime: now.text, postgresBinaryVersion: info.postgresBinaryVersion },
});
