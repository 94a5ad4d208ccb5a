// The PostgreSQL of one keeper: built anew for each db that the sentinel gives it, in a folder of that db's name, always on the same port.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Postgres, postgresBin, startPostgres } from '../postgres.ts';
import type { BinaryVersion, Db } from './cluster-data.ts';
import { askPostgres } from './pg-state.ts';

export interface Place {
  /** An existing folder that others may enter; this keeper's part of it is its own. */
  readonly folder: string;
  readonly keeper: string;
  readonly port: number;
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** What a standby follows. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

const hba = ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'];

export function binaryVersion(): BinaryVersion {
  const text = execFileSync(join(postgresBin(), 'postgres'), ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? [];
  return { Maj: Number(major), Min: Number(minor) };
}

export class KeeperDatabase {
  readonly #place: Place;
  readonly #folder: string;
  #postgres: Postgres | undefined;
  #dbUid: string | undefined;

  constructor(place: Place) {
    this.#place = place;
    this.#folder = join(place.folder, place.keeper);
    mkdirSync(this.#folder, { recursive: true, mode: 0o755 });
  }

  /** Of the db that its data belong to. */
  get dbUid(): string | undefined {
    return this.#dbUid;
  }

  get postgres(): Postgres | undefined {
    return this.#postgres;
  }

  get running(): boolean {
    return this.#postgres?.running() === true;
  }

  /** Throws what was there away; with an upstream it becomes a streaming standby of that. */
  async build(db: Db, upstream: Upstream | undefined): Promise<void> {
    await this.stop();
    const before = this.#dbUid;
    this.#dbUid = undefined;
    this.#postgres = undefined;
    for (const uid of [before, db.uid])
      if (uid !== undefined) rmSync(join(this.#folder, uid), { recursive: true, force: true });
    this.#postgres = await startPostgres({
      folder: this.#folder,
      name: db.uid,
      port: this.#place.port,
      hba,
      ...(this.#place.settings === undefined ? {} : { settings: this.#place.settings }),
      ...(upstream === undefined ? {} : { standbyOf: { socketFolder: upstream.host, port: upstream.port } }),
      start: false,
    });
    this.#dbUid = db.uid;
  }

  async start(): Promise<void> {
    if (!this.running) await this.#postgres?.start();
  }

  async stop(): Promise<void> {
    if (this.running) await this.#postgres?.stop('fast');
  }

  async kill(): Promise<void> {
    if (this.running) await this.#postgres?.kill9();
  }

  inRecovery(): Promise<boolean> {
    return this.#ask((postgres) => askPostgres(postgres).then(({ inRecovery }) => inRecovery));
  }

  /** Settles when it takes writes. */
  promote(): Promise<void> {
    return this.#ask((postgres) => postgres.promote());
  }

  /** Makes settings what they shall be; gives the names of those that were something else. Takes effect without a restart. */
  configure(wanted: Readonly<Record<string, string>>): Promise<readonly string[]> {
    return this.#ask(async (postgres) => {
      const rows = await postgres.sql('select name, setting from pg_settings');
      const is = new Map(rows.map((row) => [row['name'], row['setting']]));
      const changed = Object.keys(wanted).filter((name) => is.get(name) !== wanted[name]);
      for (const name of changed)
        await postgres.sql(`alter system set "${name}" = '${(wanted[name] ?? '').replaceAll("'", "''")}'`);
      if (changed.length > 0) await postgres.sql('select pg_reload_conf()');
      return changed;
    });
  }

  async #ask<T>(question: (postgres: Postgres) => Promise<T>): Promise<T> {
    if (this.#postgres === undefined) throw new Error(`keeper ${this.#place.keeper} has no PostgreSQL`);
    return question(this.#postgres);
  }
}
