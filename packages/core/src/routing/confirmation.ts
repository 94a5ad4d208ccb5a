// Is the view fresh enough for the leader to be let in, or to stay in? Called only for a leader that has proven itself.
//
//   age of the last confirmation   opened before?   PostgreSQL proves itself   verdict
//   < 1 s (fresh; < grace)         -                -                          ready
//   < grace                        yes              yes (record only: -)       ready
//   < grace                        yes              no answer for 3 s          maint
//   < grace                        yes              yes, but so does another   maint: it was elected since
//   any                            no               -                          not opened: waits for a confirmation
//   >= grace                       yes              yes, and pause or failsafe ready, nobody else claims to be primary; not where the policy is to close
//   >= grace                       otherwise                                   maint
//
// decide() has no memory, so "opened before" is told from the facts: the proof began while the view was still fresh (PostgreSQL's unbroken run of
// answers `primary`, or the record that proves the promotion, was there less than 1 s after the last confirmation).
import { type Reason, reason } from '../model/reason.ts';
import { after, type Millis, millis } from '../model/units.ts';
import type { Leadership, Member } from '../model/view.ts';
import { freshMs, graceMs, proofAgeMs } from './limits.ts';
import { type Case, ruling, type WriterRuling } from './ruling.ts';

type Held = Extract<Leadership, { kind: 'held' }>;

/** The ruling over a proven leader; `ready` is what it gets on a fresh view. */
export function confirmed(given: Case, held: Held, leader: Member, ready: WriterRuling): WriterRuling {
  const { view, spec, horizon, outage } = given;
  const { name } = leader;
  const fresh = freshMs(view);
  if (horizon.within(view.confirmedAt, fresh)) return ready;

  const grace = graceMs(spec, view, outage);
  const withinGrace = horizon.within(view.confirmedAt, grace);
  if (provenSince(given, held, leader) >= after(view.confirmedAt, fresh)) {
    const state = withinGrace ? 'drain' : 'maint';
    return ruling(name, state, reason('view_not_fresh', { member: name }), { mayRead: true });
  }
  const limitMs = proofAgeMs(spec);
  if (spec.probe !== undefined && !provesItself(given, leader, limitMs)) {
    return ruling(name, 'maint', reason('proof_too_old', { member: name, limit_ms: limitMs }), { mayRead: true });
  }
  if (withinGrace) {
    const other = otherPrimary(given, name, view.confirmedAt);
    return other === undefined
      ? ruling(name, 'ready', heldBy(name, grace))
      : ruling(name, 'maint', reason('other_primary_seen', { member: name, other }));
  }
  return pastGrace(given, name, grace);
}

const heldBy = (name: string, grace: number): Reason =>
  grace === Number.POSITIVE_INFINITY
    ? reason('leader_held', { member: name })
    : reason('leader_within_grace', { member: name, grace_ms: grace });

function pastGrace(given: Case, name: string, grace: number): WriterRuling {
  const { view, spec, outage } = given;
  const closed = ruling(name, 'maint', reason('view_unconfirmed', { member: name, grace_ms: grace }), {
    mayRead: true,
  });
  if (spec.probe === undefined || outage.kind === 'close') return closed;
  const other = otherPrimary(given, name, undefined);
  if (other !== undefined) return ruling(name, 'maint', reason('other_primary_seen', { member: name, other }));
  if (view.settings.paused) return ruling(name, 'ready', reason('leader_past_grace_paused', { member: name }));
  const { answering, members, majority } = majorityAnswers(given);
  return view.failsafeMembers.includes(name) && majority
    ? ruling(name, 'ready', reason('leader_past_grace_failsafe', { member: name, answering, members }))
    : closed;
}

/** When the proof began that the leader takes writes: with the first answer of an unbroken run, or with the record. */
function provenSince({ spec }: Case, held: Held, leader: Member): Millis {
  if (spec.probe === undefined) return held.recordProofSince ?? leader.recordSeenAt;
  const since = leader.probe?.primarySince ?? leader.probe?.lastAnswer?.at ?? held.seenAt;
  return millis(Math.max(since, held.seenAt));
}

/** Its last word was `primary`, and that not too long ago. */
export function provesItself({ horizon }: Case, member: Member, limitMs: number): boolean {
  const said = member.probe?.lastAnswer;
  return said?.kind === 'primary' && horizon.within(said.at, limitMs);
}

/** Another member whose PostgreSQL says that it is primary; with `since`: that began to say so after that instant. */
export function otherPrimary({ view }: Case, name: string, since: Millis | undefined): string | undefined {
  return view.members.find(({ name: other, probe }) => {
    if (other === name || probe?.latest.kind !== 'primary') return false;
    return since === undefined || (probe.primarySince ?? probe.latest.at) > since;
  })?.name;
}

/** How many of the known members have answered a probe lately; Patroni's failsafe mode asks them all, we ask for more than half. */
export function majorityAnswers({ view, spec, horizon }: Case): {
  readonly answering: number;
  readonly members: number;
  readonly majority: boolean;
} {
  const limitMs = proofAgeMs(spec);
  const answering = view.members.filter(({ probe }) => {
    const latest = probe?.latest;
    return (latest?.kind === 'primary' || latest?.kind === 'standby') && horizon.within(latest.at, limitMs);
  }).length;
  const members = view.members.length;
  return { answering, members, majority: answering * 2 > members };
}
