// A model of stolon-sentinel v0.17.0 on real etcd: election, its own record, and one check after the other, `sleepInterval` after the end of
// the last. What it decides is in check.ts; here it reads, puts by compare-and-put, and keeps a history that tests can hold against others.
// Left out: synchronous replication, pg_rewind, existing clusters.
import { check } from './check.ts';
import { effectiveSpec } from './cluster-spec.ts';
import type { Decision } from './decision.ts';
import { goTime } from './go-json.ts';
import { newUid } from './infos.ts';
import { repeatedly } from './loop.ts';
import { Observations } from './observations.ts';
import { type Candidacy, openStore, type StolonStore, type StoreOptions } from './store.ts';

type Happening =
  | Decision
  | { readonly kind: 'leads' }
  | { readonly kind: 'lost_leadership' }
  /** Somebody else changed clusterdata meanwhile: nothing was put, nothing of this check counts. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'failed'; readonly error: string };

export type SentinelEvent = Happening & {
  readonly sentinel: string;
  /** Of `performance.now()`: when it was decided; the put was sent after that. */
  readonly decidedAt: number;
  /** Of `performance.now()`: when etcd had taken the put, or when it happened, without one. */
  readonly at: number;
  /** Of the put that carried it. */
  readonly revision: number | undefined;
};

export interface SentinelOptions extends StoreOptions {
  /** Default: 8 random hex digits. */
  readonly uid?: string;
  /** False: it checks only when `check` is called, as the only one that leads; for tests that step through a failover. Default true. */
  readonly automatic?: boolean;
  /** Awaited when every active proxy has acknowledged, right before the put that names a master. */
  readonly beforeNaming?: (naming: Extract<Decision, { kind: 'named' }>) => Promise<void>;
  /** Called in the moment in which an event enters the history. */
  readonly onEvent?: (event: SentinelEvent) => void;
}

export interface Sentinel {
  readonly uid: string;
  readonly history: readonly SentinelEvent[];
  readonly leads: () => boolean;
  /** One check, now; gives what it decided. Rejects when it failed. */
  readonly check: () => Promise<readonly SentinelEvent[]>;
  /** Dies: its candidacy and its record run out by their leases (20 s). */
  readonly kill: () => Promise<void>;
  /** Goes, and gives its leadership up at once. */
  readonly resign: () => Promise<void>;
}

export function startSentinel(options: SentinelOptions): Sentinel {
  const store = openStore(options);
  const sentinel = new Checks(store, options);
  const automatic = options.automatic ?? true;
  const loop = automatic ? repeatedly(() => sentinel.checkAndWait()) : undefined;
  let ended = false;
  const end = async (leave: (candidacy: Candidacy) => Promise<void> | void): Promise<void> => {
    if (ended) return;
    ended = true;
    sentinel.leading = false;
    await loop?.stop();
    if (sentinel.candidacy !== undefined) await Promise.resolve(leave(sentinel.candidacy)).catch(() => {});
    store.close();
  };
  return {
    uid: sentinel.uid,
    history: sentinel.history,
    leads: () => sentinel.leading,
    check: () => sentinel.check(),
    kill: () => end((candidacy) => candidacy.abandon()),
    resign: () => end((candidacy) => candidacy.resign()),
  };
}

class Checks {
  readonly uid: string;
  readonly history: SentinelEvent[] = [];
  candidacy: Candidacy | undefined;
  leading = false;
  readonly #observations = new Observations();
  readonly #store: StolonStore;
  readonly #options: SentinelOptions;
  #first = true;
  #sleepMs = 5_000;

  constructor(store: StolonStore, options: SentinelOptions) {
    this.uid = options.uid ?? newUid();
    this.#store = store;
    this.#options = options;
  }

  /** Gives how long to sleep. */
  async checkAndWait(): Promise<number> {
    await this.check().catch((error: unknown) => {
      this.#tell({ kind: 'failed', error: error instanceof Error ? error.message : String(error) });
    });
    return this.#sleepMs;
  }

  async check(): Promise<readonly SentinelEvent[]> {
    await this.#stand();
    const stored = await this.#store.clusterData();
    if (stored !== undefined) this.#sleepMs = effectiveSpec(stored.data.cluster.spec).sleepIntervalMs;
    await this.#store.putSentinelInfo(this.uid, this.#sleepMs);
    if (stored === undefined) return [];
    const [keepers, proxies] = [await this.#store.keepersInfo(), await this.#store.proxiesInfo()];
    if (!this.leading) return [];
    const decidedAt = performance.now();
    const { after, decisions } = check({
      before: stored.data,
      keepers,
      proxies,
      observations: this.#observations,
      first: this.#first,
      now: { at: decidedAt, text: goTime(new Date()) },
      newUid,
    });
    const naming = decisions.find((decision) => decision.kind === 'named');
    if (naming !== undefined) await this.#options.beforeNaming?.(naming);
    const revision = await this.#store.compareAndPut(after, stored);
    if (revision === undefined) return [this.#tell({ kind: 'overtaken' }, decidedAt)];
    this.#first = false;
    this.#observations.remember(after, { at: performance.now(), text: '' });
    return decisions.map((decision) => this.#tell(decision, decidedAt, Number(revision)));
  }

  /** Keeps a place in the election, and knows whether it is the first. */
  async #stand(): Promise<void> {
    this.candidacy ??= await this.#store.campaign(this.uid);
    const candidates = await this.#store.candidates();
    const leading = candidates[0]?.key === this.candidacy.key;
    // The lease was lost, for example while etcd had no quorum.
    if (!candidates.some(({ key }) => key === this.candidacy?.key)) this.candidacy = undefined;
    if (leading === this.leading) return;
    this.leading = leading;
    this.#first = true;
    this.#tell({ kind: leading ? 'leads' : 'lost_leadership' });
  }

  #tell(what: Happening, decidedAt = performance.now(), revision?: number): SentinelEvent {
    const event: SentinelEvent = { ...what, sentinel: this.uid, decidedAt, at: performance.now(), revision };
    this.history.push(event);
    this.#options.onEvent?.(event);
    return event;
  }
}
