// The HAProxies that this router drives, each behind its socket: started, told and asked together. Each has a loop of its own; nothing is decided here.
import type { Desired } from '../haproxy/desired.ts';
import type { Authorize } from '../haproxy/gate.ts';
import type { LetGo } from '../haproxy/let-go.ts';
import type { TargetFacts } from '../haproxy/parse.ts';
import type { TargetReport, TargetStatus } from '../haproxy/report.ts';
import { Target } from '../haproxy/target.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type Late, lateness } from '../model/progress.ts';
import type { Reason } from '../model/reason.ts';
import type { TargetSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';

export interface TargetsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly authorize: Authorize;
  /** `problems`: what stands against the target now. */
  readonly onReport: (target: string, report: TargetReport, problems: readonly Reason[]) => void;
  /** Whether a HAProxy's own check of this line has ever asked us. */
  readonly hasAsked: (backend: string, server: string) => boolean;
  /** A target has read back what its HAProxy holds. */
  readonly onTurn: () => void;
}

export class Targets {
  readonly #o: TargetsOptions;
  readonly #targets = new Map<string, { readonly target: Target; readonly spec: TargetSpec }>();

  constructor(options: TargetsOptions) {
    this.#o = options;
  }

  get names(): readonly string[] {
    return [...this.#targets.values()].map(({ spec }) => spec.name);
  }

  /** Drives these and no others. One that stays the same stays connected. Gives the names of those that are let go. */
  async keep(specs: readonly TargetSpec[]): Promise<readonly string[]> {
    const wanted = new Set(specs.map(keyOf));
    const dropped = [...this.#targets].filter(([key]) => !wanted.has(key));
    for (const [key, { target }] of dropped) {
      this.#targets.delete(key);
      await target.close();
    }
    return dropped.map(([, { spec }]) => spec.name);
  }

  /** Starts those that are not driven yet. `deadlines`: see `feedWatchdogs`. */
  start(specs: readonly TargetSpec[], deadlines: ReadonlyMap<string, Millis>): void {
    const { clock, log, authorize, onReport, onTurn, hasAsked } = this.#o;
    for (const spec of specs) {
      const key = keyOf(spec);
      if (this.#targets.has(key)) continue;
      // One turn may bring thousands of reports, and the same stands against the target in all of them.
      let problems: readonly Reason[] | undefined;
      const problemsNow = (): readonly Reason[] => {
        if (problems === undefined) clock.after(0, () => (problems = undefined));
        problems ??= target.status().problems;
        return problems;
      };
      const target = new Target({
        spec,
        clock,
        log,
        authorize,
        onReport: (report) => onReport(spec.name, report, problemsNow()),
        onTurn,
        hasAsked,
      });
      this.#targets.set(key, { target, spec });
      target.start();
      target.feedWatchdog(deadlines);
    }
  }

  /** What all of them shall hold from now on. */
  submit(desired: Desired): void {
    for (const { target } of this.#targets.values()) target.submit(desired);
  }

  /** Until when HAProxy may serve each of these backends if nothing is heard from us any more. */
  feedWatchdogs(deadlines: ReadonlyMap<string, Millis>): void {
    for (const { target } of this.#targets.values()) target.feedWatchdog(deadlines);
  }

  /** What each says about having let go of whatever these backends shall not hold. */
  letGo(backends: readonly string[]): readonly LetGo[] {
    return [...this.#targets.values()].map(({ target }) => target.letGo(backends));
  }

  /** What each HAProxy held when it was read last; those that never were are left out. */
  facts(): readonly TargetFacts[] {
    return [...this.#targets.values()].flatMap(({ target }) => target.facts ?? []);
  }

  statuses(): readonly TargetStatus[] {
    return [...this.#targets.values()].map(({ target }) => target.status());
  }

  /** Which of them should have gone on by now, and did not. */
  late(now: Millis): readonly Late[] {
    return [...this.#targets.values()].flatMap(
      ({ target, spec }) => lateness({ part: `the loop of ${spec.name}`, at: target.dueAt }, now) ?? [],
    );
  }

  /** Ends the connections; HAProxies keep what they hold. */
  async close(): Promise<void> {
    await Promise.all([...this.#targets.values()].map(({ target }) => target.close()));
  }
}

const keyOf = (spec: TargetSpec): string => JSON.stringify(spec);
