// Finds the Patroni clusters below a namespace: every scope that has begun to be one, under a name that HAProxy can bear, becomes a cluster. Says which there
// are; starting and ending them is the router's.
//
//   unseen ──a key that only a cluster has──▶ found ──all keys gone──▶ missing ──60 s──▶ unseen
//                                               ▲───────a key again─────────┘
import { isSafeName } from '../haproxy/commands.ts';
import type { Clock, Timer } from '../model/clock.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { ClusterSpec, DiscoverySpec } from '../model/spec.ts';
import type { SharedMirror } from './shared-mirror.ts';

/** A cluster whose keys are all gone is let go after this time: a scope that is deleted by hand and bootstrapped again is the same cluster. */
const LET_GO_AFTER_MS = 60_000;

export interface DiscoveryOptions {
  readonly spec: DiscoverySpec;
  readonly mirror: Pick<SharedMirror, 'prefix' | 'start' | 'names' | 'keys' | 'onNames'>;
  readonly clock: Clock;
  /** Other clusters are found than before. */
  readonly onChange: () => void;
}

/** What was found below one namespace. */
export interface Found {
  readonly clusters: readonly ClusterSpec[];
  /** Scopes that are no clusters for us, and why. */
  readonly refused: readonly Reason[];
}

export class Discovery {
  readonly #o: DiscoveryOptions;
  readonly #isTaken: (scope: string) => boolean;
  /** The specs stay the very same for as long as they are found. */
  readonly #found = new Map<string, ClusterSpec>();
  readonly #refused = new Set<string>();
  readonly #missing = new Map<string, Timer>();
  #leave = (): void => {};

  constructor(o: DiscoveryOptions) {
    this.#o = o;
    const include = o.spec.include.map(pattern);
    const exclude = o.spec.exclude.map(pattern);
    this.#isTaken = (scope) =>
      (include.length === 0 || include.some((one) => one.test(scope))) && !exclude.some((one) => one.test(scope));
  }

  start(): void {
    const { mirror } = this.#o;
    this.#leave = mirror.onNames((names, all) => this.#look(names, all));
    mirror.start();
    const names = mirror.names();
    if (names !== undefined) this.#look(new Set(names));
  }

  stop(): void {
    this.#leave();
    for (const timer of this.#missing.values()) timer.cancel();
    this.#missing.clear();
  }

  get found(): Found {
    const { namespace } = this.#o.spec;
    const names = [...this.#found.keys()].sort();
    return {
      clusters: names.flatMap((name) => this.#found.get(name) ?? []),
      refused: [...this.#refused].sort().map((scope) => reason('discovered_name_unusable', { scope, namespace })),
    };
  }

  /** `all`: nothing else is there; not where only some have changed, or each event would look at every cluster. */
  #look(names: ReadonlySet<string>, all = true): void {
    let changed = false;
    for (const scope of names) if (this.#lookAt(scope)) changed = true;
    // A list tells of what is there; what is not any more has to be looked for.
    if (all) for (const scope of this.#found.keys()) if (!names.has(scope) && this.#lookAt(scope)) changed = true;
    if (changed) this.#o.onChange();
  }

  /** True: something else is found than before. */
  #lookAt(scope: string): boolean {
    const keys = this.#o.mirror.keys(scope);
    if (keys.size === 0) return this.#gone(scope);
    this.#missing.get(scope)?.cancel();
    this.#missing.delete(scope);
    if (this.#found.has(scope) || this.#refused.has(scope) || !this.#isTaken(scope)) return false;
    const start = `${this.#o.mirror.prefix}${scope}/`;
    const isCluster = [...keys.keys()].some((key) => isClusterKey(key.slice(start.length)));
    if (!isCluster) return false;
    if (isSafeName(scope)) this.#found.set(scope, clusterOf(this.#o.spec, scope));
    else this.#refused.add(scope);
    return true;
  }

  #gone(scope: string): boolean {
    if (this.#refused.delete(scope)) return true;
    if (!this.#found.has(scope) || this.#missing.has(scope)) return false;
    const timer = this.#o.clock.after(LET_GO_AFTER_MS, () => {
      this.#missing.delete(scope);
      this.#found.delete(scope);
      this.#o.onChange();
    });
    this.#missing.set(scope, timer);
    return false;
  }
}

const isClusterKey = (name: string): boolean =>
  name === 'initialize' || name === 'config' || (name.startsWith('members/') && name.length > 'members/'.length);

/** The cluster that a scope is. */
export function clusterOf({ namespace, probe, grace, services }: DiscoverySpec, scope: string): ClusterSpec {
  return {
    name: scope,
    source: { kind: 'patroni', scope, namespace },
    probe,
    grace,
    services: services.map((service) => ({
      ...service,
      backends: service.backends.map((backend) => backend.replaceAll('{cluster}', scope)),
    })),
  };
}

/** `*` stands for any text, everything else for itself. */
const pattern = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');

/**
 * All clusters: those that are listed, and of those that were found whichever does not have the name, the records or a backend of another. The first one
 * has it: a listed one before one that was found, one that runs already before a new one.
 */
export function withFound(
  listed: readonly ClusterSpec[],
  found: readonly Found[],
  running: ReadonlySet<string>,
): Found {
  const clusters = [...listed];
  const names = new Set(listed.map(({ name }) => name));
  const records = new Set(listed.flatMap(recordsOf));
  const backends = new Map(listed.flatMap((cluster) => backendsOf(cluster).map((backend) => [backend, cluster.name])));
  const refused: Reason[] = found.flatMap((one) => one.refused);
  const candidates = found.flatMap((one) => one.clusters);
  const inOrder = [
    ...candidates.filter(({ name }) => running.has(name)),
    ...candidates.filter(({ name }) => !running.has(name)),
  ];
  for (const cluster of inOrder) {
    if (names.has(cluster.name) || recordsOf(cluster).some((one) => records.has(one))) continue;
    const backend = backendsOf(cluster).find((one) => backends.has(one));
    if (backend !== undefined) {
      const by = backends.get(backend) ?? '';
      refused.push(reason('discovered_backend_taken', { scope: cluster.name, backend, cluster: by }));
      continue;
    }
    clusters.push(cluster);
    names.add(cluster.name);
    for (const one of backendsOf(cluster)) backends.set(one, cluster.name);
  }
  return { clusters, refused };
}

const backendsOf = ({ services }: ClusterSpec): readonly string[] => services.flatMap(({ backends }) => backends);

const recordsOf = ({ source }: ClusterSpec): readonly string[] =>
  source.kind === 'patroni' ? [`${source.namespace}/${source.scope}`] : [];
