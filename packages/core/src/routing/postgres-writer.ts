// Who may take writes where no cluster manager is asked (source `postgres`). Nobody names a primary: there is PostgreSQL's own word, and that no other
// server says the same (model/sole-primary.ts). In this order:
//   some server has not been asked yet, for 1 s            undecided as a whole: nothing is touched
//   several say that they are primary                      maint, all: nobody can tell which of them is right
//   one says so
//     but its last answer is too old (proofAgeMs)          maint
//     and has not been asked since it was the only one     not opened
//     and answers                                          ready
//     and gives no answer now, which may only be load      stays ready, if it was the only one before it fell silent
//   nobody says so, and the last one that did
//     is stopping or gone, for 200 ms                      drain: its sessions end by themselves
//     else                                                 maint
// While there is not one that answers, all servers are asked in a tight loop: any of them may be the next.
import type { ProbeReading } from '../model/probe.ts';
import { type Reason, reason } from '../model/reason.ts';
import { type PrimaryByWords, primaryByWords } from '../model/sole-primary.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import { type Member, memberOf } from '../model/view.ts';
import { FIRST_PROBE_MS, FORMER_HURRY_MS, proofAgeMs, RETURN_MS } from './limits.ts';
import { errorOf } from './probe-words.ts';
import { type Case, closedForAll, ruling, type WriterRuling } from './ruling.ts';

export function postgresWriterRuling(given: Case): WriterRuling {
  const { view, horizon } = given;
  const waits = unasked(given);
  if (waits !== undefined) {
    return { ...closedForAll(reason('write_undecided', { member: waits })), undecided: true };
  }
  const words = wordsOf(given);
  const judged = byWords(given, words);
  const settled = judged.state === 'ready' && words.kind === 'one' && !words.silent;
  const askAll = !settled && horizon.within(turnedAt(given, words), FORMER_HURRY_MS);
  return askAll ? { ...judged, successors: view.members.map(({ name }) => name) } : judged;
}

/** Servers whose first answer is on its way, if it is worth waiting for: a router that starts must not close a correct server for want of having asked. */
export function unasked({ view, horizon }: Case): string | undefined {
  if (view.source !== 'postgres') return undefined;
  const waiting = view.members.filter(({ probe }) => probe === undefined);
  const young = waiting.filter(({ recordSeenAt }) => horizon.within(recordSeenAt, FIRST_PROBE_MS));
  return young.length === 0 ? undefined : inWords(waiting.map(({ name }) => name));
}

/** Who is primary by the servers' own words at this instant; the picture's leadership is from when it was made. */
export const wordsOf = ({ view, spec, horizon }: Case): PrimaryByWords =>
  primaryByWords(view.members, (at) => horizon.within(at, proofAgeMs(spec)));

function byWords(given: Case, words: PrimaryByWords): WriterRuling {
  switch (words.kind) {
    case 'several':
      return closedForAll(reason('conflicting_primaries', { members: inWords(words.members) }));
    case 'one': {
      const sole = memberOf(given.view, words.member);
      return sole === undefined ? closedForAll(reason('no_leader')) : soleRuling(given, sole);
    }
    case 'none':
      return formerRuling(given);
  }
}

function soleRuling({ view: { leadership }, spec, horizon }: Case, sole: Member): WriterRuling {
  const { name, probe, recordRevision } = sole;
  const said = probe?.lastAnswer;
  if (probe === undefined || said === undefined || !horizon.within(said.at, proofAgeMs(spec))) {
    return ruling(name, 'maint', tooOld(name, spec));
  }
  const answers = probe.latest.kind === 'primary';
  const since = leadership.kind === 'held' && leadership.member === name ? leadership : undefined;
  const asked = since !== undefined && said.at >= since.seenAt;
  if (answers) {
    return asked
      ? ruling(name, 'ready', reason('leader_proven', { member: name }))
      : ruling(name, 'maint', reason('leader_awaits_proof', { member: name }));
  }
  // Its state changed later than the leadership: it answered when it came to be the only one.
  return asked && recordRevision > since.revision
    ? ruling(name, 'ready', reason('leader_proven_silent', { member: name, probe: probe.latest.kind }))
    : ruling(name, 'maint', unreachable(name, probe.latest));
}

/** Nobody says that it is primary: what becomes of the sessions on the last one that did? */
function formerRuling({ view, spec, horizon }: Case): WriterRuling {
  const { leadership } = view;
  const former = memberOf(view, (leadership.kind === 'held' ? leadership.member : leadership.former) ?? '');
  if (former === undefined) return closedForAll(reason('no_leader'));
  const { name, probe } = former;
  const because = whyNot(former, spec);
  const stops = probe?.latest.kind === 'stopping' || probe?.latest.kind === 'down';
  // One that was silent for too long is out already.
  const wasIn = probe?.lastPrimaryAt !== undefined && horizon.within(probe.lastPrimaryAt, proofAgeMs(spec));
  const drains = stops && wasIn && horizon.within(leadership.seenAt, RETURN_MS);
  return ruling(name, drains ? 'drain' : 'maint', because);
}

function whyNot({ name, probe }: Member, spec: ClusterSpec): Reason {
  const member = name;
  switch (probe?.latest.kind) {
    case 'standby':
      return reason('leader_in_recovery', { member });
    case 'starting':
      return reason('leader_starting', { member });
    case 'stopping':
      return reason('leader_shutting_down', { member });
    case 'down':
      return reason('leader_down', { member, error: probe.latest.error });
    default:
      // One that was seen to go away before it fell silent is out for that, not for its age.
      return probe !== undefined && probe.primarySince === undefined
        ? unreachable(member, probe.latest)
        : tooOld(member, spec);
  }
}

const unreachable = (member: string, latest: ProbeReading): Reason =>
  reason('leader_unreachable', { member, probe: latest.kind, error: errorOf(latest) });

const tooOld = (member: string, spec: ClusterSpec): Reason =>
  reason('proof_too_old', { member, limit_ms: proofAgeMs(spec) });

/** Since when there is not one that answers. */
function turnedAt({ view: { leadership, members } }: Case, words: PrimaryByWords): Millis {
  const said = words.kind === 'one' ? members.find(({ name }) => name === words.member)?.probe?.lastAnswer : undefined;
  return said !== undefined && said.at > leadership.seenAt ? said.at : leadership.seenAt;
}

/** `pg1, pg2 and pg3`. */
function inWords(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
