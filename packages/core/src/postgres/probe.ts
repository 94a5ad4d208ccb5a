// The probe: asks each member's PostgreSQL what it is, at leisure or in a burst, and tells every answer. Decides nothing.
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { ProbeState } from '../model/probe.ts';
import type { ProbeSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { Address } from '../model/view.ts';
import { MemberProbe } from './member-probe.ts';
import { type ConnectionPlan, connectionOptions } from './options.ts';
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

interface Watched {
  readonly address: Address;
  readonly probe: MemberProbe;
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

  /** Which members to ask and where. A changed address makes a new connection and forgets what was read at the old one. */
  watch(members: readonly { readonly name: string; readonly address: Address }[]): void {
    if (this.#closed) return;
    const wanted = new Map(members.map(({ name, address }) => [name, address]));
    for (const [name, { address, probe }] of this.#watched) {
      const now = wanted.get(name);
      if (now?.host === address.host && now.port === address.port) continue;
      this.#watched.delete(name);
      probe.close();
    }
    for (const [name, address] of wanted) {
      if (!this.#watched.has(name)) this.#watched.set(name, { address, probe: this.#start(name, address) });
    }
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
    for (const { probe } of this.#watched.values()) probe.close();
    this.#watched.clear();
  }

  #start(name: string, { host, port }: Address): MemberProbe {
    const { spec, clock, onReading } = this.#options;
    let known: { readonly plan: ConnectionPlan; readonly at: Millis } | undefined;
    const plan = (): ConnectionPlan => {
      const at = clock.now();
      if (known === undefined || at - known.at > planAgeMs) {
        known = { plan: connectionOptions({ ...this.#surroundings, spec, host, port }), at };
        this.#warn(known.plan.warnings);
      }
      return known.plan;
    };
    const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const probe = new MemberProbe({
      where,
      plan,
      clock,
      pace: spec,
      renewAfterMs: this.#options.renewAfterMs ?? 60_000,
      onReading: (state) => onReading(name, state),
    });
    probe.hurry(this.#hurried.has(name));
    return probe;
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
