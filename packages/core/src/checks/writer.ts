// Who may take writes now, by the very rules of a write service, whether or not one is configured. Decided once per picture, since the same picture is asked
// about many times in a second.
import type { Decision, Verdict } from '../model/decision.ts';
import { explainReason } from '../model/reason.ts';
import { outageDefault, type ServiceSpec, serviceDefaults } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { decide } from '../routing/decide.ts';
import { isOfGate } from '../routing/proxy-gate.ts';
import { type Asked, type Finding, no, yes } from './asked.ts';

const service = {
  ...serviceDefaults,
  name: 'primary',
  backends: [],
  role: 'primary',
  outage: { kind: 'auto' },
} as const satisfies ServiceSpec;

interface Decided {
  readonly spec: ClusterSpec;
  readonly at: Millis;
  readonly decision: Decision;
}

const decided = new WeakMap<ClusterView, Decided>();

/** May the member take writes? */
export function mayWrite({ view, spec, now, member }: Asked): Finding {
  const verdict = writeDecision(view, spec, now).verdicts.find((one) => one.member === member.name);
  if (verdict === undefined) return no(`nothing is decided about ${member.name}`);
  const why = explainReason(verdict.reason);
  return verdict.takesWrites ? yes(why) : no(why);
}

export interface WriteDecision {
  readonly verdicts: readonly (Verdict & { readonly takesWrites: boolean })[];
  /** Without any new fact it may be decided otherwise from this instant on. */
  readonly reviewAt: Millis | undefined;
}

/** What a write service of this cluster holds now. */
export function writeDecision(view: ClusterView, spec: ClusterSpec, now: Millis): WriteDecision {
  const { services, reviewAt } = decisionOn(view, spec, now);
  const verdicts = services.flatMap(({ verdicts, keep }) =>
    verdicts.map((verdict) => {
      // One that a new process keeps in takes writes as well, if only Stolon's word to that process is missing.
      const kept = keep === verdict.member && isOfGate(verdict.reason);
      return { ...verdict, takesWrites: verdict.state === 'ready' || kept };
    }),
  );
  return { verdicts, reviewAt };
}

function decisionOn(view: ClusterView, spec: ClusterSpec, now: Millis): Decision {
  const last = decided.get(view);
  const { reviewAt } = last?.decision ?? {};
  if (last?.spec === spec && now >= last.at && (reviewAt === undefined || now < reviewAt)) return last.decision;
  const outage = outageDefault('primary', spec.grace);
  const decision = decide(view, { ...spec, services: [{ ...service, outage }] }, now);
  decided.set(view, { spec, at: now, decision });
  return decision;
}
