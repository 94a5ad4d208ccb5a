// What this router says of itself to the others, cluster by cluster: whom it follows, who is let in, and which of its HAProxies hold that already. Remembers
// what each HAProxy was last read back with; decides nothing.
import type { RouterFacts } from '../fleet/router-record.ts';
import type { TargetStatus } from '../haproxy/report.ts';
import type { Decision } from '../model/decision.ts';
import { isWriteService } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { ClusterView } from '../model/view.ts';

/** The part of a cluster's controller that is needed here. */
export interface ToldCluster {
  readonly spec: ClusterSpec;
  view(): ClusterView | undefined;
  decision(): Decision | undefined;
}

export type ToldTarget = Pick<TargetStatus, 'name' | 'state' | 'converged'>;

export class FleetFacts {
  /** By cluster and target: under which leader, and with whom let in for writes, it was read back. */
  readonly #taken = new Map<string, Map<string, string>>();
  readonly #behind = new Set<string>();

  /** Clusters that a HAProxy did not hold yet when they were last told of. */
  get behind(): ReadonlySet<string> {
    return this.#behind;
  }

  factsOf(cluster: ToldCluster, targets: readonly ToldTarget[]): RouterFacts {
    const { spec } = cluster;
    const decision = cluster.decision();
    const leader = leaderOf(cluster.view());
    const services = servicesOf(decision, leader?.member);
    const writers = Object.values(services).filter(isWriting);
    const state = JSON.stringify([leader, writers.map((service) => service.in)]);
    const taken = this.#taken.get(spec.name) ?? new Map<string, string>();
    this.#taken.set(spec.name, taken);
    // A HAProxy that is told something of another cluster holds this one's as before.
    for (const { name, converged } of targets) if (converged && decision !== undefined) taken.set(name, state);
    const told = targets.map((target) => ({
      name: target.name,
      state: target.state,
      converged: target.state === 'reachable' && taken.get(target.name) === state,
    }));
    if (told.every(({ converged }) => converged)) this.#behind.delete(spec.name);
    else this.#behind.add(spec.name);
    return {
      leader,
      services,
      targets: told,
      health: [...new Set(decision?.alarms.map(({ code }) => code) ?? [])].sort(),
    };
  }

  /** There is no such cluster any more. */
  keepOnly(clusters: ReadonlySet<string>): void {
    for (const name of this.#taken.keys()) {
      if (clusters.has(name)) continue;
      this.#taken.delete(name);
      this.#behind.delete(name);
    }
  }
}

const isWriting = ({ role }: RouterFacts['services'][string]): boolean => role === 'primary';

export function leaderOf(view: ClusterView | undefined): RouterFacts['leader'] {
  if (view === undefined) return null;
  const { leadership, source } = view;
  return {
    member: leadership.kind === 'held' ? leadership.member : null,
    revision: String(leadership.revision),
    shared: source !== 'postgres',
  };
}

/** `overridden`: the leader is kept out of a write service by an operator. */
function servicesOf(decision: Decision | undefined, leader: string | null | undefined): RouterFacts['services'] {
  return Object.fromEntries(
    decision?.services.map((service) => [
      service.service,
      {
        role: service.role,
        in: service.verdicts.filter(({ state }) => state === 'ready').map(({ member }) => member),
        reason: service.reason.code,
        overridden:
          isWriteService(service) &&
          service.verdicts.some(
            ({ member, state, override }) => member === leader && state !== 'ready' && override !== undefined,
          ),
      },
    ]) ?? [],
  );
}
