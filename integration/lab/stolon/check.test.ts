// The judgement of the sentinel's model, on a clock that is turned by hand: one check each 5 s, as Stolon's defaults have it.
import { describe, expect, it } from 'vitest';
import { type CheckResult, check } from './check.ts';
import { type ClusterData, newClusterData } from './cluster-data.ts';
import { goTime } from './go-json.ts';
import type { KeeperInfo, PostgresState, ProxyInfo } from './infos.ts';
import { Observations } from './observations.ts';

const INTERVAL_MS = 5_000;

/** Keepers that do at once what they are told, proxies that acknowledge at once; until a test says otherwise. */
class World {
  at = 0;
  cd: ClusterData = newClusterData('63b229f1', { initMode: 'new' }, goTime(new Date(0)));
  readonly dead = new Set<string>();
  readonly lsn = new Map<string, number>();
  proxies: { readonly uid: string; generation: number | 'current'; alive: boolean }[] = [];
  #observations = new Observations();
  #first = true;
  #serial = 0;
  readonly #last = new Map<string, string>();
  readonly keepers: readonly string[];

  constructor(keepers: readonly string[]) {
    this.keepers = keepers;
  }

  /** Another sentinel leads now. */
  change(): void {
    this.#observations = new Observations();
    this.#first = true;
  }

  check(): CheckResult['decisions'] {
    this.at += INTERVAL_MS;
    const result = check({
      before: this.cd,
      keepers: this.keepers.map((uid) => this.#keeperInfo(uid)),
      proxies: this.proxies.map((proxy): ProxyInfo => {
        const Generation = proxy.generation === 'current' ? (this.cd.proxy.generation ?? 0) : proxy.generation;
        return { infoUID: this.#infoUid(proxy.uid, proxy.alive), UID: proxy.uid, Generation, ProxyTimeout: 15e9 };
      }),
      observations: this.#observations,
      first: this.#first,
      now: { at: this.at, text: goTime(new Date(this.at)) },
      newUid: () => this.#uid('db'),
    });
    this.#first = false;
    this.cd = result.after;
    this.#observations.remember(this.cd, { at: this.at, text: '' });
    return result.decisions;
  }

  /** Checks until one decides that; gives how many it took. */
  checksUntil(kind: CheckResult['decisions'][number]['kind']): number {
    for (let checks = 1; checks < 50; checks += 1)
      if (this.check().some((decision) => decision.kind === kind)) return checks;
    throw new Error(`never ${kind}`);
  }

  settle(): this {
    for (let checks = 0; checks < 10; checks += 1) this.check();
    return this;
  }

  get master(): string {
    return this.cd.dbs[this.cd.cluster.status.master ?? '']?.spec.keeperUID ?? '';
  }

  #uid(kind: string): string {
    this.#serial += 1;
    return `${kind}${String(this.#serial).padStart(4, '0')}`;
  }

  #infoUid(of: string, alive: boolean): string {
    if (alive || !this.#last.has(of)) this.#last.set(of, this.#uid('info'));
    return this.#last.get(of) ?? '';
  }

  #keeperInfo(uid: string): KeeperInfo {
    const base: PostgresState = { listenAddress: '10.0.0.1', port: '5432', synchronousStandbys: null };
    const db = Object.values(this.cd.dbs).find(({ spec }) => spec.keeperUID === uid);
    const claims = { healthy: true, systemID: '1', timelineID: 1, xLogPos: this.lsn.get(uid) ?? 1_000 };
    const state = db === undefined ? base : { ...base, uid: db.uid, generation: db.generation, ...claims };
    return {
      infoUID: this.#infoUid(uid, !this.dead.has(uid)),
      uid,
      clusterUID: this.cd.cluster.uid,
      bootUUID: 'boot',
      postgresBinaryVersion: { Maj: 15, Min: 4 },
      postgresState: state,
    };
  }
}

const settled = (): World => {
  const world = new World(['k1', 'k2', 'k3']);
  world.proxies = [
    { uid: 'p1', generation: 'current', alive: true },
    { uid: 'p2', generation: 'current', alive: true },
  ];
  return world.settle();
};

