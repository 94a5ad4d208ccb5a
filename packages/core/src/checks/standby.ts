// Is the member a standby that runs, and how far is it behind? As Patroni's own checks ask it: PostgreSQL's word about recovery comes first, the record
// counts where PostgreSQL could not be asked. No tags, no services.
import { explainReason, inWordsOf, type Reason, reason } from '../model/reason.ts';
import type { Member } from '../model/view.ts';
import { lagOf } from '../routing/lag.ts';
import { errorOf, probeForbidsReads } from '../routing/probe-words.ts';
import { stolonRefusal } from '../routing/stolon-reader.ts';
import { writerRuling } from '../routing/writer.ts';
import { type Asked, caseOf, type Finding, no, yes } from './asked.ts';

/** PostgreSQL runs and is in recovery. */
export function standby(asked: Asked): Finding {
  const { view, member } = asked;
  const refused = view.source === 'stolon' ? refusedByStolon(asked) : undefined;
  if (refused !== undefined) return no(refused);
  const running = runs(asked);
  if (!running.ok) return running;
  const { name, probe, role, present, problem } = member;
  if (problem !== undefined)
    return no(because(asked, reason('record_unreadable', { member: name, key: problem.key, error: problem.error })));
  if (!present) return no(because(asked, reason('replica_record_gone', { member: name })));
  if (probe?.latest.kind === 'primary') return no(`PostgreSQL of ${name} is not in recovery`);
  if (probe?.latest.kind === 'standby' || role === 'replica' || role === 'standby_leader') return yes(running.why);
  return no(because(asked, reason('replica_role', { member: name, role })));
}

/** PostgreSQL runs, as a primary or as a standby. */
export function runs(asked: Asked): Finding {
  const { view, member } = asked;
  const { name, probe, running, present, problem, stateText } = member;
  switch (probe?.latest.kind) {
    case 'primary':
      return yes(`PostgreSQL of ${name} says that it is primary`);
    case 'standby':
      return yes(`PostgreSQL of ${name} says that it is a standby`);
    case 'silent':
      return no(`PostgreSQL of ${name} gives no answer: ${errorOf(probe.latest)}`);
    case 'starting':
    case 'stopping':
    case 'down': {
      const forbidden = probeForbidsReads(member);
      return no(forbidden === undefined ? `PostgreSQL of ${name} does not run` : because(asked, forbidden));
    }
    case 'denied':
      if (view.source === 'postgres') return no(`PostgreSQL of ${name} turns pgrouted away: ${errorOf(probe.latest)}`);
      break;
    case undefined:
      if (view.source === 'postgres') return no(`PostgreSQL of ${name} has not been asked yet`);
  }
  if (problem !== undefined)
    return no(because(asked, reason('record_unreadable', { member: name, key: problem.key, error: problem.error })));
  if (!present) return no(because(asked, reason('replica_record_gone', { member: name })));
  return running
    ? yes(`${name}'s record says 'running'`)
    : no(because(asked, reason('replica_not_running', { member: name, state: stateText })));
}

function refusedByStolon(asked: Asked): string | undefined {
  const given = caseOf(asked);
  const refused = stolonRefusal(given, asked.member, writerRuling(given));
  return refused === undefined ? undefined : because(asked, refused);
}

export const because = ({ view }: Asked, told: Reason): string => explainReason(inWordsOf(view.source, told));

/**
 * Bytes behind the primary. `written`: what it has not received yet, where that is known to be less than what it has not replayed. Patroni's rule where
 * something is unknown: without the primary's position nobody lags, without its own a member has replayed nothing.
 */
export function lagBehind(asked: Asked, what: 'replayed' | 'written'): number {
  const { view, member } = asked;
  const lag = lagOf(caseOf(asked), member);
  if (lag === undefined) return view.position === undefined || view.position === 0n ? 0 : Number.POSITIVE_INFINITY;
  return what === 'replayed' ? lag : Math.max(0, lag - unreplayed(member));
}

/** Received and not replayed yet. Records before Patroni 4.1 tell only the greater of both, and lag is measured by that. */
function unreplayed({ probe, receivePosition, replayPosition }: Member): number {
  const said = probe?.lastAnswer;
  const { received, replayed } =
    said?.kind === 'standby' && said.replayPosition !== undefined
      ? { received: said.receivePosition, replayed: said.replayPosition }
      : { received: receivePosition, replayed: replayPosition };
  return received === undefined || replayed === undefined || received < replayed ? 0 : Number(received - replayed);
}
