// A model of stolon-keeper v0.17.0 around a real PostgreSQL: every sleepInterval it tells of itself, and every sleepInterval it does what
// clusterdata asks of its db. When it can't reach the store it does nothing, and its PostgreSQL goes on as it is: there is no fencing.
// Left out: pg_rewind (a db that has to follow again is always built anew, under a new uid), replication slots, users and passwords; PITR
// is a base backup of the server that the standby cluster follows.
import { randomUUID } from 'node:crypto';
import type { Postgres } from '../postgres.ts';
import type { ClusterData, Db } from './cluster-data.ts';
import { effectiveSpec } from './cluster-spec.ts';
import { newUid, type PostgresState } from './infos.ts';
import { binaryVersion, KeeperDatabase, type Place, type Upstream } from './keeper-database.ts';
import { type Loop, repeatedly } from './loop.ts';
import { askPostgres } from './pg-state.ts';
import { openStore, type StolonStore, type StoreOptions } from './store.ts';

type Happening =
  | { readonly kind: 'built'; readonly dbUid: string; readonly from: 'nothing' | 'base backup' }
  | { readonly kind: 'promoted'; readonly dbUid: string }
  | { readonly kind: 'repointed'; readonly dbUid: string; readonly to: Upstream }
  | { readonly kind: 'stopped'; readonly why: string }
  | { readonly kind: 'failed'; readonly error: string };

export type KeeperEvent = Happening & {
  /** Of `performance.now()`. */
  readonly at: number;
};

export interface KeeperOptions extends StoreOptions, Omit<Place, 'keeper'> {
  readonly uid: string;
  /** Until clusterdata was read. Default 5000. */
  readonly sleepIntervalMs?: number;
}

export interface Keeper {
  readonly uid: string;
  /** Where its PostgreSQL listens on 127.0.0.1. */
  readonly port: number;
  readonly history: readonly KeeperEvent[];
  /** The server as it is now; undefined before there is one. A new db means a new one. */
  readonly postgres: () => Postgres | undefined;
  readonly running: () => boolean;
  /** Keeper and PostgreSQL die. */
  readonly kill: () => Promise<void>;
  /** The keeper dies, its PostgreSQL survives. */
  readonly stopKeeperOnly: () => Promise<void>;
  /** Starts the keeper again, as a new process, on the data that it has. */
  readonly start: () => void;
  /** Ends everything. */
  readonly close: () => Promise<void>;
}

/** How long PostgreSQL may take to tell its state. */
const STATE_TIMEOUT_MS = 10_000;

export function startKeeper(options: KeeperOptions): Keeper {
  const store = openStore(options);
  const model = new Model(store, options);
  model.start();
  return {
    uid: options.uid,
    port: options.port,
    history: model.history,
    postgres: () => model.database.postgres,
    running: () => model.running,
    kill: () => model.kill(),
    stopKeeperOnly: () => model.stop(),
    start: () => model.start(),
    close: async () => {
      await model.kill();
      store.close();
    },
  };
}

class Model {
  readonly history: KeeperEvent[] = [];
  readonly database: KeeperDatabase;
  readonly #store: StolonStore;
  readonly #options: KeeperOptions;
  readonly #version = binaryVersion();
  #bootUUID = '';
  #clusterUid = '';
  /** Of the db, carried out. */
  #generation: number | undefined;
  #sleepMs: number;
  #loops: readonly Loop[] = [];
  #dead = false;

  constructor(store: StolonStore, options: KeeperOptions) {
    this.#store = store;
    this.#options = options;
    this.#sleepMs = options.sleepIntervalMs ?? 5_000;
    this.database = new KeeperDatabase({ ...options, keeper: options.uid });
  }

  get running(): boolean {
    return this.#loops.length > 0;
  }

  start(): void {
    if (this.running) return;
    this.#dead = false;
    this.#bootUUID = randomUUID();
    this.#loops = [
      repeatedly(() => this.#attempt(() => this.#tellStore())),
      repeatedly(() => this.#attempt(() => this.#act())),
    ];
  }

  async stop(): Promise<void> {
    this.#dead = true;
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    this.#loops = [];
  }

  async kill(): Promise<void> {
    this.#dead = true;
    await this.database.kill();
    await this.stop();
    // What was being started meanwhile.
    await this.database.kill();
  }

  async #attempt(act: () => Promise<void>): Promise<number> {
    await act().catch((error: unknown) => {
      if (!this.#dead) this.#note({ kind: 'failed', error: error instanceof Error ? error.message : String(error) });
    });
    return this.#sleepMs;
  }

  async #tellStore(): Promise<void> {
    const stored = await this.#store.clusterData();
    if (stored === undefined) return;
    this.#sleepMs = effectiveSpec(stored.data.cluster.spec).sleepIntervalMs;
    const postgresState = await this.#state();
    if (this.#dead) return;
    await this.#store.putKeeperInfo(
      {
        infoUID: newUid(),
        uid: this.#options.uid,
        clusterUID: stored.data.cluster.uid,
        bootUUID: this.#bootUUID,
        postgresBinaryVersion: this.#version,
        postgresState,
        canBeMaster: true,
        canBeSynchronousReplica: true,
      },
      this.#sleepMs,
    );
  }

