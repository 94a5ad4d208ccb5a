// The running router: one etcd client where there is an etcd, one controller per cluster, one target per HAProxy. It ties them together. Everything that
// judges is elsewhere (decide, plan), and so are the answers to those who ask (answers.ts).
import { randomBytes } from 'node:crypto';
import type { PgroutedConfig } from '../config/config.ts';
import { EtcdClient } from '../etcd/client.ts';
import type { DesiredBackend } from '../haproxy/desired.ts';
import type { Opening } from '../haproxy/gate.ts';
import type { TargetReport } from '../haproxy/report.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type Late, lateness } from '../model/progress.ts';
import type { Reason } from '../model/reason.ts';
import { type ClusterSpec, isStored } from '../model/spec.ts';
import { after, type Millis } from '../model/units.ts';
import { sourcePrefix } from '../source/source.ts';
import type { EventsDocument, JournalEntry } from '../status/schema.ts';
import type { Registration } from '../stolon/registration.ts';
import { Answers } from './answers.ts';
import type { RouterApi } from './api.ts';
import { alarmChanges } from './changes.ts';
import { CheckRegister } from './check-register.ts';
import { ClusterController } from './cluster-controller.ts';
import { ClusterList } from './cluster-list.ts';
import { Fleet } from './fleet.ts';
import { Journal, type NewEntry } from './journal.ts';
import { firstHold } from './proxy-part.ts';
import { Publisher } from './publisher.ts';
import { entriesOf, type ServiceOfBackend } from './reports.ts';
import { RunningClusters } from './running-clusters.ts';
import { Settling } from './settling.ts';
import { Heart } from './standstill.ts';
import { registrationOutlives, same, staysAsItIs } from './succession.ts';
import { SwitchTimes } from './switch-times.ts';
import { Targets } from './targets.ts';

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
  /**
   * What comes round again and again (cluster loops, the reading of etcd, targets, registrations, a new configuration) and should have gone on by now, but
   * did not. That etcd, PostgreSQL or HAProxy do not answer makes nothing late.
   */
  late(): readonly Late[];
  /** Takes a new configuration. Targets and clusters that stay the same go on as they are; the others are read and decided anew. */
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

/** A new configuration is taken within this long: connections and registrations of what is gone are ended first. */
const RECONFIGURED_WITHIN_MS = 30_000;
/** A target that hangs keeps a cluster that is gone for no longer than this. */
const RETIRED_AFTER_MS = 10_000;

const nobody: ReadonlyMap<string, string> = new Map();

class Router implements RunningRouter {
  readonly #o: RouterOptions;
  readonly #newUid: () => string;
  readonly #journal: Journal;
  readonly #targets: Targets;
  readonly #fleet: Fleet;
  readonly #switches = new SwitchTimes();
  readonly #heart: Heart;
  readonly #publisher: Publisher;
  readonly #list: ClusterList;
  readonly #checks = new CheckRegister();
  readonly #problems = new Map<string, readonly Reason[]>();
  readonly #started: { readonly at: Millis; readonly wall: Date };
  #config: PgroutedConfig;
  #client: EtcdClient | undefined;
  #clusters = new RunningClusters([]);
  /** Clusters that are gone, until the targets have closed their write services. */
  #retiring: readonly { readonly controller: ClusterController; readonly until: Millis }[] = [];
  #reconfiguring = false;
  #reconfiguredBy: Millis | undefined;
  #answers: Answers;
  #settling: Settling;
  #serial = 0;

