// Who holds the leader key, and what is remembered about it from picture to picture.
//
//                 ┌───────────── put of another name (also without a delete) ─────────────┐
//                 ▼                                                                        │
//   (first) ──▶ held ──key gone──▶ vacant(former, graceful?) ──put of another name──▶ held: named
//    found        ▲                     │
//                 └── same name, and not graceful: regained
//
// A lease that runs out takes the leader key and its holder's member key in one revision. A leader that stops in good order deletes only the
// leader key, after PostgreSQL is down, and right after it wrote its last position to `status` (measured with 2.0.2, 2.1.4, 3.0.2, 4.1.4).
import { recordProof } from '../model/authority.ts';
import type { Millis, Revision } from '../model/units.ts';
import { type ClusterView, type Leadership, type Member, memberOf } from '../model/view.ts';
import type { StoreEntry } from '../store/entries.ts';

/** A last `status` this long before the key was deleted is the stop's own, not the routine one of the loop before. */
const LAST_STATUS_MS = 1_000;

type Held = Extract<Leadership, { kind: 'held' }>;
type Vacant = Extract<Leadership, { kind: 'vacant' }>;

export interface LeaderFacts {
  /** The leader key; undefined: absent. */
  readonly entry: StoreEntry | undefined;
  /** The name in it; undefined: absent, or not readable as a name. */
  readonly name: string | undefined;
  readonly revision: Revision;
  readonly now: Millis;
  /** As they are now, those whose record is gone included. */
  readonly members: readonly Member[];
  readonly statusWritten: ClusterView['statusWritten'];
}

export function leadershipAfter(before: ClusterView | undefined, facts: LeaderFacts): Leadership {
  const { entry, name } = facts;
  if (entry === undefined || name === undefined) return vacancy(before, facts);
  return withRecordProof(holding(before, entry, name, facts), before, facts);
}

function holding(before: ClusterView | undefined, entry: StoreEntry, name: string, facts: LeaderFacts): Held {
  const was = before?.leadership;
  const createRevision = entry.createRevision;
  if (was?.kind === 'held' && was.member === name && !createdAnew(was, entry)) {
    return createRevision === undefined ? was : { ...was, createRevision };
  }
  const revision = entry.modRevision;
  const named = { kind: 'held', member: name, revision, seenAt: facts.now, createRevision } as const;
  if (before === undefined || was === undefined) return { ...named, origin: 'found', recordsFrom: revision };
  // etcd was restored to an earlier state: its records tell of then. Only what is written from here on tells of now.
  if (facts.revision < before.revision) return { ...named, origin: 'found', recordsFrom: facts.revision };
  if (was.kind === 'vacant' && was.former === name && !was.graceful) {
    return { ...named, origin: 'regained', recordsFrom: was.recordsFrom ?? revision };
  }
  // The key was deleted and made again while we could not look; who held it in between is not known.
  if (was.kind === 'held' && was.member === name) return { ...named, origin: 'found', recordsFrom: revision };
  return { ...named, origin: 'named', recordsFrom: revision };
}

function createdAnew(was: Held, entry: StoreEntry): boolean {
  return (
    was.createRevision !== undefined &&
    entry.createRevision !== undefined &&
    was.createRevision !== entry.createRevision
  );
}

function withRecordProof(held: Held, before: ClusterView | undefined, { members, now }: LeaderFacts): Held {
  const member = members.find(({ name }) => name === held.member);
  if (member === undefined || recordProof(held, member).kind !== 'proven') {
    return held.recordProofSince === undefined ? held : { ...held, recordProofSince: undefined };
  }
  const was = before?.leadership;
  const sameAsBefore = was?.kind === 'held' && was.member === held.member && was.revision === held.revision;
  return { ...held, recordProofSince: sameAsBefore ? (was.recordProofSince ?? now) : now };
}

function vacancy(before: ClusterView | undefined, facts: LeaderFacts): Vacant {
  const { entry, revision, now } = facts;
  const was = before?.leadership;
  const nobody: Vacant = { kind: 'vacant', former: undefined, revision, seenAt: now, graceful: false };
  // The key is there but names somebody whom we can't read: whoever that is, it is not the former leader.
  if (entry !== undefined) return was?.kind === 'vacant' && was.former === undefined ? was : nobody;
  if (before === undefined || was === undefined) return nobody;
  if (was.kind === 'vacant') {
    return was.graceful || !saysStopped(facts, was.former, was.revision) ? was : { ...was, graceful: true };
  }
  return {
    kind: 'vacant',
    former: was.member,
    revision,
    seenAt: now,
    graceful: letGo(before, was, facts),
    recordsFrom: was.recordsFrom ?? was.revision,
  };
}

/** Signs, at the moment when the key goes, that PostgreSQL had been stopped first. */
function letGo(before: ClusterView, was: Held, facts: LeaderFacts): boolean {
  const member = facts.members.find(({ name }) => name === was.member);
  // Both keys gone at once: the lease ran out, nobody decided anything.
  if (member === undefined || !member.present) return false;
  if (isStopped(member)) return true;
  // Patroni's record loses its position while it demotes (or restarts) PostgreSQL.
  if (member.position === undefined && memberOf(before, was.member)?.problem === undefined) return true;
  const { statusWritten, now } = facts;
  return (
    !before.settings.paused &&
    statusWritten !== undefined &&
    statusWritten.revision > member.recordRevision &&
    now - statusWritten.seenAt < LAST_STATUS_MS
  );
}

/** Patroni's record of the former leader often follows the deletion by some 50 ms. */
function saysStopped({ members }: LeaderFacts, former: string | undefined, since: Revision): boolean {
  const member = members.find(({ name }) => name === former);
  return member?.present === true && member.recordRevision > since && isStopped(member);
}

function isStopped({ role, stateText }: Member): boolean {
  return role === 'demoted' || stateText === 'stopping' || stateText === 'stopped';
}
