// This router among the others: the overrides that all of them obey, and who is there. Ties the link to etcd, the overrides that count and what this router says
// of itself together. Without etcd, or without rights on the prefix, overrides are local and nothing else suffers.
//
//   unknown ──read, or not within a second──▶ known (for good: overrides that were read count until they end, whatever becomes of etcd)
import { hostname } from 'node:os';
import type { PgroutedConfig } from '../config/config.ts';
import type { EtcdClient } from '../etcd/client.ts';
import { momentOf } from '../fleet/override-record.ts';
import type { RouterSelf } from '../fleet/router-record.ts';
import type { TargetReport } from '../haproxy/report.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type Override, overrideWords } from '../model/override.ts';
import type { Reason } from '../model/reason.ts';
import type { Millis } from '../model/units.ts';
import type { FleetDocument, JournalEntry, OverrideDocument } from '../status/schema.ts';
import type { OverrideAnswer, OverrideRequest } from './api.ts';
import { alarmChanges } from './changes.ts';
import { fleetClusters, overrideDocument } from './fleet-document.ts';
import { FleetFacts, type ToldCluster, type ToldTarget } from './fleet-facts.ts';
import { FleetLink, type Refusal } from './fleet-link.ts';
import { concernsOthers, fleetAlarms, fleetProblem, isShared, nameOf, unreadableReasons } from './fleet-words.ts';
import { type Journal, reasonDocument } from './journal.ts';
import { checkName, checkRequest, unknownOverride } from './override-request.ts';
import { Overrides } from './overrides.ts';
import { same } from './succession.ts';

export interface FleetOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly version: string;
  readonly startedAt: Date;
  /** 8 random hex digits. */
  readonly newId: () => string;
  readonly clusters: () => readonly ToldCluster[];
  readonly targets: () => readonly ToldTarget[];
  /** Other overrides than before stand for this cluster; undefined: they are known now, for all. */
  readonly onOverrides: (cluster: string | undefined) => void;
}

/** A router that starts waits so long for the overrides before it decides without them. */
const KNOWN_WITHIN_MS = 1_000;

export class Fleet {
  readonly #o: FleetOptions;
  readonly #self: RouterSelf;
  readonly #overrides: Overrides;
  readonly #facts = new FleetFacts();
  #config: Pick<PgroutedConfig, 'fleet' | 'etcd'> | undefined;
  #link: FleetLink | undefined;
  #known = false;
  #told: { readonly how: string; readonly alarms: readonly Reason[] } = { how: '', alarms: [] };
  #stopListening: () => void = () => {};