  async #state(): Promise<PostgresState> {
    const base: PostgresState = {
      listenAddress: '127.0.0.1',
      port: String(this.#options.port),
      synchronousStandbys: null,
    };
    const { dbUid, postgres, running } = this.database;
    if (dbUid === undefined || postgres === undefined) return base;
    const known = { ...base, uid: dbUid, ...(this.#generation === undefined ? {} : { generation: this.#generation }) };
    if (!running) return known;
    const asked = await within(STATE_TIMEOUT_MS, askPostgres(postgres)).catch(() => undefined);
    return asked === undefined ? known : { ...known, ...asked.state, synchronousStandbys: [] };
  }

  async #act(): Promise<void> {
    const stored = await this.#store.clusterData();
    if (stored === undefined || this.#dead) return;
    const { data } = stored;
    const { uid } = this.#options;
    const db = Object.values(data.dbs).find(({ spec }) => spec.keeperUID === uid);
    if (data.keepers[uid]?.status.bootUUID !== this.#bootUUID)
      return this.#stopPostgres('the sentinel does not know this process yet');
    if (db === undefined) return this.#stopPostgres('no db is assigned');
    if (db.uid !== this.database.dbUid || data.cluster.uid !== this.#clusterUid) await this.#build(data, db);
    if (this.#dead || db.uid !== this.database.dbUid) return;
    await this.database.start();
    await this.#follow(data, db);
    await this.database.configure(db.spec.pgParameters ?? {});
    this.#generation = db.generation;
  }

  async #build(data: ClusterData, db: Db): Promise<void> {
    const upstream = upstreamOf(data, db);
    const { initMode } = db.spec;
    if (initMode === 'none') throw new Error(`db ${db.uid} is in use, but its data are not here`);
    if (initMode === 'resync' && upstream === undefined) return;
    this.#generation = undefined;
    await this.database.build(db, upstream);
    this.#clusterUid = data.cluster.uid;
    this.#note({ kind: 'built', dbUid: db.uid, from: upstream === undefined ? 'nothing' : 'base backup' });
  }

  async #follow(data: ClusterData, db: Db): Promise<void> {
    const inRecovery = await this.database.inRecovery();
    if (db.spec.role === 'master') {
      if (!inRecovery) return;
      await this.database.promote();
      return this.#note({ kind: 'promoted', dbUid: db.uid });
    }
    if (!inRecovery) throw new Error(`db ${db.uid} is a master and shall follow: not in this model`);
    const to = upstreamOf(data, db);
    if (to === undefined) return;
    const primary_conninfo = `user=postgres host=${to.host} port=${to.port} application_name=stolon_${db.uid} sslmode=prefer`;
    const changed = await this.database.configure({ primary_conninfo });
    if (changed.length > 0 && this.#generation !== undefined) this.#note({ kind: 'repointed', dbUid: db.uid, to });
  }

  async #stopPostgres(why: string): Promise<void> {
    if (!this.database.running) return;
    await this.database.stop();
    this.#note({ kind: 'stopped', why });
  }

  #note(what: Happening): void {
    this.history.push({ ...what, at: performance.now() });
  }
}

/** What the db follows: another db, or a server outside; undefined: nothing, or nothing that has an address yet. */
function upstreamOf(data: ClusterData, db: Db): Upstream | undefined {
  const { followConfig } = db.spec;
  if (followConfig?.type === 'external') {
    const outside = followConfig.standbySettings?.primaryConninfo ?? '';
    const word = (name: string) => new RegExp(`(?:^|\\s)${name}=(\\S+)`).exec(outside)?.[1];
    return { host: word('host') ?? '127.0.0.1', port: Number(word('port') ?? 5432) };
  }
  const { listenAddress: host, port } = data.dbs[followConfig?.dbuid ?? '']?.status ?? {};
  return host === undefined || port === undefined ? undefined : { host, port: Number(port) };
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
