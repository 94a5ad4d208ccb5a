// When the leader's record says that it takes no writes, and PostgreSQL says `primary`: whom to believe.
//
// Records are written once per loop (10 s) or when a state changes, so a bad word can be stale: `crashed` stands for up to a loop after PostgreSQL
// came back. PostgreSQL's own answer is later and better, if it was *asked* after the record was seen:
//   stopped, crashed, starting, ...   tell what was; any later answer `primary` overrules them
//   stopping, restarting, demoted     tell what is about to happen; the answer may have been given just before it did. They are overruled only by a
//                                     run of answers that began after the record (it went down and came back), or by one 2 s later
//                                     (a PostgreSQL that was told to stop refuses sessions within milliseconds)
// Believing the record too long costs a loop of downtime; believing the probe too early costs a client a broken session. No order of the two
// can lead to two writers: the key names one member only.
import { type Reason, reason } from '../model/reason.ts';
import { after } from '../model/units.ts';
import type { Member } from '../model/view.ts';
import { STOP_TAKES_MS } from './limits.ts';
import { saysNoPrimary } from './probe-words.ts';

const past = new Set(['crashed', 'stopped', 'starting', 'start failed', 'stop failed', 'restart failed']);
const coming = new Set(['stopping', 'restarting']);

/** Why the record keeps its member out of a write service; undefined: it does not. */
export function recordForbids(member: Member): Reason | undefined {
  if (!member.present) return undefined;
  const about =
    member.role === 'demoted' || coming.has(member.stateText)
      ? 'coming'
      : past.has(member.stateText)
        ? 'past'
        : undefined;
  if (about === undefined || overruled(member, about)) return undefined;
  return reason('leader_record_state', { member: member.name, state: member.stateText, role: member.role });
}

function overruled({ probe, recordSeenAt }: Member, about: 'past' | 'coming'): boolean {
  const said = probe === undefined || saysNoPrimary(probe.latest) ? undefined : probe.lastAnswer;
  if (said?.kind !== 'primary' || said.at <= recordSeenAt) return false;
  if (about === 'past') return true;
  return (probe?.primarySince ?? said.at) > recordSeenAt || said.at >= after(recordSeenAt, STOP_TAKES_MS);
}
