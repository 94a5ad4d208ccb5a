// How far a standby is behind, in bytes. Positions are compared only with positions of about the same instant: what a probe read now against a
// record of ten seconds ago would show a lag that isn't there.
import type { ProbeAnswer } from '../model/probe.ts';
import { type Lsn, lagBytes } from '../model/units.ts';
import { type Member, memberOf } from '../model/view.ts';
import { proofAgeMs } from './limits.ts';
import type { Case } from './ruling.ts';

/** Undefined: not known. */
export function lagOf(given: Case, member: Member): number | undefined {
  const said = freshAnswer(given, member);
  if (said?.kind === 'standby' && said.replayPosition !== undefined) {
    const ahead = leaderPosition(given);
    if (ahead !== undefined) return lagBytes(ahead, said.replayPosition);
  }
  return member.lagBytes;
}

/** What the primary has written: by its probe, and never less than what records (or its standbys' receivers) already show. */
function leaderPosition(given: Case): Lsn | undefined {
  const { view } = given;
  const { leadership } = view;
  const leader = memberOf(view, leadership.kind === 'held' ? leadership.member : (leadership.former ?? ''));
  const said = leader === undefined ? undefined : freshAnswer(given, leader);
  const written = said?.kind === 'primary' ? said.position : undefined;
  if (written === undefined) return view.position;
  return view.position !== undefined && view.position > written ? view.position : written;
}

function freshAnswer({ spec, horizon }: Case, { probe }: Member): ProbeAnswer | undefined {
  const said = probe?.lastAnswer;
  return said !== undefined && horizon.within(said.at, proofAgeMs(spec)) ? said : undefined;
}
