// The running router: one etcd client, one controller per cluster, one target per HAProxy. It ties them together and answers questions
// from memory. Everything that judges is elsewhere (decide, plan).
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { PgroutedConfig } from '../config/config.ts';
import { EtcdClient } from '../etcd/client.ts';
import type { Desired, DesiredBackend } from '../haproxy/desired.ts';
import type { Opening } from '../haproxy/gate.ts';
import type { TargetReport, TargetStatus } from '../haproxy/report.ts';
import { Target } from '../haproxy/target.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Reason } from '../model/reason.ts';
import { isStored, type TargetSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import { sourcePrefix } from '../source/source.ts';
import type { ClusterStatus, EventsDocument, JournalEntry, StatusDocument } from '../status/schema.ts';
import type { Registration } from '../stolon/registration.ts';
import type { AvailabilityAnswer, CheckAnswer, CheckQuestion, Freshness, MembersAnswer, RouterApi } from './api.ts';
import { Availability } from './availability.ts';
import { alarmChanges } from './changes.ts';
import { checkOf } from './check.ts';
import { ClusterController } from './cluster-controller.ts';
import { groupsOf } from './groups.ts';
import { Journal, type NewEntry } from './journal.ts';
import type { KnownCluster } from './known-cluster.ts';
import { firstHold } from './proxy-part.ts';
import { entriesOf } from './reports.ts';
import { clusterStatus, etcdDocument, memberStatuses, targetDocument } from './status.ts';
import { registrationOutlives } from './succession.ts';
import { SwitchTimes } from './switch-times.ts';

export interface RouterOptions {
  readonly config: PgroutedConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Makes the uid of a Stolon proxy, 8 hex digits. Random unless given. */
  readonly newUid?: (() => string) | undefined;
}

export interface RunningRouter extends RouterApi {
  /**
   * Stops watching and deciding. HAProxy keeps what it holds: traffic on correct servers is not touched. Only where this router is a registered Stolon
   * proxy (and not told to leave things as they are) its write services are closed first, since nobody would let go of an old master any more.
   */
  stop(): Promise<void>;
  /** Takes a new configuration. Targets that stay the same stay connected; everything decided is decided anew from a fresh list. */
  reconfigure(config: PgroutedConfig): Promise<void>;
}

export function startRouter(options: RouterOptions): RunningRouter {
  const router = new Router(options);
  router.start();
  return router;
}

/** What stood at the instant of a report; the journal puts it into words later. */
interface Seen {
  readonly now: Millis;
  readonly problems: readonly Reason[];
  readonly writers: ReadonlyMap<string, string>;
}

class Router implements RunningRouter {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #version: string;
  readonly #newUid: () => string;
  readonly #journal: Journal;
  readonly #startedAt: Millis;
  readonly #startedWall: Date;
  readonly #targets = new Map<string, { readonly target: Target; readonly spec: TargetSpec }>();
  readonly #switches = new SwitchTimes();
  readonly #problems = new Map<string, readonly Reason[]>();
  readonly #availability: Availability;
  #config: PgroutedConfig;
  #client: EtcdClient;
  #controllers: readonly ClusterController[] = [];
  #serial = 0;

  constructor({ config, clock, log, version, newUid }: RouterOptions) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#version = version;
    this.#newUid = newUid ?? (() => randomBytes(4).toString('hex'));
    this.#startedAt = clock.now();
    this.#startedWall = clock.wall();
    this.#availability = new Availability({ clock, log, ask: (...question) => this.#query(...question) });
    this.#journal = new Journal(clock, config.journal.memoryEntries);
    this.#client = this.#newClient();
  }

  start(): void {
    this.#journal.add({ kind: 'started', text: `pgrouted ${this.#version} started` });
    this.#startTargets();
    this.#startControllers();
  }

  async stop(): Promise<void> {
    const releasing = this.#controllers.filter(({ proxy }) => proxy.releases).map(({ spec }) => spec.name);
    const what =
      releasing.length === 0 ? '' : `, but for the write services of ${releasing.join(', ')}: they are closed`;
    this.#journal.add({ kind: 'stopping', text: `pgrouted stops; HAProxy keeps what it holds${what}` });
    await Promise.all(this.#controllers.map((controller) => controller.release()));
    await Promise.all([
      ...this.#controllers.map((controller) => controller.stop()),
      ...[...this.#targets.values()].map(({ target }) => target.close()),
    ]);
    await this.#client.close();
    this.#journal.flush();
  }

  async reconfigure(config: PgroutedConfig): Promise<void> {
    const old = { controllers: this.#controllers, client: this.#client };
    // A registration as a Stolon proxy outlives the reload, unless something that it speaks for is gone: that has to let go first.
    const kept = new Map<string, Registration>();
    for (const controller of old.controllers) {
      const { prefix } = controller;
      const { registration } = controller.proxy;
      if (registration === undefined) continue;
      if (registrationOutlives(controller.spec, this.#config, config)) kept.set(prefix, registration);
      else await controller.release('always');
    }
    this.#config = config;
    this.#client = this.#newClient();
    await Promise.all(old.controllers.map((controller) => controller.stop()));
    await old.client.close();
    const wanted = new Map(config.haproxy.map((spec) => [JSON.stringify(spec), spec]));
    for (const [key, { target, spec }] of this.#targets) {
      if (wanted.has(key)) continue;
      this.#targets.delete(key);
      this.#problems.delete(spec.name);
      await target.close();
    }
    this.#startTargets();
    this.#startControllers(kept);
    this.#journal.add({ kind: 'config', text: 'the configuration was read again and taken' });
  }

  status(): StatusDocument {
    const now = this.#clock.now();
    const targets = this.#targetStatuses();
    const clusters = this.#clusterDocuments(targets, now);
    return {
      schema: 1,
      router: {
        version: this.#version,
        host: hostname(),
        pid: process.pid,
        startedAt: this.#startedWall.toISOString(),
        uptimeMs: Math.round(now - this.#startedAt),
      },
      at: this.#clock.wall().toISOString(),
      ready: this.#readyBy(clusters),
      clusters,
      etcd: etcdDocument(
        this.#controllers.map((controller) => controller.mirror.status()),
        now,
      ),
      targets: targets.map((target) => targetDocument(target, now)),
    };
  }

  events(afterSeq: number, limit: number): EventsDocument {
    return this.#journal.since(afterSeq, limit);
  }

  onEvent(listener: (entry: JournalEntry) => void): () => void {
    return this.#journal.onEntry(listener);
  }

  ready(): boolean {
    return this.#readyBy(this.#clusterDocuments(this.#targetStatuses(), this.#clock.now()));
  }

  members(): MembersAnswer {
    const now = this.#clock.now();
    return {
      members: this.#views().flatMap(({ spec, view }) =>
        [...memberStatuses(spec, view, now)].map(([member, status]) => ({
          cluster: spec.name,
          member,
          status,
          groups: groupsOf(this.#config.groups, spec.name, member),
        })),
      ),
      source: [...new Set(this.#controllers.map(({ spec }) => spec.source.kind))].sort().join(', '),
    };
  }

  freshness(): Freshness {
    const oldest = this.#views().reduce<ClusterView | undefined>(
      (a, { view }) => (a === undefined || view.confirmedAt < a.confirmedAt ? view : a),
      undefined,
    );
    if (oldest === undefined) return { revision: undefined, ageMs: undefined };
    return {
      revision: String(oldest.revision),
      ageMs: Math.max(0, Math.round(this.#clock.now() - oldest.confirmedAt)),
    };
  }

  check(question: CheckQuestion): CheckAnswer | undefined {
    return checkOf(question, this.#views(), this.#clock.now(), this.#config.http.maxAgeMs);
  }

  async availability(member: string, limitS: number): Promise<AvailabilityAnswer> {
    if (!this.#config.http.availability) return { kind: 'not_allowed' };
    return this.#availability.of(member, limitS, this.#views());
  }

  #query(cluster: string, member: string, text: string): Promise<QueryAnswer> {
    const controller = this.#controllers.find(({ spec }) => spec.name === cluster);
    return (
      controller?.query(member, text) ?? Promise.resolve({ ok: false, error: 'there is no such cluster any more' })
    );
  }

  /** The clusters that something is known of. */
  #views(): readonly KnownCluster[] {
    return this.#controllers.flatMap((controller) => {
      const view = controller.view();
      return view === undefined ? [] : [{ spec: controller.spec, view }];
    });
  }

  #clusterDocuments(targets: readonly TargetStatus[], now: Millis): ClusterStatus[] {
    return this.#controllers.map((controller) =>
      clusterStatus(
        {
          spec: controller.spec,
          prefix: controller.prefix,
          view: controller.view(),
          decision: controller.decision(),
        },
        targets,
        now,
      ),
    );
  }

  /** Every configured write service routes; a cluster that has not been read yet has none that does. */
  #readyBy(clusters: readonly ClusterStatus[]): boolean {
    const writes = this.#controllers.flatMap(({ spec }) => {
      const services = clusters.find(({ name }) => name === spec.name)?.services ?? [];
      return spec.services
        .filter(({ role }) => role === 'primary')
        .map((service) => services.find(({ name }) => name === service.name)?.routing === true);
    });
    return writes.length > 0 && writes.every(Boolean);
  }

  #newClient(): EtcdClient {
    const nobody = {
      endpoints: [],
      ca: undefined,
      cert: undefined,
      key: undefined,
      user: undefined,
      password: undefined,
    };
    return new EtcdClient({ spec: this.#config.etcd ?? nobody, clock: this.#clock, log: this.#log });
  }

  #targetStatuses(): readonly TargetStatus[] {
    return [...this.#targets.values()].map(({ target }) => target.status());
  }

  #startTargets(): void {
    for (const spec of this.#config.haproxy) {
      const key = JSON.stringify(spec);
      if (this.#targets.has(key)) continue;
      const target = new Target({
        spec,
        clock: this.#clock,
        log: this.#log,
        authorize: (_serial, opens) => this.#authorize(opens),
        onReport: (report) => {
          const seen = { now: this.#clock.now(), problems: target.status().problems, writers: this.#writers() };
          this.#journal.later(() => this.#onReport(spec.name, report, seen));
        },
        onTurn: () => {
          for (const controller of this.#controllers) controller.turned();
        },
      });
      this.#targets.set(key, { target, spec });
      target.start();
      target.feedWatchdog(this.#watchdogDeadlines());
    }
  }

  #watchdogDeadlines(): ReadonlyMap<string, Millis> {
    return new Map(this.#controllers.flatMap((controller) => [...controller.proxy.watchdogDeadlines()]));
  }

  #feedWatchdogs(): void {
    const deadlines = this.#watchdogDeadlines();
    for (const { target } of this.#targets.values()) target.feedWatchdog(deadlines);
  }

  #startControllers(kept: ReadonlyMap<string, Registration> = new Map()): void {
    this.#controllers = this.#config.clusters.filter(isStored).map(
      (spec) =>
        new ClusterController({
          spec,
          client: this.#client,
          clock: this.#clock,
          log: this.#log,
          journal: this.#journal,
          publish: () => this.#publish(),
          holds: (backends) => firstHold([...this.#targets.values()].map(({ target }) => target.letGo(backends))),
          onAlive: () => this.#feedWatchdogs(),
          registration: kept.get(sourcePrefix(spec.source)),
          newUid: this.#newUid,
          onPass: (view, decision, now) =>
            this.#switches.passed(
              [...this.#targets.values()].map(({ spec: { name } }) => name),
              view,
              decision,
              now,
            ),
        }),
    );
    for (const controller of this.#controllers) controller.start();
  }

  #publish(): void {
    const backends: DesiredBackend[] = this.#controllers.flatMap((controller) => controller.desired());
    this.#serial += 1;
    const desired: Desired = { serial: this.#serial, backends };
    for (const { target } of this.#targets.values()) target.submit(desired);
    this.#feedWatchdogs();
  }

  #authorize(opens: readonly Opening[]): boolean | Promise<boolean> {
    const answers = opens.map((open) => this.#controllerOf(open.backend)?.authorize(open, open.restores) ?? false);
    if (answers.every((answer) => answer === true)) return true;
    return Promise.all(answers).then((all) => all.every(Boolean));
  }

  #controllerOf(backend: string): ClusterController | undefined {
    return this.#controllers.find(({ spec }) => spec.services.some((service) => service.backend === backend));
  }

  /** Who is decided ready in each write service, by backend. */
  #writers(): ReadonlyMap<string, string> {
    const services = this.#controllers.flatMap((controller) => controller.decision()?.services ?? []);
    return new Map(
      services.flatMap(({ role, backend, verdicts }) => {
        const writer = role === 'primary' ? verdicts.find(({ state }) => state === 'ready') : undefined;
        return writer === undefined ? [] : [[backend, writer.member] as const];
      }),
    );
  }

  #onReport(target: string, report: TargetReport, { now, problems, writers }: Seen): readonly NewEntry[] {
    const services = this.#controllers.flatMap(({ spec }) =>
      spec.services.map(({ name, backend }) => ({ cluster: spec.name, service: name, backend })),
    );
    const before = this.#problems.get(target) ?? [];
    this.#problems.set(target, problems);
    return [
      ...entriesOf(target, report, services),
      ...this.#switches.reported(
        target,
        report,
        this.#controllers.map(({ spec }) => spec),
        writers,
        now,
      ),
      ...alarmChanges(undefined, before, problems, target),
    ];
  }
}
