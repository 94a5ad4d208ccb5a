// How far a standby is behind, in bytes and in time. Positions are compared only with positions of about the same instant: what a probe read now against a
// record of ten seconds ago would show a lag that isn't there.
import type { ProbeAnswer } from '../model/probe.ts';
import { type Lsn, lagBytes } from '../model/units.ts';
import { type Member, memberOf } from '../model/view.ts';
import { proofAgeMs, SAMPLING_MS } from './limits.ts';
import type { Case } from './ruling.ts';

/** Undefined: not known. */
export function lagOf(given: Case, member: Member): number | undefined {
  const said = freshAnswer(given, member);
  if (said?.kind === 'standby' && said.replayPosition !== undefined) {
    const ahead = leaderPosition(given);
    if (ahead !== undefined) return lagBytes(ahead, said.replayPosition);
  }
  return lagByRecord(given, member);
}

/**
 * Milliseconds since the newest transaction that it has replayed, by its own word; 0 where it has replayed all that it received. Undefined: not known, or
 * none replayed since it started.
 */
export function replayDelayOf(given: Case, member: Member): number | undefined {
  const said = freshAnswer(given, member);
  return said?.kind === 'standby' ? said.replayDelayMs : undefined;
}

/**
 * The primary writes its position once per loop, and its standbys write theirs right after. In between their older records would show a whole
 * loop's worth of writes as lag; so for a moment the lag at the time of the record counts. A standby that stands still writes no new record.
 */
function lagByRecord({ view, horizon }: Case, member: Member): number | undefined {
  const { leadership, statusWritten, settings } = view;
  // The leader of a standby cluster has nobody in this cluster to be behind of.
  if (settings.standbyCluster && leadership.kind === 'held' && leadership.member === member.name) return 0;
  const { lagBytes: lag, lagBytesWhenWritten: lagThen } = member;
  if (lag === undefined || lagThen === undefined || statusWritten === undefined) return lag;
  const overtaken = statusWritten.revision > member.recordRevision && horizon.within(statusWritten.seenAt, SAMPLING_MS);
  return overtaken ? Math.min(lag, lagThen) : lag;
}

/** What the primary has written: by its probe, and never less than what records (or its standbys' receivers) already show. */
function leaderPosition(given: Case): Lsn | undefined {
  const { view } = given;
  const { leadership } = view;
  if (view.source === 'postgres' && leadership.kind === 'vacant') return lastPosition(given, leadership.former);
  const leader = memberOf(view, leadership.kind === 'held' ? leadership.member : (leadership.former ?? ''));
  const said = leader === undefined ? undefined : freshAnswer(given, leader);
  const written = said?.kind === 'primary' ? said.position : undefined;
  if (written === undefined) return view.position;
  return view.position !== undefined && view.position > written ? view.position : written;
}

/** Nobody is primary, and nobody keeps what was written: the last primary's own word, however old, and what the others have received since. */
function lastPosition(given: Case, former: string | undefined): Lsn | undefined {
  const known = given.view.members.flatMap((member) => {
    const said = member.probe?.lastAnswer;
    if (said?.kind === 'primary') return member.name === former ? [said.position] : [];
    return freshAnswer(given, member) === undefined ? [] : [member.receivePosition, member.replayPosition];
  });
  return known.reduce((most, one) => (one !== undefined && (most === undefined || one > most) ? one : most), undefined);
}

function freshAnswer({ spec, horizon }: Case, { probe }: Member): ProbeAnswer | undefined {
  const said = probe?.lastAnswer;
  return said !== undefined && horizon.within(said.at, proofAgeMs(spec)) ? said : undefined;
}
