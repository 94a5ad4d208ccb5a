// What a write service holds: the one member that may take writes, if any, and why everybody else is out. Selector and overrides can keep that one out or
// make it leave; they never put another in its place.
import type { ServiceDecision, Verdict } from '../model/decision.ts';
import type { ServerMemory } from '../model/memory.ts';
import type { Override } from '../model/override.ts';
import { explainReason, type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { ClusterView, Member } from '../model/view.ts';
import { anticipated } from './anticipation.ts';
import { claimsPrimary } from './claims.ts';
import { type Left, leave, remember, unchanged } from './leaving.ts';
import { factsOf, type Orders, overrideFor, refusedBy } from './overrides.ts';
import { type Case, namesOf, type ServiceRuling, type WriterRuling } from './ruling.ts';
import { failedSelectors, selectorRefuses } from './selected.ts';

export function writeService(given: Case, service: ServiceSpec, ruled: WriterRuling): ServiceRuling {
  const { view } = given;
  const writer = anticipated(given, service, ruled);
  const judged = judgeWriter(given, service, writer);
  const verdicts = view.members.map((member): Verdict => {
    const { name } = member;
    if (name === judged?.verdict.member) return judged.verdict;
    const out: Verdict = { member: name, state: 'maint', reason: bystander(view, member, writer) };
    return weighed(out, overrideFor(given, service, name));
  });
  const { undecided, keeps, member } = writer;
  // An operator's word about a server that is kept as it is needs no more to be waited for.
  const waits = undecided && judged?.takenOut !== true;
  const decision: ServiceDecision = {
    ...namesOf(service),
    verdicts,
    reason: writeSummary(writer, judged?.verdict, waits),
    undecided: waits,
    keep: waits && keeps ? member : undefined,
  };
  const memory = undecided && !keeps ? unchanged(given, service) : judged === undefined ? [] : [judged.memory];
  const texts = service.selector === undefined ? [] : [service.selector];
  const alarms = [...(judged?.alarms ?? []), ...failedSelectors(given, service.name, texts)];
  return { decision, memory, alarms };
}

interface Judged {
  readonly verdict: Verdict;
  readonly memory: ServerMemory;
  /** Selector or override keep it out. */
  readonly takenOut: boolean;
  readonly alarms: readonly Reason[];
}

/** The member that is judged as leader or former one. What speaks against its authority is told first; wishes count only where it has that. */
function judgeWriter(given: Case, service: ServiceSpec, writer: WriterRuling): Judged | undefined {
  const { member, state, reason: why } = writer;
  if (member === undefined) return undefined;
  const orders = overrideFor(given, service, member);
  const remembered = (is: Parameters<typeof remember>[3]): ServerMemory => remember(given, service, member, is);
  const wholly = writer.undecided && !writer.keeps;
  const wish = strictest([
    ...leaveBy(given, service, member, refusedBy(orders), orders.action),
    ...leaveBy(given, service, member, selectorRefuses(given, service.selector, member)),
  ]);
  if (state === 'maint' || wholly || wish === undefined) {
    const verdict = weighed({ member, state, reason: why }, orders);
    const memory =
      state === 'ready'
        ? remembered({ last: { tier: 0, asPrimary: true } })
        : remembered({ out: leave(given, service, member, why).out });
    return { verdict, memory, takenOut: false, alarms: state === 'ready' ? closing(service, orders) : [] };
  }
  const { against, left, by } = wish;
  const told = state === 'drain' && left.state === 'drain' ? why : against;
  const verdict = weighed({ member, state: left.state, reason: told }, orders);
  const alarms = state === 'ready' && by !== undefined ? closing(service, orders) : [];
  const override = by === undefined || told !== against ? {} : { override: by.id };
  return { verdict: { ...verdict, ...override }, memory: remembered({ out: left.out }), takenOut: true, alarms };
}

/** A wish against the writer, and how it would leave by that. */
interface Wish {
  readonly against: Reason;
  readonly left: Left;
  readonly by: Override | undefined;
}

function leaveBy(
  given: Case,
  service: ServiceSpec,
  member: string,
  against: Reason | undefined,
  by?: Override,
): readonly Wish[] {
  return against === undefined ? [] : [{ against, left: leave(given, service, member, against, by?.since), by }];
}

/** An override spares no session that would have to end without it. */
const strictest = (wishes: readonly Wish[]): Wish | undefined =>
  wishes.find(({ left }) => left.state === 'maint') ?? wishes[0];

const weighed = (verdict: Verdict, { weight }: Orders): Verdict =>
  weight === undefined ? verdict : { ...verdict, weight: weight.value, override: weight.override.id };

/** The writer is sound, and nobody can write all the same, because somebody wants it so. */
function closing({ name: service }: ServiceSpec, { action, weight }: Orders): readonly Reason[] {
  const kind = action?.action.kind;
  const by = kind === 'maint' || kind === 'drain' ? action : weight?.value === 0 ? weight.override : undefined;
  return by === undefined ? [] : [reason('override_closes_writes', { ...factsOf(by), service })];
}

/** Why a member that is not judged as the writer is out of a write service. */
function bystander(view: ClusterView, member: Member, writer: WriterRuling): Reason {
  const { name, problem } = member;
  if (problem !== undefined)
    return reason('record_unreadable', { member: name, key: problem.key, error: problem.error });
  if (claimsPrimary(view, member, writer.member)) return reason('primary_without_authority', { member: name });
  if (writer.forAll) return writer.reason;
  return view.leadership.kind === 'held'
    ? reason('not_leader', { member: name, leader: view.leadership.member })
    : reason('no_leader');
}

function writeSummary(writer: WriterRuling, verdict: Verdict | undefined, undecided: boolean): Reason {
  if (writer.forAll || verdict === undefined) return writer.reason;
  const { member, state } = verdict;
  if (state === 'ready') return reason('write_open', { member });
  const because = explainReason(verdict.reason);
  if (undecided) return reason('write_undecided', { member, because });
  return reason(state === 'drain' ? 'write_draining' : 'write_closed', { member, because });
}
