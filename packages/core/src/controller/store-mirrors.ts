// The mirrors of etcd that clusters are read by: one for each cluster, or one for a whole namespace where many clusters are below it. Decides nothing about
// clusters; it only opens and closes mirrors.
import type { EtcdClient } from '../etcd/client.ts';
import { EtcdMirror } from '../etcd/mirror.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type ClusterSpec, type DiscoverySpec, isStored } from '../model/spec.ts';
import { sourcePrefix } from '../source/source.ts';
import type { PrefixRecords } from './prefix-records.ts';
import { SharedMirror } from './shared-mirror.ts';

/** So many clusters that are named below one namespace are read together, if the rights in etcd allow it. */
export const SHARED_FROM = 8;

export interface StoreMirrorsOptions {
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly log: Log;
  /** The rights do not cover a namespace that was to be read as a whole, and nothing was read from it yet. */
  readonly onForbidden: (prefix: string) => void;
}

export class StoreMirrors {
  readonly #o: StoreMirrorsOptions;
  readonly #shared = new Map<string, SharedMirror>();
  readonly #forbidden = new Set<string>();
  #together: ReadonlySet<string> = new Set();

  constructor(o: StoreMirrorsOptions) {
    this.#o = o;
  }

  /** Which namespaces are read as a whole from now on. */
  configure(clusters: readonly ClusterSpec[], discovery: readonly DiscoverySpec[]): void {
    const counts = new Map<string, number>();
    for (const cluster of clusters) {
      if (!isStored(cluster) || cluster.source.kind !== 'patroni') continue;
      const parent = parentOf(sourcePrefix(cluster.source));
      counts.set(parent, (counts.get(parent) ?? 0) + 1);
    }
    const many = [...counts].flatMap(([prefix, count]) =>
      count >= SHARED_FROM && !this.#forbidden.has(prefix) ? [prefix] : [],
    );
    const discovered = discovery.map(({ namespace }) => prefixOf(namespace));
    this.#together = new Set([...many, ...discovered]);
  }

  /** Closes what is not read as a whole any more: its clusters have ended. */
  async tidy(): Promise<void> {
    for (const [prefix, mirror] of [...this.#shared]) {
      if (this.#together.has(prefix)) continue;
      this.#shared.delete(prefix);
      await mirror.close();
    }
  }

  /** For one cluster: its part of what is read together, or a mirror of its own. */
  records(prefix: string): PrefixRecords {
    const parent = parentOf(prefix);
    if (this.#together.has(parent)) return this.namespace(parent).part(prefix.slice(parent.length, -1));
    const { client, clock, log } = this.#o;
    return new EtcdMirror({ client, prefix, clock, log });
  }

  /** The mirror of a namespace as a whole. */
  namespace(prefix: string): SharedMirror {
    const { client, clock, log, onForbidden } = this.#o;
    const known = this.#shared.get(prefix);
    if (known !== undefined) return known;
    const mirror = new SharedMirror({
      client,
      prefix,
      clock,
      log,
      onForbidden: () => {
        this.#forbidden.add(prefix);
        onForbidden(prefix);
      },
    });
    this.#shared.set(prefix, mirror);
    return mirror;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#shared.values()].map((mirror) => mirror.close()));
    this.#shared.clear();
  }
}

/** `/service/demo/` is below `/service/`. */
const parentOf = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1);

/** `/service` is read below `/service/`. */
export const prefixOf = (namespace: string): string => `/${namespace}/`.replace(/\/{2,}/g, '/');
