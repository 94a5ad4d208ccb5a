// A recorded stream through the very same source and decision code, on a virtual clock: for post-mortems and for our tests. Time passes only where
// something can change: at an event, at a probe, and at the instant for which the decision asked to be reviewed.
import type { Decision, ServerState } from '../model/decision.ts';
import type { RoutingMemory } from '../model/memory.ts';
import { withConfirmation, withProbes, withRegistration } from '../model/overlay.ts';
import { inWordsOf, type Reason, reason } from '../model/reason.ts';
import type { StoredClusterSpec } from '../model/spec.ts';
import { type Millis, millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { decide } from '../routing/decide.ts';
import { type RecordedRegistration, recordedRegistration, sourceView } from '../source/source.ts';
import type { RecordedEvent, RecordedProbe } from './recorded-lines.ts';
import { RecordedProber } from './recorded-prober.ts';
import { RecordedStore, type Step, stepsOf } from './recorded-store.ts';

export type { ProbeWord, RecordedEvent, RecordedProbe } from './recorded-lines.ts';
export { parseEvents, parseProbes } from './recorded-lines.ts';

/** A member's state in a service changed, or the reason for it. */
export interface ReplayChange {
  readonly t_ms: number;
  readonly service: string;
  readonly member: string;
  readonly state: ServerState;
  readonly reason: Reason;
}

export interface ReplayOptions {
  readonly cluster: StoredClusterSpec;
  readonly prefix: string;
  readonly events: Iterable<RecordedEvent>;
  /** Undefined: nobody answers, and the members' records decide, whatever the configuration says about probes. */
  readonly probes?: Iterable<RecordedProbe> | undefined;
  /**
   * Stolon: the uid of a proxy whose record is in the stream. It is decided as that proxy had to: what it acknowledged, and when it was enabled,
   * count. Undefined: as a router that only reads.
   */
  readonly as?: string | undefined;
  /** When to stop; the last recorded line unless given. */
  readonly untilMs?: number | undefined;
  /** Sees each decision together with what it was made on. */
  readonly onDecision?: ((t_ms: number, decision: Decision, view: ClusterView) => void) | undefined;
}

export function replay(options: ReplayOptions): readonly ReplayChange[] {
  const run = new Replay(options);
  return run.toEnd();
}

class Replay {
  readonly #spec: StoredClusterSpec;
  readonly #prefix: string;
  readonly #steps: readonly Step[];
  readonly #probes: readonly RecordedProbe[];
  readonly #until: number;
  readonly #as: string | undefined;
  readonly #onDecision: ReplayOptions['onDecision'];
  readonly #store = new RecordedStore();
  readonly #prober: RecordedProber | undefined;
  readonly #changes: ReplayChange[] = [];
  readonly #told = new Map<string, { readonly service: string; readonly member: string; readonly is: string }>();
  #view: ClusterView | undefined;
  #memory: RoutingMemory = [];
  #registration: RecordedRegistration | undefined;
  #reviewAt: Millis | undefined;

  constructor({ cluster, prefix, events, probes, as, untilMs, onDecision }: ReplayOptions) {
    const pace = probes === undefined ? undefined : cluster.probe;
    this.#spec = pace === undefined ? { ...cluster, probe: undefined } : cluster;
    this.#prober = pace === undefined ? undefined : new RecordedProber(pace);
    this.#prefix = prefix;
    this.#as = as;
    this.#steps = stepsOf(events);
    this.#probes = pace === undefined ? [] : [...(probes ?? [])].sort((a, b) => a.t_ms - b.t_ms);
    this.#until = untilMs ?? Math.max(0, this.#steps.at(-1)?.atMs ?? 0, this.#probes.at(-1)?.t_ms ?? 0);
    this.#onDecision = onDecision;
  }

  toEnd(): readonly ReplayChange[] {
    let step = 0;
    let probe = 0;
    for (;;) {
      const nextStep = this.#steps[step];
      const nextProbe = this.#probes[probe];
      const at = Math.min(
        nextStep?.atMs ?? Number.POSITIVE_INFINITY,
        nextProbe?.t_ms ?? Number.POSITIVE_INFINITY,
        this.#prober?.nextAt() ?? Number.POSITIVE_INFINITY,
        this.#reviewAt ?? Number.POSITIVE_INFINITY,
      );
      if (at > this.#until || at === Number.POSITIVE_INFINITY) return this.#changes;
      const now = millis(at);
      if (nextStep?.atMs === at) {
        step += 1;
        this.#store.apply(nextStep);
        this.#look(now);
      } else if (nextProbe?.t_ms === at) {
        probe += 1;
        this.#prober?.change(nextProbe);
      }
      this.#pass(now);
    }
  }

  #look(now: Millis): void {
    this.#view = sourceView(this.#spec, this.#prefix, this.#store.records(now), this.#view, now);
    if (this.#as === undefined) return;
    this.#registration = recordedRegistration(this.#view, this.#as, this.#registration, now);
  }

  #pass(now: Millis): void {
    const records = this.#view;
    this.#prober?.ask(now);
    this.#reviewAt = undefined;
    if (records === undefined) return;
    const confirmed = withConfirmation(records, this.#store.confirmedAt(now));
    const view = withRegistration(withProbes(confirmed, this.#prober?.readings() ?? new Map()), this.#registration);
    const decision = decide(view, this.#spec, now, { memory: this.#memory });
    this.#memory = decision.memory;
    this.#prober?.hurry(decision.probeHard, now);
    // While the recording confirms the view, it does so at every instant: only what hangs on other times needs a review.
    this.#reviewAt = decision.reviewAt;
    this.#tell(decision, now);
    this.#onDecision?.(now, decision, view);
  }

  #tell(decision: Decision, now: Millis): void {
    const named = new Set<string>();
    for (const { service, verdicts } of decision.services) {
      for (const { member, state, reason: why } of verdicts) {
        const key = JSON.stringify([service, member]);
        named.add(key);
        const is = `${state} ${why.code}`;
        if (this.#told.get(key)?.is === is) continue;
        this.#told.set(key, { service, member, is });
        this.#changes.push({ t_ms: now, service, member, state, reason: why });
      }
    }
    for (const [key, { service, member }] of this.#told) {
      if (named.has(key)) continue;
      this.#told.delete(key);
      const gone = inWordsOf(this.#spec.source.kind, reason('member_forgotten', { member }));
      this.#changes.push({ t_ms: now, service, member, state: 'maint', reason: gone });
    }
  }
}
