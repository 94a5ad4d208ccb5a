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
import type { Reason } from '../model/reason.ts';
import { type ClusterSpec, isStored } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import { sourcePrefix } from '../source/source.ts';
import type { EventsDocument, JournalEntry } from '../status/schema.ts';
import type { Registration } from '../stolon/registration.ts';
import { Answers } from './answers.ts';
import type { RouterApi } from './api.ts';
import { alarmChanges } from './changes.ts';
import { CheckRegister } from './check-register.ts';
import { ClusterController } from './cluster-controller.ts';
import { Fleet } from './fleet.ts';
import { Journal, type NewEntry } from './journal.ts';
import { firstHold } from './proxy-part.ts';
import { entriesOf } from './reports.ts';
import { Settling } from './settling.ts';
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

class Router implements RunningRouter {
  readonly #o: RouterOptions;
  readonly #newUid: () => string;
  readonly #journal: Journal;
  readonly #targets: Targets;
  readonly #fleet: Fleet;
  readonly #switches = new SwitchTimes();
  readonly #checks = new CheckRegister();
  readonly #problems = new Map<string, readonly Reason[]>();
  readonly #started: { readonly at: Millis; readonly wall: Date };
  #config: PgroutedConfig;
  #client: EtcdClient | undefined;
  #controllers: readonly ClusterController[] = [];
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
    this.#targets = new Targets({
      clock,
      log,
      authorize: (_serial, opens) => this.#authorize(opens),
      onReport: (target, report, problems) => {
        const seen = { now: clock.now(), problems, writers: this.#writers() };
        this.#journal.later(() => this.#onReport(target, report, seen));
      },
      onTurn: () => {
        for (const controller of this.#controllers) controller.turned();
      },
    });
    this.#fleet = new Fleet({
      clock,
      log,
      journal: this.#journal,
      version: o.version,
      startedAt: this.#started.wall,
      newId: () => randomBytes(4).toString('hex'),
      clusters: () => this.#controllers,
      targets: () => this.#targets.statuses(),
      onOverrides: (cluster) => {
        for (const one of this.#controllers) if (cluster === undefined || one.spec.name === cluster) one.overridden();
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
    this.#startControllers();
  }

  async stop(): Promise<void> {
    const releasing = this.#controllers.filter(({ proxy }) => proxy.releases).map(({ spec }) => spec.name);
    const what =
      releasing.length === 0 ? '' : `, but for the write services of ${releasing.join(', ')}: they are closed`;
    this.#journal.add({ kind: 'stopping', text: `pgrouted stops; HAProxy keeps what it holds${what}` });
    await Promise.all(this.#controllers.map((controller) => controller.release()));
    await Promise.all([...this.#controllers.map((controller) => controller.stop()), this.#targets.close()]);
    await this.#fleet.stop();
    await this.#client?.close();
    this.#journal.flush();
  }

  async reconfigure(config: PgroutedConfig): Promise<void> {
    const before = this.#config;
    const sameEtcd = same(config.etcd, before.etcd);
    const stay = this.#controllers.filter((controller) => staysAsItIs(controller, before, config));
    const leave = this.#controllers.filter((controller) => !stay.includes(controller));
    // A registration as a Stolon proxy outlives the reload, unless something that it speaks for is gone: that has to let go first.
    const kept = new Map<string, Registration>();
    for (const controller of leave) {
      const { prefix } = controller;
      const { registration } = controller.proxy;
      if (registration === undefined || prefix === undefined) continue;
      if (registrationOutlives(controller.spec, this.#config, config)) kept.set(prefix, registration);
      else await controller.release('always');
    }
    this.#config = config;
    const oldClient = this.#client;
    if (!sameEtcd) this.#client = this.#newClient();
    await Promise.all(leave.map((controller) => controller.stop()));
    await this.#fleet.reconfigure(config, this.#client);
    if (!sameEtcd) await oldClient?.close();
    for (const target of await this.#targets.keep(config.haproxy)) this.#problems.delete(target);
    this.#targets.start(config.haproxy, this.#watchdogDeadlines());
    this.#startControllers(kept, stay);
    this.#fleet.clustersChanged();
    this.#publish();
    this.#journal.add({ kind: 'config', text: 'the configuration was read again and taken' });
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
      controllers: this.#controllers,
      targets: this.#targets,
      fleet: this.#fleet,
      checks: this.#checks,
      started: this.#started,
    });
  }

  #watchdogDeadlines(): ReadonlyMap<string, Millis> {
    return new Map(this.#controllers.flatMap((controller) => [...controller.proxy.watchdogDeadlines()]));
  }

  #feedWatchdogs(): void {
    this.#targets.feedWatchdogs(this.#watchdogDeadlines());
  }

  #startControllers(
    kept: ReadonlyMap<string, Registration> = new Map(),
    stay: readonly ClusterController[] = [],
  ): void {
    this.#controllers = this.#config.clusters.map(
      (spec) => stay.find((controller) => same(controller.spec, spec)) ?? this.#newController(spec, kept),
    );
    this.#answers = this.#newAnswers();
    this.#settling.stop();
    this.#settling = this.#newSettling();
    for (const controller of this.#controllers) if (!stay.includes(controller)) controller.start();
  }

  #newSettling(): Settling {
    return new Settling(this.#o.clock, () => this.#controllers.every(({ known }) => known));
  }

  #newController(spec: ClusterSpec, kept: ReadonlyMap<string, Registration>): ClusterController {
    const { clock, log } = this.#o;
    return new ClusterController({
      spec,
      client: this.#client,
      clock,
      log,
      journal: this.#journal,
      maxAgeMs: this.#config.http.maxAgeMs,
      overrides: () => this.#fleet.overridesOf(spec.name),
      publish: () => this.#publish(),
      holds: (backends) => firstHold(this.#targets.letGo(backends)),
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
    const backends: DesiredBackend[] = this.#controllers.flatMap((controller) => controller.desired());
    this.#serial += 1;
    this.#targets.submit({ serial: this.#serial, backends });
    this.#feedWatchdogs();
  }

  #authorize(opens: readonly Opening[]): boolean | Promise<boolean> {
    const answers = opens.map((open) => this.#controllerOf(open.backend)?.authorize(open, open.restores) ?? false);
    if (answers.every((answer) => answer === true)) return true;
    return Promise.all(answers).then((all) => all.every(Boolean));
  }

  #controllerOf(backend: string): ClusterController | undefined {
    return this.#controllers.find(({ spec }) => spec.services.some((service) => service.backends.includes(backend)));
  }

  /** Who is decided ready in each write service, by backend. */
  #writers(): ReadonlyMap<string, string> {
    const services = this.#controllers.flatMap((controller) => controller.decision()?.services ?? []);
    return new Map(
      services.flatMap(({ role, backends, verdicts }) => {
        const writer = role === 'primary' ? verdicts.find(({ state }) => state === 'ready') : undefined;
        return writer === undefined ? [] : backends.map((backend) => [backend, writer.member] as const);
      }),
    );
  }

  #onReport(target: string, report: TargetReport, { now, problems, writers }: Seen): readonly NewEntry[] {
    const services = this.#controllers.flatMap(({ spec }) =>
      spec.services.flatMap(({ name, backends }) =>
        backends.map((backend) => ({ cluster: spec.name, source: spec.source.kind, service: name, backend })),
      ),
    );
    this.#fleet.reported(report);
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