  constructor(o: RouterOptions) {
    const { config, clock, log } = o;
    this.#o = o;
    this.#config = config;
    this.#newUid = o.newUid ?? (() => randomBytes(4).toString('hex'));
    this.#started = { at: clock.now(), wall: clock.wall() };
    this.#journal = new Journal(clock, config.journal.memoryEntries);
    this.#heart = new Heart(clock);
    this.#publisher = new Publisher(clock, () => this.#publish());
    this.#list = new ClusterList({
      clock,
      log,
      journal: this.#journal,
      onChange: () => this.#found(),
      onForbidden: (prefix) => this.#readApart(prefix),
    });
    this.#targets = new Targets({
      clock,
      log,
      authorize: (_serial, opens) => this.#authorize(opens),
      onReport: (target, report, problems) => {
        // Who is decided ready is asked for by those who converge only: a burst of reports is not to look through thousands of services for each.
        const writers = report.kind === 'converged' ? this.#clusters.writers() : nobody;
        const seen = { now: clock.now(), problems, writers };
        this.#journal.later(() => this.#onReport(target, report, seen));
      },
      hasAsked: (backend, server) => this.#checks.lastAsked(backend, server) !== undefined,
      onTurn: () => {
        for (const controller of this.#clusters.registered) controller.turned();
        this.#retired();
      },
    });
    this.#fleet = new Fleet({
      clock,
      log,
      journal: this.#journal,
      version: o.version,
      startedAt: this.#started.wall,
      newId: () => randomBytes(4).toString('hex'),
      clusters: () => this.#clusters.all,
      targets: () => this.#targets.statuses(),
      onOverrides: (cluster) => {
        if (cluster !== undefined) this.#clusters.named(cluster)?.overridden();
        else for (const one of this.#clusters.all) one.overridden();
      },
    });
    this.#client = this.#newClient();
    this.#answers = this.#newAnswers();
    this.#settling = this.#newSettling();
  }

  start(): void {
    this.#journal.add({ kind: 'started', text: `pgrouted ${this.#o.version} started` });
    this.#targets.start(this.#config.haproxy, this.#watchdogDeadlines());
    this.#fleet.start(this.#config, this.#client);
    this.#list.configure(this.#config, this.#client);
    this.#startControllers();
  }

  async stop(): Promise<void> {
    const { all } = this.#clusters;
    const releasing = all.filter(({ proxy }) => proxy.releases).map(({ spec }) => spec.name);
    const what =
      releasing.length === 0 ? '' : `, but for the write services of ${releasing.join(', ')}: they are closed`;
    this.#journal.add({ kind: 'stopping', text: `pgrouted stops; HAProxy keeps what it holds${what}` });
    await Promise.all(all.map((controller) => controller.release()));
    const retiring = this.#retiring.map(({ controller }) => controller);
    await Promise.all([...[...all, ...retiring].map((controller) => controller.stop()), this.#targets.close()]);
    await this.#fleet.stop();
    await this.#list.close();
    await this.#client?.close();
    this.#journal.flush();
  }

  async reconfigure(config: PgroutedConfig): Promise<void> {
    const before = this.#config;
    const sameEtcd = same(config.etcd, before.etcd);
    this.#reconfiguring = true;
    this.#reconfiguredBy = after(this.#o.clock.now(), RECONFIGURED_WITHIN_MS);
    const oldClient = this.#client;
    if (!sameEtcd) this.#client = this.#newClient();
    const tidy = this.#list.configure(config, this.#client);
    const clusters = this.#list.specs(new Set(this.#clusters.all.map(({ spec }) => spec.name)));
    const stay = this.#clusters.all.filter((controller) => staysAsItIs(controller, before, { ...config, clusters }));
    const leave = this.#clusters.all.filter((controller) => !stay.includes(controller));
    // A registration as a Stolon proxy outlives the reload, unless something that it speaks for is gone: that has to let go first.
    const kept = new Map<string, Registration>();
    for (const controller of leave) {
      const { prefix } = controller;
      const { registration } = controller.proxy;
      if (registration === undefined || prefix === undefined) continue;
      if (registrationOutlives(controller.spec, before, config)) kept.set(prefix, registration);
      else await controller.release('always');
    }
    this.#config = config;
    await Promise.all(leave.map((controller) => controller.stop()));
    await this.#fleet.reconfigure(config, this.#client);
    await tidy();
    if (!sameEtcd) await oldClient?.close();
    for (const target of await this.#targets.keep(config.haproxy)) this.#problems.delete(target);
    this.#targets.start(config.haproxy, this.#watchdogDeadlines());
    this.#reconfiguring = false;
    this.#reconfiguredBy = undefined;
    this.#startControllers(kept, stay);
    this.#fleet.clustersChanged();
    this.#publisher.want();
    this.#publisher.flush();
    this.#journal.add({ kind: 'config', text: 'the configuration was read again and taken' });
  }

  late(): readonly Late[] {
    const now = this.#o.clock.now();
    const configuration = lateness({ part: 'the taking of a new configuration', at: this.#reconfiguredBy }, now);
    return [
      ...this.#clusters.all.flatMap((controller) => controller.late(now)),
      ...this.#targets.late(now),
      ...(configuration === undefined ? [] : [configuration]),
    ];
  }

  settling: RouterApi['settling'] = () => this.#settling.over;
  status: RouterApi['status'] = () => this.#answers.status();
  ready: RouterApi['ready'] = () => this.#answers.ready();
  members: RouterApi['members'] = () => this.#answers.members();
  freshness: RouterApi['freshness'] = () => this.#answers.freshness();
  check: RouterApi['check'] = (question) => this.#answers.check(question);
  checkLine: RouterApi['checkLine'] = (backend, server) => this.#answers.checkLine(backend, server);
  control: RouterApi['control'] = () => this.#config.http.control;
  fleet: RouterApi['fleet'] = () => this.#fleet.document();
  overrides: RouterApi['overrides'] = () => this.#fleet.overrideDocuments(this.#o.clock.now());
  setOverride: RouterApi['setOverride'] = (request) => this.#fleet.set(request);
  liftOverride: RouterApi['liftOverride'] = (cluster, id, by) => this.#fleet.lift(cluster, id, by);
  availability: RouterApi['availability'] = (member, limitS) => this.#answers.availability(member, limitS);

  events(afterSeq: number, limit: number): EventsDocument {
    return this.#journal.since(afterSeq, limit);
  }

  onEvent(listener: (entry: JournalEntry) => void): () => void {
    return this.#journal.onEntry(listener);
  }

  #newClient(): EtcdClient | undefined {
    const { etcd } = this.#config;
    return etcd === undefined ? undefined : new EtcdClient({ spec: etcd, clock: this.#o.clock, log: this.#o.log });
  }

  #newAnswers(): Answers {
    return new Answers({
      ...this.#o,
      config: this.#config,
      controllers: this.#clusters.all,
      targets: this.#targets,
      fleet: this.#fleet,
      notDriven: () => this.#list.refused,
      checks: this.#checks,
      started: this.#started,
    });
  }

  #watchdogDeadlines(): ReadonlyMap<string, Millis> {
    return new Map(this.#clusters.registered.flatMap((controller) => [...controller.proxy.watchdogDeadlines()]));
  }

  #feedWatchdogs(): void {
    this.#targets.feedWatchdogs(this.#watchdogDeadlines());
  }

  #startControllers(
    kept: ReadonlyMap<string, Registration> = new Map(),
    stay: readonly ClusterController[] = [],
  ): void {
    const staying = new Map(stay.map((controller) => [controller.spec.name, controller]));
    const specs = this.#list.specs(new Set(staying.keys()));
    this.#take(specs.map((spec) => staying.get(spec.name) ?? this.#newController(spec, kept)));
    for (const controller of this.#clusters.all) if (!staying.has(controller.spec.name)) controller.start();
  }

  #take(controllers: readonly ClusterController[]): void {
    this.#clusters = new RunningClusters(controllers);
    this.#answers = this.#newAnswers();
    this.#settling.stop();
    this.#settling = this.#newSettling();
  }

  /** Clusters were found, or are gone for good. */
  #found(): void {
    if (this.#reconfiguring) return;
    const running = new Map(this.#clusters.all.map((controller) => [controller.spec.name, controller]));
    const specs = this.#list.specs(new Set(running.keys()));
    const names = new Set(specs.map(({ name }) => name));
    const gone = this.#clusters.all.filter(({ spec }) => !names.has(spec.name));
    const added = specs.filter(({ name }) => !running.has(name));
    if (gone.length === 0 && added.length === 0) return;
    for (const { name } of added) {
      this.#retired(name);
      this.#journal.add({ kind: 'config', cluster: name, text: `cluster ${name} was found in etcd` });
    }
    for (const controller of gone) {
      const { name } = controller.spec;
      const text = `cluster ${name} has had no keys in etcd for a minute: it is let go, its write services are closed`;
      this.#journal.add({ kind: 'config', cluster: name, text });
      controller.retire();
      const until = after(this.#o.clock.now(), RETIRED_AFTER_MS);
      this.#retiring = [...this.#retiring, { controller, until }];
    }
    this.#take(specs.map((spec) => running.get(spec.name) ?? this.#newController(spec, new Map())));
    for (const { name } of added) this.#clusters.named(name)?.start();
    this.#fleet.clustersChanged();
    this.#publisher.want();
  }

  /** Ends those that are gone as soon as the targets have closed their write services. `name`: this one at once, since it is there again. */
  #retired(name?: string): void {
    if (this.#retiring.length === 0) return;
    const now = this.#o.clock.now();
    const over = this.#retiring.filter(
      ({ controller, until }) => controller.spec.name === name || now >= until || controller.letGo,
    );
    this.#retiring = this.#retiring.filter((one) => !over.includes(one));
    for (const { controller } of over) void controller.stop();
    if (over.length > 0) this.#publisher.want();
  }

  /** What was to be read as a whole may not: each cluster below it is read by itself. */
  #readApart(prefix: string): void {
    const apart = this.#clusters.all.filter((controller) => controller.prefix?.startsWith(prefix) === true);
    this.#o.log.info(
      { prefix },
      'etcd does not let us read all clusters below the prefix together: each is read alone',
    );
    const stay = this.#clusters.all.filter((controller) => !apart.includes(controller));
    for (const controller of apart) void controller.stop();
    this.#startControllers(new Map(), stay);
  }

  #newSettling(): Settling {
    return new Settling(this.#o.clock, () => this.#clusters.all.every(({ known }) => known));
  }

  #newController(spec: ClusterSpec, kept: ReadonlyMap<string, Registration>): ClusterController {
    const { clock, log } = this.#o;
    return new ClusterController({
      spec,
      client: this.#client,
      records: this.#list.records,
      clock,
      heart: this.#heart,
      log,
      journal: this.#journal,
      maxAgeMs: this.#config.http.maxAgeMs,
      overrides: () => this.#fleet.overridesOf(spec.name),
      publish: () => this.#publisher.want(),
      holds: (backends) => {
        // What the targets say has to be about the newest decision.
        this.#publisher.flush();
        return firstHold(this.#targets.letGo(backends));
      },
      onAlive: () => this.#feedWatchdogs(),
      registration: isStored(spec) ? kept.get(sourcePrefix(spec.source)) : undefined,
      newUid: this.#newUid,
      onPass: (view, decision, now) => {
        this.#settling.look();
        this.#switches.passed(this.#targets.names, view, decision, now);
      },
    });
  }

  #publish(): void {
    const retiring = this.#retiring.map(({ controller }) => controller);
    const backends: DesiredBackend[] = [...this.#clusters.all, ...retiring].flatMap((one) => one.desired());
    this.#serial += 1;
    this.#targets.submit({ serial: this.#serial, backends });
    this.#feedWatchdogs();
  }

  #authorize(opens: readonly Opening[]): boolean | Promise<boolean> {
    const answers = opens.map(
      (open) => this.#clusters.ofBackend(open.backend)?.authorize(open, open.restores) ?? false,
    );
    if (answers.every((answer) => answer === true)) return true;
    return Promise.all(answers).then((all) => all.every(Boolean));
  }

  #onReport(target: string, report: TargetReport, { now, problems, writers }: Seen): readonly NewEntry[] {
    const serviceOf = (backend: string): ServiceOfBackend | undefined => this.#clusters.serviceOf(backend);
    this.#fleet.reported(report);
    const before = this.#problems.get(target) ?? [];
    this.#problems.set(target, problems);
    return [
      ...entriesOf(target, report, serviceOf),
      ...this.#switches.reported(target, report, serviceOf, writers, now),
      ...(before === problems ? [] : alarmChanges(undefined, before, problems, target)),
    ];
  }
}
