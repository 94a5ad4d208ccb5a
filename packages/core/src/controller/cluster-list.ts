// Which clusters there are: those that the configuration lists, and those that are found below the namespaces that it names; and where their records are read.
// Starting and ending them is the router's.
import type { PgroutedConfig } from '../config/config.ts';
import type { EtcdClient } from '../etcd/client.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Reason } from '../model/reason.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { alarmChanges } from './changes.ts';
import { Discovery, withFound } from './discovery.ts';
import type { Journal } from './journal.ts';
import type { PrefixRecords } from './prefix-records.ts';
import { prefixOf, StoreMirrors } from './store-mirrors.ts';
import { same } from './succession.ts';

export interface ClusterListOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  /** Other clusters than before. */
  readonly onChange: () => void;
  /** The records of these clusters have to be read in another way than before: they have to begin anew. */
  readonly onForbidden: (prefix: string) => void;
}

type Configured = Pick<PgroutedConfig, 'clusters' | 'discovery'>;

export class ClusterList {
  readonly #o: ClusterListOptions;
  #config: Configured = { clusters: [], discovery: [] };
  #client: EtcdClient | undefined;
  #mirrors: StoreMirrors | undefined;
  #discoveries: readonly Discovery[] = [];
  #refused: readonly Reason[] = [];

  constructor(o: ClusterListOptions) {
    this.#o = o;
  }

  /** Gives how to close what is not read any more, to be called when the clusters that read it have ended. */
  configure(config: Configured, client: EtcdClient | undefined): () => Promise<void> {
    const before = this.#mirrors;
    const anew = client !== this.#client || !same(config.discovery, this.#config.discovery);
    this.#config = config;
    if (client !== this.#client) this.#mirrors = client === undefined ? undefined : this.#newMirrors(client);
    this.#client = client;
    this.#mirrors?.configure(config.clusters, config.discovery);
    if (anew) this.#discover();
    return async () => {
      if (before !== this.#mirrors) await before?.close();
      await this.#mirrors?.tidy();
    };
  }

  /** `running`: the names of those that run. Of two that were found and want the same backend the one that runs has it. */
  specs(running: ReadonlySet<string>): readonly ClusterSpec[] {
    const found = this.#discoveries.map((discovery) => discovery.found);
    const { clusters, refused } = withFound(this.#config.clusters, found, running);
    const before = this.#refused;
    this.#refused = refused;
    this.#o.journal.later(() => alarmChanges(undefined, before, refused));
    return clusters;
  }

  /** What was found and is not driven, and why. */
  get refused(): readonly Reason[] {
    return this.#refused;
  }

  /** Undefined: there is no etcd. */
  get records(): ((prefix: string) => PrefixRecords) | undefined {
    const mirrors = this.#mirrors;
    return mirrors === undefined ? undefined : (prefix) => mirrors.records(prefix);
  }

  async close(): Promise<void> {
    for (const discovery of this.#discoveries) discovery.stop();
    await this.#mirrors?.close();
  }

  #newMirrors(client: EtcdClient): StoreMirrors {
    const { clock, log, onForbidden } = this.#o;
    return new StoreMirrors({
      client,
      clock,
      log,
      onForbidden: (prefix) => {
        this.#mirrors?.configure(this.#config.clusters, this.#config.discovery);
        onForbidden(prefix);
      },
    });
  }

  #discover(): void {
    for (const discovery of this.#discoveries) discovery.stop();
    const mirrors = this.#mirrors;
    this.#discoveries =
      mirrors === undefined
        ? []
        : this.#config.discovery.map((spec) => {
            const mirror = mirrors.namespace(prefixOf(spec.namespace));
            return new Discovery({ spec, mirror, clock: this.#o.clock, onChange: () => this.#o.onChange() });
          });
    for (const discovery of this.#discoveries) discovery.start();
  }
}