  constructor(o: FleetOptions) {
    this.#o = o;
    this.#self = {
      instance: o.newId(),
      pgrouted: o.version,
      host: hostname(),
      since: o.startedAt.toISOString(),
    };
    this.#overrides = new Overrides({ ...o, onChange: (cluster) => this.#changed(cluster) });
  }

  start(config: PgroutedConfig, client: EtcdClient | undefined): void {
    this.#stopListening = this.#o.journal.onEntry((entry) => this.#heard(entry));
    this.#connect(config, client);
  }

  /** Goes on as it is where neither etcd nor the fleet's own part has changed. To be called before an old client is closed. */
  async reconfigure(config: PgroutedConfig, client: EtcdClient | undefined): Promise<void> {
    const before = this.#config;
    if (same(before?.fleet, config.fleet) && same(before?.etcd, config.etcd)) {
      this.#facts.keepOnly(new Set(this.#clusterNames()));
      this.#link?.announcer.look();
      return;
    }
    const old = this.#link;
    this.#link = undefined;
    await old?.stop(true);
    // What the old place said counts until the new one has been read; without a new one it is over.
    if (old !== undefined && !isShared(config))
      this.#overrides.shared(old.book, old.book.replace([], momentOf(this.#o.clock)));
    this.#connect(config, client);
  }

  /** Before the client is closed. */
  async stop(): Promise<void> {
    this.#stopListening();
    await this.#link?.stop(true);
    this.#overrides.stop();
  }

  /** Those that stand for this cluster now: the very same list until they are others. Undefined: not known yet, for a second after a start at most. */
  overridesOf(cluster: string): readonly Override[] | undefined {
    return this.#known ? this.#overrides.of(cluster) : undefined;
  }

  /** HAProxy was read back: it may hold what others wait for. */
  reported(report: TargetReport): void {
    if (report.kind === 'converged') this.#link?.announcer.look(this.#facts.behind);
    else if (['unreachable', 'hung', 'back'].includes(report.kind)) this.#link?.announcer.look();
  }

  /** Clusters have come or gone. */
  clustersChanged(): void {
    this.#facts.keepOnly(new Set(this.#clusterNames()));
    this.#link?.announcer.look();
  }

  overrideDocuments(now: Millis): readonly OverrideDocument[] {
    return this.#overrides.all().map((one) => overrideDocument(one, now));
  }

  document(): FleetDocument {
    const { fleet } = this.#config ?? { fleet: undefined };
    const link = this.#link;
    const name = link?.announcer.name ?? nameOf(fleet?.name);
    return {
      enabled: link !== undefined,
      prefix: fleet?.prefix ?? '',
      name,
      shared: link?.isRead === true,
      registered: link?.announcer.registered === true,
      problem: fleetProblem(link) ?? null,
      alarms: [...this.#alarms(), ...unreadableReasons(link?.book.unreadableRouters() ?? [])].map(reasonDocument),
      clusters: link === undefined ? [] : fleetClusters(link.book, this.#o.clusters(), name),
    };
  }

  async set(request: OverrideRequest): Promise<OverrideAnswer> {
    const { clock, clusters, newId } = this.#o;
    const checked = checkRequest(request, clusters(), momentOf(clock));
    if (!checked.ok) return checked.refusal;
    const { cluster } = checked;
    const override: Override = { ...checked.override, id: newId(), scope: 'fleet', revision: undefined };
    const why = await this.#share((link) => link.put(cluster, override));
    const kept: Override = why === undefined ? override : { ...override, scope: 'local' };
    if (why !== undefined) this.#overrides.addLocal(cluster, kept, why);
    return { kind: 'done', override: overrideDocument({ cluster, override: kept }, clock.now()), why };
  }

  async lift(cluster: string, id: string, by: string): Promise<OverrideAnswer> {
    const { clock } = this.#o;
    const refusal = checkName('by', by);
    if (refusal !== undefined) return refusal;
    const override = this.#overrides.find(cluster, id);
    if (override === undefined) return unknownOverride(cluster, id, this.#overrides.all());
    const answer = {
      kind: 'done' as const,
      override: overrideDocument({ cluster, override }, clock.now()),
      why: undefined,
    };
    if (override.scope === 'local' && this.#overrides.liftLocal(cluster, id, by)) return answer;
    const known = this.#link?.book.override(cluster, id);
    // From a place that is no longer configured, while the new one can't be read.
    if (known === undefined && this.#overrides.forget(cluster, id, by)) return answer;
    const why = known === undefined ? 'it is not in etcd' : await this.#share((link) => link.lift(cluster, known, by));
    if (why === undefined) return answer;
    return {
      kind: 'refused',
      as: 'unavailable',
      error: `${overrideWords(override)} stands in etcd and could not be lifted there: ${why}`,
      remedy: 'try again when etcd answers, or by a router whose user may write below the prefix (docs/etcd-rights.md)',
    };
  }

  async #share(write: (link: FleetLink) => Promise<Refusal>): Promise<Refusal> {
    if (this.#link !== undefined) return write(this.#link);
    if (this.#config?.etcd === undefined) return 'no etcd is configured';
    return 'the fleet is not enabled (fleet.enabled)';
  }

  #connect(config: PgroutedConfig, client: EtcdClient | undefined): void {
    this.#config = config;
    if (!isShared(config) || client === undefined) {
      this.#settle();
      return;
    }
    const { clock, log, targets, clusters } = this.#o;
    const link = new FleetLink({
      client,
      spec: config.fleet,
      name: nameOf(config.fleet.name),
      clock,
      log,
      self: this.#self,
      clusters: () => this.#clusterNames(),
      facts: () => {
        const byName = new Map(clusters().map((cluster) => [cluster.spec.name, cluster]));
        const now = targets();
        return (name) => {
          const cluster = byName.get(name);
          return cluster === undefined ? undefined : this.#facts.factsOf(cluster, now);
        };
      },
      busy: () => targets().some(({ state, converged }) => state === 'reachable' && !converged),
      onOverrides: (book, changes) => {
        if (this.#link === link) this.#overrides.shared(book, changes);
      },
      onChange: () => {
        if (this.#link === link) this.#tell();
      },
    });
    this.#link = link;
    const timer = clock.after(KNOWN_WITHIN_MS, () => this.#settle());
    void link.start().then(() => {
      timer.cancel();
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#known) return;
    this.#known = true;
    this.#o.onOverrides(undefined);
  }

  #changed(cluster: string): void {
    if (this.#known) this.#o.onOverrides(cluster);
  }

  #clusterNames(): readonly string[] {
    return this.#o.clusters().map(({ spec }) => spec.name);
  }

  #heard(entry: JournalEntry): void {
    if (entry.cluster !== undefined && concernsOthers(entry)) this.#link?.announcer.look([entry.cluster]);
  }

  #alarms(): readonly Reason[] {
    return fleetAlarms(this.#link, nameOf(this.#config?.fleet.name));
  }

  /** What is other than when it was told last. */
  #tell(): void {
    const { journal } = this.#o;
    const link = this.#link;
    const problem = fleetProblem(link);
    const text =
      problem === undefined
        ? `registered as ${link?.announcer.name ?? ''}; overrides are shared below ${this.#config?.fleet.prefix ?? ''}`
        : `not shared with other routers: ${problem}`;
    const alarms = this.#alarms();
    const isSettled = problem !== undefined || link?.announcer.registered === true;
    // etcd words one and the same outage in many ways.
    const how = problem === undefined ? text : `${link?.isRead} ${problem.includes('permission denied')}`;
    if (isSettled && how !== this.#told.how) journal.add({ kind: 'fleet', text });
    for (const entry of alarmChanges(undefined, this.#told.alarms, alarms)) journal.add(entry);
    this.#told = { how: isSettled ? how : this.#told.how, alarms };
  }
}
