// How old the row that the primary's clock wrote is on a member: PgRoute66's availability (0.8).
// A request in order: what is still being written on that cluster's primary ends, the table is made there if it is missing, the member is asked, and
// behind the answer the primary's row is set to now. Unlike PgRoute66 a name that nobody has writes nothing, and each cluster has its own primary written.
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import type { AvailabilityAnswer } from './api.ts';
import {
  type AskServer,
  ensureTable,
  type RowAge,
  rowAge,
  type TableStanding,
  touchRow,
  unreadable,
} from './availability-table.ts';
import type { KnownCluster } from './known-cluster.ts';
import { SharedRuns } from './shared-runs.ts';

/** Asks one member of a cluster. */
export type Ask = (cluster: string, member: string, text: string) => Promise<QueryAnswer>;

export interface AvailabilityOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly ask: Ask;
}

/** Where nothing says how long a server is waited for. */
const defaultTimeoutMs = 2_000;

export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #tables = new SharedRuns<TableStanding>();
  readonly #rows = new SharedRuns<void>();
  readonly #ages = new SharedRuns<RowAge>();
  /** What went wrong last on a cluster's primary: each sentence is logged once until another one, or none, is true. */
  readonly #problems = new Map<string, string>();

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  /** Never rejects; waits for the primary and for the member, each for its connect_timeout at most. Where several clusters have such a member: the worst. */
  async of(member: string, limitS: number, clusters: readonly KnownCluster[]): Promise<AvailabilityAnswer> {
    const known = clusters.filter(({ view }) => view.members.some(({ name }) => name === member));
    const answers = await Promise.all(known.map((cluster) => this.#inCluster(member, limitS, cluster)));
    const [worst] = answers.toSorted((one, other) => badness[other.kind] - badness[one.kind]);
    return worst ?? { kind: 'failed', text: 'invalid' };
  }

  async #inCluster(member: string, limitS: number, { spec, view }: KnownCluster): Promise<AvailabilityAnswer> {
    const { leadership } = view;
    const primary = leadership.kind === 'held' ? leadership.member : undefined;
    const hasTable = primary !== undefined && (await this.#prepare(spec, primary));
    const found = await this.#ageOn(member, spec);
    if (hasTable) void this.#rows.run(spec.name, () => this.#touch(spec, primary));
    if (found.kind === 'failed') return found;
    return found.seconds > limitS ? { kind: 'exceeded', limit: limitS, age: found.seconds } : { kind: 'ok' };
  }

  /** True when the primary has the table now. */
  async #prepare(spec: ClusterSpec, primary: string): Promise<boolean> {
    const prepared = async (): Promise<TableStanding> => {
      await this.#rows.settled(spec.name);
      return this.#tables.run(spec.name, () => ensureTable(this.#asking(spec, primary)));
    };
    const error = `no answer within ${timeoutMs(spec, primary)} ms`;
    const standing = await this.#within(timeoutMs(spec, primary), prepared(), { kind: 'failed', error });
    if (standing.kind === 'failed') this.#say(spec.name, primary, standing.error);
    return standing.kind === 'there';
  }

  #ageOn(member: string, spec: ClusterSpec): Promise<RowAge> {
    const key = JSON.stringify([spec.name, member]);
    const age = this.#ages.run(key, () => rowAge(this.#asking(spec, member)));
    return this.#within(timeoutMs(spec, member), age, { kind: 'failed', text: unreadable });
  }

  async #touch(spec: ClusterSpec, primary: string): Promise<void> {
    this.#say(spec.name, primary, await touchRow(this.#asking(spec, primary)));
  }

  #asking(spec: ClusterSpec, member: string): AskServer {
    return (text) => this.#options.ask(spec.name, member, text);
  }

  #within<T>(limitMs: number, work: Promise<T>, otherwise: T): Promise<T> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(limitMs, () => resolve(otherwise));
      void work.then((value) => {
        timer.cancel();
        resolve(value);
      });
    });
  }

  #say(cluster: string, member: string, problem: string | undefined): void {
    if (problem === this.#problems.get(cluster)) return;
    if (problem === undefined) this.#problems.delete(cluster);
    else {
      this.#problems.set(cluster, problem);
      this.#options.log.warn({ cluster, member, err: problem }, 'availability: the primary could not be written');
    }
  }
}

const badness: Readonly<Record<AvailabilityAnswer['kind'], number>> = { ok: 0, exceeded: 1, failed: 2, not_allowed: 3 };

function timeoutMs({ source, probe }: ClusterSpec, member: string): number {
  const host = source.kind === 'postgres' ? source.hosts.find(({ name }) => name === member) : undefined;
  return host?.connection.connectTimeoutMs ?? probe?.connectTimeoutMs ?? defaultTimeoutMs;
}
