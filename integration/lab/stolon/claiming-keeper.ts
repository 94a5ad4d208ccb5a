// A keeper without a PostgreSQL: it claims at once to have carried out whatever clusterdata asks of it (record of stolon-keeper v0.17.0).
// For tests and benchmarks in which only the protocol matters; keeper.ts has a real server.
import { randomUUID } from 'node:crypto';
import type { ClusterData, Db, TimelineHistory } from './cluster-data.ts';
import { effectiveSpec } from './cluster-spec.ts';
import { newUid, type PostgresState } from './infos.ts';
import type { StolonStore } from './store.ts';

export interface ClaimedKeeper {
  readonly uid: string;
  readonly host?: string;
  readonly port: number;
}

/** The write-ahead log that all keepers of a composed cluster share: no claim is ahead of another without being told so. */
export interface SharedLog {
  position: number;
  timeline: number;
  readonly history: TimelineHistory[];
}

export const newLog = (): SharedLog => ({ position: 50_331_648, timeline: 1, history: [] });

export class ClaimingKeeper {
  readonly uid: string;
  readonly #at: { readonly listenAddress: string; readonly port: string };
  readonly #store: StolonStore;
  readonly #log: SharedLog;
  #bootUUID = randomUUID();
  #state: PostgresState;
  #role: Db['spec']['role'] = 'standby';
  #alive = true;
  #holding = false;
  #override: Partial<PostgresState> = {};

  constructor(keeper: ClaimedKeeper, store: StolonStore, log: SharedLog) {
    this.uid = keeper.uid;
    this.#at = { listenAddress: keeper.host ?? '127.0.0.1', port: String(keeper.port) };
    this.#store = store;
    this.#log = log;
    this.#state = { ...this.#at, synchronousStandbys: null };
  }

  /** It tells nothing any more; its record runs out. */
  kill(): void {
    this.#alive = false;
  }

  /** Comes back after `kill`, as a new process. */
  revive(): void {
    this.#alive = true;
    this.#bootUUID = randomUUID();
  }

  /** While held it goes on to tell of itself, but carries nothing out: a promotion that takes its time. */
  hold(held: boolean): void {
    this.#holding = held;
  }

  /** What it claims instead, until called again with `{}`: `{ healthy: false }`, `{ xLogPos: 1 }`. */
  claim(override: Partial<PostgresState>): void {
    this.#override = override;
  }

  /** Acts on clusterdata and tells of itself, once. */
  async act(): Promise<void> {
    if (!this.#alive) return;
    const stored = await this.#store.clusterData();
    if (stored === undefined || !this.#alive) return;
    this.#carryOut(stored.data);
    await this.#store.putKeeperInfo(
      {
        infoUID: newUid(),
        uid: this.uid,
        clusterUID: stored.data.cluster.uid,
        bootUUID: this.#bootUUID,
        postgresBinaryVersion: { Maj: 15, Min: 4 },
        postgresState: { ...this.#state, ...this.#override },
        canBeMaster: true,
        canBeSynchronousReplica: true,
      },
      effectiveSpec(stored.data.cluster.spec).sleepIntervalMs,
    );
  }

  #carryOut(cd: ClusterData): void {
    const log = this.#log;
    const db = Object.values(cd.dbs).find(({ spec }) => spec.keeperUID === this.uid);
    // Not known to the sentinel as this process yet: a keeper waits for that.
    if (cd.keepers[this.uid]?.status.bootUUID !== this.#bootUUID || db === undefined) {
      this.#state = { ...this.#at, synchronousStandbys: null };
      return;
    }
    if (this.#holding) return;
    const promoted = this.#state.uid === db.uid && this.#role === 'standby' && db.spec.role === 'master';
    log.position += 1_024;
    if (promoted) {
      log.history.push({ timelineID: log.timeline, switchPoint: log.position, reason: 'no recovery target specified' });
      log.timeline += 1;
    }
    this.#role = db.spec.role;
    this.#state = {
      uid: db.uid,
      generation: db.generation,
      ...this.#at,
      healthy: true,
      systemID: '7575835178962671673',
      timelineID: log.timeline,
      xLogPos: log.position,
      timelinesHistory: log.history.slice(-2),
      pgParameters: db.spec.pgParameters ?? {},
      synchronousStandbys: [],
      olderWalFile: '000000010000000000000001',
    };
  }
}
