// A model of stolon-proxy v0.17.0: it asks clusterdata each proxyCheckInterval, tells of itself, and forwards TCP to the master that is
// named while it is enabled. States: not listening -> no destination <-> forwarding. A destination that goes or changes ends every
// connection; so does the watchdog when no check succeeded for proxyTimeout. Left out: keepalive settings, metrics.
import { freePort } from '../process.ts';
import { effectiveSpec, specProblem } from './cluster-spec.ts';
import { type Destination, Forwarder } from './forwarder.ts';
import { newUid } from './infos.ts';
import { repeatedly } from './loop.ts';
import { openStore, type StolonStore, type StoreOptions } from './store.ts';

type Happening =
  | { readonly kind: 'forwards'; readonly host: string; readonly port: number }
  /** Connections that were ended by it. */
  | { readonly kind: 'closed'; readonly connections: number; readonly why: string }
  | { readonly kind: 'published'; readonly generation: number }
  | { readonly kind: 'watchdog' }
  | { readonly kind: 'failed'; readonly error: string };

export type StolonProxyEvent = Happening & {
  /** Of `performance.now()`. */
  readonly at: number;
};

export interface StolonProxyOptions extends StoreOptions {
  /** Default: 8 random hex digits, as stolon-proxy takes them at each start. */
  readonly uid?: string;
  readonly port?: number;
  /** False: the port stays open when the watchdog has struck. Default true. */
  readonly stopListening?: boolean;
  readonly onEvent?: (event: StolonProxyEvent) => void;
}

export interface StolonProxy {
  readonly uid: string;
  readonly port: number;
  readonly history: readonly StolonProxyEvent[];
  readonly listening: () => boolean;
  readonly destination: () => Destination | undefined;
  readonly openConnections: () => number;
  /** Dies: its connections end, its record runs out by its lease. A proxy that is stopped does the same. */
  readonly kill: () => Promise<void>;
}

export async function startStolonProxy(options: StolonProxyOptions): Promise<StolonProxy> {
  const store = openStore(options);
  const port = options.port ?? (await freePort());
  const proxy = new Checks(store, options, port);
  const loop = repeatedly(() => proxy.checkAndWait());
  return {
    uid: proxy.uid,
    port,
    history: proxy.history,
    listening: () => proxy.forwarder.listening(),
    destination: () => proxy.forwarder.destination,
    openConnections: () => proxy.forwarder.open(),
    kill: async () => {
      proxy.forwarder.close();
      proxy.dead = true;
      store.close();
      await loop.stop();
      clearTimeout(proxy.watchdog);
      proxy.forwarder.close();
    },
  };
}

class Checks {
  readonly uid: string;
  readonly history: StolonProxyEvent[] = [];
  readonly forwarder: Forwarder;
  watchdog: NodeJS.Timeout | undefined;
  dead = false;
  readonly #store: StolonStore;
  readonly #options: StolonProxyOptions;
  #checkIntervalMs = 5_000;
  #timeoutMs = 15_000;

  constructor(store: StolonStore, options: StolonProxyOptions, port: number) {
    this.uid = options.uid ?? newUid();
    this.#store = store;
    this.#options = options;
    this.forwarder = new Forwarder(port);
    this.#feed();
  }

  /** Gives how long to wait. */
  async checkAndWait(): Promise<number> {
    try {
      await this.#check();
      this.#feed();
    } catch (error) {
      this.#tell({ kind: 'failed', error: error instanceof Error ? error.message : String(error) });
    }
    return this.#checkIntervalMs;
  }

  /** Throws when the check failed in Stolon's sense: the watchdog is not fed then. */
  async #check(): Promise<void> {
    const stored = await this.#store.clusterData();
    if (this.dead) return;
    await this.forwarder.listen();
    if (stored === undefined) return this.#forward(undefined, 'no clusterdata');
    const { data } = stored;
    const problem =
      data.formatVersion === 1 ? specProblem(data.cluster.spec) : `format version ${String(data.formatVersion)}`;
    if (problem !== undefined) {
      this.#forward(undefined, problem);
      throw new Error(problem);
    }
    const spec = effectiveSpec(data.cluster.spec);
    // While it is lowered, the sentinel may still count with the greater one.
    const timeoutMs = Math.max(this.#timeoutMs, spec.proxyTimeoutMs);
    const publish = async (generation: number) => {
      const ProxyTimeout = Math.round(timeoutMs * 1e6);
      await this.#store.putProxyInfo({ infoUID: newUid(), UID: this.uid, Generation: generation, ProxyTimeout });
      this.#tell({ kind: 'published', generation });
      this.#checkIntervalMs = spec.proxyCheckIntervalMs;
      this.#timeoutMs = spec.proxyTimeoutMs;
    };
    const { generation = 0, spec: told } = data.proxy;
    const db = data.dbs[told.masterDbUid ?? ''];
    if (db === undefined) {
      this.#forward(undefined, 'no master is named');
      // An error of this write is told and otherwise ignored.
      return publish(generation).catch((error: unknown) => this.#tell({ kind: 'failed', error: String(error) }));
    }
    const { listenAddress: host, port } = db.status;
    if (host === undefined || port === undefined) return this.#forward(undefined, 'the master has no address');
    await publish(generation);
    if (told.enabledProxies?.includes(this.uid) === true) this.#forward({ host, port: Number(port) }, 'another master');
    else this.#forward(undefined, 'not enabled');
  }

  #forward(to: Destination | undefined, why: string): void {
    if (this.dead) return;
    const is = this.forwarder.destination;
    if (is?.host === to?.host && is?.port === to?.port) return;
    const connections = this.forwarder.direct(to);
    if (is !== undefined) this.#tell({ kind: 'closed', connections, why });
    if (to !== undefined) this.#tell({ kind: 'forwards', ...to });
  }

  #feed(): void {
    clearTimeout(this.watchdog);
    if (this.dead) return;
    this.watchdog = setTimeout(() => {
      this.#tell({ kind: 'watchdog' });
      this.#forward(undefined, 'no check succeeded for proxyTimeout');
      if (this.#options.stopListening ?? true) this.forwarder.close();
    }, this.#timeoutMs);
  }

  #tell(what: Happening): void {
    const event: StolonProxyEvent = { ...what, at: performance.now() };
    this.history.push(event);
    this.#options.onEvent?.(event);
  }
}
