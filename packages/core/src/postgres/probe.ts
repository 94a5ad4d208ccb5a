// The probe: asks each member's PostgreSQL what it is, at leisure or in a burst, and tells every answer; and puts questions of our own to it.
// Decides nothing.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { ProbeState } from '../model/probe.ts';
import type { ProbeSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { Address } from '../model/view.ts';
import { MemberProbe } from './member-probe.ts';
import { MemberQueries } from './member-queries.ts';
import { type ConnectionPlan, connectionOptions } from './options.ts';
import type { QueryAnswer } from './query.ts';
import { type Surroundings, systemSurroundings } from './surroundings.ts';

export interface ProberOptions {
  readonly spec: ProbeSpec;
  readonly clock: Clock;
  readonly log: Log;
  /** Called for every reading, also when nothing has changed. */
  readonly onReading: (member: string, state: ProbeState) => void;
  /** For tests; the process's own otherwise. */
  readonly surroundings?: Surroundings;
  /** How old a session grows before it is replaced, at leisure. Default: a minute. */
  readonly renewAfterMs?: number;
}

/** A member and how to connect to it. */
export interface ProbedMember {
  readonly name: string;
  readonly address: Address;
  /** The name that its certificate has to bear, where that is another than the address (libpq's `host` beside `hostaddr`). */
  readonly serverName?: string | undefined;
  /** Undefined: the prober's. Its pace is always the prober's, its connect_timeout its own. */
  readonly connection?: ProbeSpec | undefined;
}

interface Watched {
  readonly member: ProbedMember;
  readonly probe: MemberProbe;
  readonly queries: MemberQueries;
}

/** Files that a connection needs are read again for a new connection, but not more often than this. */
const planAgeMs = 1_000;

export class Prober {
  readonly #options: ProberOptions;
  readonly #surroundings: Surroundings;
  readonly #watched = new Map<string, Watched>();
  #hurried: ReadonlySet<string> = new Set();
  readonly #warned = new Set<string>();
  #closed = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#surroundings = options.surroundings ?? systemSurroundings();
  }

  /** Which members to ask and where. A changed address or connection makes a new session and forgets what was read by the old one. */
  watch(members: readonly ProbedMember[]): void {
    if (this.#closed) return;
    const wanted = new Map(members.map((member) => [member.name, member]));
    for (const [name, watched] of this.#watched) {
      const now = wanted.get(name);
      if (now !== undefined && isSame(now, watched.member)) continue;
      this.#watched.delete(name);
      end(watched);
    }
    for (const [name, member] of wanted) {
      if (!this.#watched.has(name)) this.#watched.set(name, this.#start(member));
    }
  }

  /**
   * Puts a question of our own to a member that is watched: `text` is one statement or several, which are one transaction; the answer is the last one's rows.
   * By a session beside the probe's, one question at a time, answered or refused within the member's connect_timeout.
   */
  query(member: string, text: string): Promise<QueryAnswer> {
    const queries = this.#watched.get(member)?.queries;
    return queries?.ask(text) ?? Promise.resolve({ ok: false, error: `${member} is not watched by the probe` });
  }

  /** These are asked every `burstMs` until the next call, the others every `intervalMs`. The newly named are asked at once. */
  hurry(members: readonly string[]): void {
    this.#hurried = new Set(members);
    for (const [name, { probe }] of this.#watched) probe.hurry(this.#hurried.has(name));
  }

  /** The latest of each member that has been asked; a value, not a view. */
  readings(): ReadonlyMap<string, ProbeState> {
    const readings = new Map<string, ProbeState>();
    for (const [name, { probe }] of this.#watched) {
      if (probe.state !== undefined) readings.set(name, probe.state);
    }
    return readings;
  }

  /** Ends all connections; nothing is told any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#watched.values()];
    this.#watched.clear();
    for (const watched of all) end(watched);
  }

  #start(member: ProbedMember): Watched {
    const { spec, clock, onReading, renewAfterMs = 60_000 } = this.#options;
    const { name, serverName } = member;
    const { host, port } = member.address;
    const connection = member.connection ?? spec;
    let known: { readonly plan: ConnectionPlan; readonly at: Millis } | undefined;
    const plan = (): ConnectionPlan => {
      const at = clock.now();
      if (known === undefined || at - known.at > planAgeMs) {
        known = { plan: connectionOptions({ ...this.#surroundings, spec: connection, host, port, serverName }), at };
        this.#warn(known.plan.warnings);
      }
      return known.plan;
    };
    const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const { connectTimeoutMs } = connection;
    const pace = { intervalMs: spec.intervalMs, burstMs: spec.burstMs, connectTimeoutMs };
    const probe = new MemberProbe({
      where,
      plan,
      clock,
      pace,
      renewAfterMs,
      onReading: (state) => onReading(name, state),
    });
    probe.hurry(this.#hurried.has(name));
    return {
      member,
      probe,
      queries: new MemberQueries({ where, plan, clock, timeoutMs: connectTimeoutMs, renewAfterMs }),
    };
  }

  /** Each sentence once. */
  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      this.#options.log.warn({ warning }, 'probe: connection options');
    }
  }
}

function end({ probe, queries }: Watched): void {
  probe.close();
  queries.close();
}

const isSame = (one: ProbedMember, other: ProbedMember): boolean =>
  one.address.host === other.address.host &&
  one.address.port === other.address.port &&
  one.serverName === other.serverName &&
  (one.connection === other.connection || isDeepStrictEqual(one.connection, other.connection));
