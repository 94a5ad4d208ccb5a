// What a router answers to those who ask, from memory: put together from its clusters and its HAProxies. Made anew with each configuration. Judges nothing.
import { hostname } from 'node:os';
import type { PgroutedConfig } from '../config/config.ts';
import type { TargetStatus } from '../haproxy/report.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Reason } from '../model/reason.ts';
import { isWriteService } from '../model/service.ts';
import type { Millis } from '../model/units.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import type { ClusterStatus, StatusDocument } from '../status/schema.ts';
import type { AvailabilityAnswer, CheckAnswer, CheckQuestion, Freshness, MembersAnswer, RouterApi } from './api.ts';
import { Availability } from './availability.ts';
import { checkOf } from './check.ts';
import type { CheckRegister } from './check-register.ts';
import type { ClusterController } from './cluster-controller.ts';
import type { Fleet } from './fleet.ts';
import { HaproxyChecks, type LineCheck } from './haproxy-check.ts';
import { reasonDocument } from './journal.ts';
import type { KnownCluster } from './known-cluster.ts';
import { MemberAnswers } from './member-answers.ts';
import { clusterStatus, etcdDocument, targetDocument } from './status.ts';
import type { Targets } from './targets.ts';

export interface AnswersOptions {
  readonly config: PgroutedConfig;
  readonly controllers: readonly ClusterController[];
  readonly targets: Targets;
  readonly fleet: Pick<Fleet, 'overrideDocuments' | 'document'>;
  /** What was found in etcd and is not driven, and why. */
  readonly notDriven: () => readonly Reason[];
  /** The server lines that HAProxy has asked about. */
  readonly checks: CheckRegister;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** When the router was started. */
  readonly started: { readonly at: Millis; readonly wall: Date };
}

export class Answers
  implements
    Omit<
      RouterApi,
      'events' | 'onEvent' | 'settling' | 'control' | 'fleet' | 'overrides' | 'setOverride' | 'liftOverride'
    >
{
  readonly #o: AnswersOptions;
  readonly #members: MemberAnswers;
  readonly #availability: Availability;
  readonly #lines: HaproxyChecks;

  constructor(options: AnswersOptions) {
    this.#o = options;
    this.#availability = new Availability({ ...options, ask: (...question) => this.#query(...question) });
    this.#lines = new HaproxyChecks({
      clusters: () => options.controllers,
      facts: () => options.targets.facts(),
      register: options.checks,
      clock: options.clock,
    });
    this.#members = new MemberAnswers(options.config.groups, options.controllers);
  }

  status(): StatusDocument {
    const { clock, version, started, controllers } = this.#o;
    const now = clock.now();
    const targets = this.#o.targets.statuses();
    const clusters = this.#clusterDocuments(targets, now);
    return {
      schema: 1,
      router: {
        version,
        host: hostname(),
        pid: process.pid,
        startedAt: started.wall.toISOString(),
        uptimeMs: Math.round(now - started.at),
      },
      at: clock.wall().toISOString(),
      ready: this.#readyBy(clusters),
      clusters,
      etcd: etcdDocument(controllers.flatMap(({ store }) => store ?? [])[0], now),
      targets: targets.map((target) => targetDocument(target, now)),
      overrides: [...this.#o.fleet.overrideDocuments(now)],
      fleet: this.#o.fleet.document(),
      alarms: this.#o.notDriven().map(reasonDocument),
    };
  }

  ready(): boolean {
    return this.#readyBy(this.#clusterDocuments(this.#o.targets.statuses(), this.#o.clock.now()));
  }

  members(): MembersAnswer {
    return this.#members.current();
  }

  freshness(): Freshness {
    const known = this.#o.controllers.flatMap((controller) => controller.freshness() ?? []);
    const [first, ...others] = known;
    if (first === undefined) return { revision: undefined, ageMs: undefined };
    const oldest = others.reduce((a, b) => (b.learntAt < a.learntAt ? b : a), first);
    return {
      revision: String(oldest.revision),
      ageMs: Math.max(0, Math.round(this.#o.clock.now() - oldest.learntAt)),
    };
  }

  check(question: CheckQuestion): CheckAnswer | undefined {
    return checkOf(question, this.#known(), this.#o.clock.now(), this.#o.config.http.maxAgeMs);
  }

  checkLine(backend: string, server: string): LineCheck {
    return this.#lines.of(backend, server);
  }

  async availability(member: string, limitS: number): Promise<AvailabilityAnswer> {
    if (!this.#o.config.http.availability) return { kind: 'not_allowed' };
    return this.#availability.of(member, limitS, this.#known());
  }

  #query(cluster: string, member: string, text: string): Promise<QueryAnswer> {
    const controller = this.#o.controllers.find(({ spec }) => spec.name === cluster);
    return (
      controller?.query(member, text) ?? Promise.resolve({ ok: false, error: 'there is no such cluster any more' })
    );
  }

  /** The clusters that something is known of. */
  #known(): readonly KnownCluster[] {
    return this.#o.controllers.flatMap((controller) => {
      const view = controller.view();
      return view === undefined ? [] : [{ spec: controller.spec, view }];
    });
  }

  #clusterDocuments(targets: readonly TargetStatus[], now: Millis): ClusterStatus[] {
    return this.#o.controllers.map((controller) =>
      clusterStatus(
        {
          spec: controller.spec,
          prefix: controller.prefix,
          view: controller.view(),
          decision: controller.decision(),
          statuses: controller.statuses(),
        },
        targets,
        now,
      ),
    );
  }

  /**
   * Every configured write service routes; a cluster that has not been read yet has none that does. Without any service there are only the lists: those
   * are there when something is known of each cluster.
   */
  #readyBy(clusters: readonly ClusterStatus[]): boolean {
    const { controllers } = this.#o;
    if (controllers.length > 0 && controllers.every(({ spec }) => spec.services.length === 0)) {
      return controllers.every((controller) => controller.freshness() !== undefined);
    }
    const writes = controllers.flatMap(({ spec }) => {
      const services = clusters.find(({ name }) => name === spec.name)?.services ?? [];
      return spec.services
        .filter(isWriteService)
        .map((service) => services.find(({ name }) => name === service.name)?.routing === true);
    });
    return writes.length > 0 && writes.every(Boolean);
  }
}
