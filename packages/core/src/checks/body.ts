// What a member is, in the words of Patroni's REST API (4.x): the body of a check. Only what is known stands in it; no secret, no address.
import type { ProbeState } from '../model/probe.ts';
import type { Lsn } from '../model/units.ts';
import type { Member, Role } from '../model/view.ts';
import type { Asked } from './asked.ts';

export type Body = Readonly<Record<string, unknown>>;

const roleWords: Readonly<Record<Role, string | undefined>> = {
  primary: 'primary',
  promoting: 'promoted',
  replica: 'replica',
  standby_leader: 'standby_leader',
  demoted: 'demoted',
  uninitialized: 'uninitialized',
  unknown: undefined,
};

/** Without what pgrouted adds of its own. A field that is not known is undefined, so that JSON leaves it out. */
export function patroniBody({ spec: { source }, view, member }: Asked): Body {
  const { leadership, settings } = view;
  const { probe, tags } = member;
  const set = { noloadbalance: tags.noloadbalance, nofailover: tags.nofailover, nosync: tags.nosync };
  const named = Object.entries({ ...tags.custom, ...set }).filter(([key, value]) => !(key in set) || value === true);
  return {
    state: stateOf(member),
    role: roleOf(member, settings.standbyCluster),
    timeline: probe?.lastAnswer?.timeline ?? member.timeline,
    xlog: xlogOf(member),
    replication_state: member.replicationState,
    sync_standby: member.sync === 'sync' || undefined,
    quorum_standby: member.sync === 'quorum' || undefined,
    cluster_unlocked: leadership.kind === 'vacant' || undefined,
    pause: settings.paused || undefined,
    pending_restart: member.pendingRestart || undefined,
    tags: named.length === 0 ? undefined : Object.fromEntries(named),
    database_system_identifier: view.systemId,
    patroni:
      source.kind === 'patroni' ? { version: member.version, scope: source.scope, name: member.name } : undefined,
  };
}

/** PostgreSQL's own word first; where it gives no answer the record's, unless that says `running`: then nobody knows. */
function stateOf({ probe, stateText, running }: Member): string {
  switch (probe?.latest.kind) {
    case 'primary':
    case 'standby':
      return 'running';
    case 'starting':
    case 'stopping':
      return probe.latest.kind;
    case 'down':
    case 'silent':
      return running ? 'unknown' : stateText;
    case 'denied':
    case undefined:
      return stateText;
  }
}

function roleOf({ probe, role }: Member, standbyCluster: boolean): string | undefined {
  const said = answerOf(probe);
  if (said?.kind === 'primary') return 'primary';
  if (said?.kind === 'standby') return standbyCluster && role === 'standby_leader' ? 'standby_leader' : 'replica';
  return roleWords[role];
}

function xlogOf({ probe, role, position, receivePosition, replayPosition }: Member): Body | undefined {
  const said = answerOf(probe);
  if (said?.kind === 'primary') return filled({ location: said.position ?? position });
  const received = said?.receivePosition ?? receivePosition;
  const replayed = said?.replayPosition ?? replayPosition;
  if (said === undefined && role === 'primary') return filled({ location: position });
  return filled({ received_location: received, replayed_location: replayed });
}

const answerOf = (probe: ProbeState | undefined) =>
  probe?.latest.kind === 'primary' || probe?.latest.kind === 'standby' ? probe.latest : undefined;

/** Undefined if none of the positions is known. */
function filled(positions: Readonly<Record<string, Lsn | undefined>>): Body | undefined {
  const known = Object.entries(positions).flatMap(([key, at]) =>
    at === undefined ? [] : [[key, Number(at)] as const],
  );
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
