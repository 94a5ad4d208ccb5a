// Nobody holds the leader key. New writes stop at once; the question is only what becomes of the former leader's sessions, and whether
// Patroni itself keeps it primary (pause, failsafe mode).
//
//   graceful: its PostgreSQL is already off                                 maint
//   pause or failsafe, it proves itself every second, nobody else claims   ready, unless the view is old and the policy is to close
//   pause or failsafe, its first answer after the loss is awaited          drain, 1 s at most
//   else, for 200 ms: the same name often returns                          drain
//   else                                                                   maint
import { type Reason, reason } from '../model/reason.ts';
import { type Leadership, type Member, memberOf } from '../model/view.ts';
import { majorityAnswers, otherPrimary, provesItself } from './confirmation.ts';
import { FORMER_HURRY_MS, FRESH_MS, graceMs, RETURN_MS, SELF_PROOF_MS } from './limits.ts';
import { saysNoPrimary } from './probe-words.ts';
import { type Case, ruling, type WriterRuling } from './ruling.ts';

type Vacant = Extract<Leadership, { kind: 'vacant' }>;

export function vacancyRuling(given: Case, vacant: Vacant): WriterRuling {
  const { view, spec, horizon } = given;
  const former = vacant.former === undefined ? undefined : memberOf(view, vacant.former);
  if (former === undefined) return ruling(undefined, 'maint', reason('no_leader'), { forAll: true });
  const { name } = former;
  if (vacant.graceful) return ruling(name, 'maint', reason('former_leader_stopped', { member: name }));

  const kept = spec.probe === undefined ? undefined : keptBy(given, name);
  const askHard = spec.probe !== undefined && (kept !== undefined || horizon.within(vacant.seenAt, FORMER_HURRY_MS));
  const contradicted = former.probe !== undefined && saysNoPrimary(former.probe.latest);
  if (kept !== undefined && !contradicted) {
    if (staysPrimary(given, vacant, former)) return ruling(name, 'ready', kept, { askHard });
    if (!answeredSince(vacant, former) && horizon.within(vacant.seenAt, SELF_PROOF_MS)) {
      return ruling(name, 'drain', reason('former_awaits_proof', { member: name }), { askHard });
    }
  }
  if (!contradicted && horizon.within(vacant.seenAt, RETURN_MS)) {
    return ruling(name, 'drain', reason('leader_key_lost', { member: name, limit_ms: RETURN_MS }), { askHard });
  }
  return ruling(name, 'maint', reason('former_leader', { member: name }), { askHard });
}

/** Why Patroni leaves the former leader primary without a key, if it does. */
function keptBy({ view }: Case, name: string): Reason | undefined {
  if (view.settings.paused) return reason('former_kept_paused', { member: name });
  return view.failsafeMembers.includes(name) ? reason('former_kept_failsafe', { member: name }) : undefined;
}

const answeredSince = (vacant: Vacant, { probe }: Member): boolean =>
  probe?.lastAnswer !== undefined && probe.lastAnswer.at >= vacant.seenAt;

function staysPrimary(given: Case, vacant: Vacant, former: Member): boolean {
  const { view, spec, horizon, outage } = given;
  if (!answeredSince(vacant, former) || !provesItself(given, former, SELF_PROOF_MS)) return false;
  if (otherPrimary(given, former.name, undefined) !== undefined) return false;
  // While etcd can't be read either, a new leader could have been named; as in failsafe mode itself, the members' word counts then.
  if (horizon.within(view.confirmedAt, Math.max(FRESH_MS, graceMs(spec, view, outage)))) return true;
  if (outage.kind === 'close') return false;
  return view.settings.paused || majorityAnswers(given).majority;
}
