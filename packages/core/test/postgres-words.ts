// What three servers without a cluster manager say one after the other, for tests of the judgement: folded into a picture as the router does, and decided
// upon. pg1, pg2 and pg3 are asked from instant 0 on.
import type { Decision } from '../src/model/decision.ts';
import { type ProbeReading, type ProbeState, withReading } from '../src/model/probe.ts';
import type { ServiceSpec } from '../src/model/service.ts';
import type { ClusterSpec, PostgresSpec } from '../src/model/spec.ts';
import { lsn, type Millis, millis } from '../src/model/units.ts';
import type { ClusterView } from '../src/model/view.ts';
import { postgresView } from '../src/postgres/view.ts';
import { decide } from '../src/routing/decide.ts';
import { proofAgeMs } from '../src/routing/limits.ts';
import { probeSpec, reads, serviceOf, verdictOn, writes } from './cluster.ts';

export const servers = ['pg1', 'pg2', 'pg3'] as const;
export type Server = (typeof servers)[number];
export type Word = ProbeReading['kind'];

export interface Figures {
  readonly position?: number;
  readonly received?: number;
  readonly timeline?: number;
}

/** Asked at this instant; heard at the same one. */
export type Said = readonly [at: number, server: Server, word: Word, figures?: Figures];

const source: PostgresSpec = {
  kind: 'postgres',
  hosts: servers.map((name, i) => ({ name, address: { host: '10.0.0.1', port: 5432 + i }, connection: probeSpec })),
};

export interface PostgresClusterSpec extends ClusterSpec {
  readonly source: PostgresSpec;
}

export const postgresSpec = (read: Partial<ServiceSpec> = {}): PostgresClusterSpec => ({
  name: 'demo',
  source,
  probe: { ...probeSpec, intervalMs: 250 },
  grace: 'auto',
  services: [writes, { ...reads, ...read }],
});

export function readingOf([at, , kind, { position, received, timeline } = {}]: Said): ProbeReading {
  const bytes = position === undefined ? undefined : lsn(position);
  const asked = { at: millis(at), timeline };
  if (kind === 'primary') return { kind, ...asked, position: bytes };
  if (kind === 'standby') {
    const receivePosition = received === undefined ? bytes : lsn(received);
    return { kind, ...asked, receivePosition, replayPosition: bytes };
  }
  return { kind, at: millis(at), error: `test: ${kind}` };
}

export class Heard {
  readonly spec: PostgresClusterSpec;
  readonly #readings = new Map<string, ProbeState>();
  #view: ClusterView | undefined;

  constructor(said: readonly Said[], spec = postgresSpec()) {
    this.spec = spec;
    this.viewAt(0);
    for (const one of said) this.hear(one);
  }

  hear(one: Said): void {
    const [at, server] = one;
    this.#readings.set(server, withReading(this.#readings.get(server), readingOf(one)));
    this.viewAt(at);
  }

  /** The picture at this instant; instants never go back. */
  viewAt(at: number): ClusterView {
    this.#view = postgresView(this.spec, this.#view, this.#readings, proofAgeMs(this.spec), millis(at));
    return this.#view;
  }

  decideAt(at: number): Decision {
    return decide(this.viewAt(at), this.spec, millis(at));
  }

  /** What the newest picture is decided like at a later instant, without another look. */
  decideLater(view: ClusterView, at: Millis): Decision {
    return decide(view, this.spec, at);
  }

  /** `ready leader_proven` for each server. */
  wordsAt(at: number, service: 'primary' | 'replica' = 'primary'): Readonly<Record<string, string>> {
    const decision = this.decideAt(at);
    return Object.fromEntries(
      servers.map((name) => {
        const { state, reason } = verdictOn(decision, service, name);
        return [name, `${state} ${reason.code}`];
      }),
    );
  }

  isUndecidedAt(at: number, service: 'primary' | 'replica' = 'primary'): boolean {
    return serviceOf(this.decideAt(at), service).undecided === true;
  }
}

/** pg1 is the primary, pg2 and pg3 follow; all have said so at 100. */
export const calm: readonly Said[] = [
  [100, 'pg1', 'primary', { position: 5_000, timeline: 3 }],
  [100, 'pg2', 'standby', { position: 5_000, timeline: 3 }],
  [100, 'pg3', 'standby', { position: 4_000, timeline: 3 }],
];