describe("a sentinel's check", () => {
  it('only records when the sentinel has just begun to lead', () => {
    const world = settled();
    const before = world.cd;
    world.change();
    world.dead.add(world.master);
    expect(world.check()).toEqual([]);
    expect(world.cd).toEqual({ ...before, changeTime: world.cd.changeTime });
    // The timers start anew: failInterval (20 s) after the first check that missed the keeper, and not a check earlier.
    expect(world.checksUntil('cleared')).toBe(6);
  });

  it('takes the master away, waits for every active proxy, names the new one, and then removes the old db', () => {
    const world = settled();
    const { generation = 0 } = world.cd.proxy;
    const from = world.cd.cluster.status.master ?? '';
    for (const proxy of world.proxies) proxy.generation = generation;
    world.dead.add(world.master);
    world.checksUntil('cleared');
    const to = world.cd.cluster.status.master ?? '';
    expect(to).not.toBe(from);
    expect(world.cd.proxy).toMatchObject({ generation: generation + 1, spec: { enabledProxies: ['p1', 'p2'] } });
    expect(world.cd.proxy.spec.masterDbUid).toBeUndefined();
    expect([world.cd.dbs[from]?.spec.role, world.cd.dbs[to]?.spec.role]).toEqual(['master', 'master']);

    const [p1, p2] = world.proxies;
    expect(world.check()).toContainEqual({ kind: 'waiting_for', proxies: ['p1', 'p2'], generation: generation + 1 });
    if (p1 !== undefined) p1.generation = 'current';
    expect(world.check()).toContainEqual({ kind: 'waiting_for', proxies: ['p2'], generation: generation + 1 });
    if (p2 !== undefined) p2.generation = 'current';
    expect(world.check()).toContainEqual({
      ...{ kind: 'named', masterDbUid: to, generation: generation + 2, acknowledgedBy: ['p1', 'p2'] },
    });
    expect(world.cd.dbs[from]).toBeUndefined();
  });

  it('counts a proxy as gone when its record did not change for more than twice its timeout', () => {
    const world = settled();
    const { generation = 0 } = world.cd.proxy;
    const p2 = { uid: 'p2', generation, alive: false };
    world.dead.add(world.master);
    world.checksUntil('cleared');
    world.proxies = [{ uid: 'p1', generation: 'current', alive: true }, p2];
    // Last seen to change in the check before: 30 s later it is still active, 35 s later it is not.
    expect(world.checksUntil('named')).toBe(7);
    expect(world.check()).toContainEqual({ kind: 'enabled', proxies: ['p1'], generation: generation + 3 });
  });

  it('takes the least advanced of the standbys that are eligible', () => {
    const world = settled();
    const standbys = world.keepers.filter((uid) => uid !== world.master);
    const [near = '', far = ''] = standbys;
    world.lsn.set(world.master, 2_000_000);
    world.lsn.set(near, 1_999_000).set(far, 1_500_000);
    world.check();
    world.dead.add(world.master);
    world.checksUntil('cleared');
    expect(world.master).toBe(far);
  });

  it('passes over a standby that lags by more than maxStandbyLag', () => {
    const world = settled();
    const [near = '', far = ''] = world.keepers.filter((uid) => uid !== world.master);
    world.lsn.set(world.master, 2_000_000);
    world.lsn.set(near, 1_999_000).set(far, 2_000_000 - 1_232_897);
    world.check();
    world.dead.add(world.master);
    world.checksUntil('cleared');
    expect(world.master).toBe(near);
  });

  it('fails a keeper for one check when the operator asks for it', () => {
    const world = settled();
    const failed = world.master;
    const keeper = world.cd.keepers[failed];
    if (keeper !== undefined) keeper.status.forceFail = true;
    expect(world.check().map(({ kind }) => kind)).toContain('cleared');
    expect(world.cd.keepers[failed]?.status).toMatchObject({ healthy: false });
    expect(world.cd.keepers[failed]?.status.forceFail).toBeUndefined();
    world.check();
    expect(world.cd.keepers[failed]?.status.healthy).toBe(true);
  });

  it('leaves the master named when nobody can replace it', () => {
    const world = settled();
    for (const uid of world.keepers) world.dead.add(uid);
    world.checksUntil('no_candidate');
    expect(world.cd.proxy.spec.masterDbUid).toBe(world.cd.cluster.status.master);
  });

  it('refuses a document of another format, and a spec that Stolon refuses', () => {
    const world = settled();
    world.cd.formatVersion = 2;
    expect(() => world.check()).toThrow('unsupported clusterdata format version: 2');
    world.cd.formatVersion = 1;
    world.cd.cluster.spec.proxyCheckInterval = '15s';
    expect(() => world.check()).toThrow('proxyCheckInterval should be less than proxyTimeout');
  });
});
