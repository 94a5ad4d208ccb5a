// What the servers of a cluster say of themselves -> ClusterView, for the source `postgres`: no cluster manager, no records. A fold: what one round of
// answers can't tell (since when somebody is primary, who was it before) comes from the picture before. Pure; decides nothing.
import type { ProbeState } from '../model/probe.ts';
import { primaryByWords } from '../model/sole-primary.ts';
import type { PostgresHost, PostgresSpec } from '../model/spec.ts';
import { after, type Lsn, lagBytes, type Millis, millis, type Revision, revision } from '../model/units.ts';
import {
  type ClusterView,
  type Leadership,
  type ManagerSettings,
  type Member,
  memberOf,
  noTags,
  type Role,
} from '../model/view.ts';

/** There is no manager: nothing paused, nothing that has to run out. */
const noManager: ManagerSettings = {
  ttlMs: 0,
  loopWaitMs: 0,
  retryTimeoutMs: 0,
  maximumLagOnFailoverBytes: 0,
  synchronousMode: 'off',
  failsafeMode: false,
  standbyCluster: false,
  paused: false,
};

/**
 * The picture after these readings. `before`: the picture before, of the same cluster, undefined for the first. `patienceMs`: how long the word of a
 * server that has fallen silent still counts. `now`: when the readings were taken; they never go back in time.
 */
export function postgresView(
  { name, source }: { readonly name: string; readonly source: PostgresSpec },
  before: ClusterView | undefined,
  readings: ReadonlyMap<string, ProbeState>,
  patienceMs: number,
  now: Millis,
): ClusterView {
  const told = [...source.hosts]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((host) => ({ host, name: host.name, probe: readings.get(host.name) }));
  const words = primaryByWords(told, (at) => now < after(at, patienceMs));
  const spoken = told.some(({ name, probe }) => stateText(probe) !== memberBefore(before, name)?.stateText);
  const sole = words.kind === 'one' ? words.member : undefined;
  const turned = before === undefined || holderOf(before.leadership) !== sole;
  const next = before === undefined ? revision(1) : nextRevision(before.revision, spoken || turned);
  const leadership = turned ? newLeadership(before, sole, readings, next, now) : before.leadership;
  const position = furthest(turned ? undefined : before?.position, sole === undefined ? undefined : readings.get(sole));
  const beganAt = before?.members[0]?.recordSeenAt ?? now;
  return {
    cluster: name,
    source: 'postgres',
    revision: next,
    confirmedAt: latest([before?.confirmedAt ?? beganAt, ...told.map(({ probe }) => probe?.lastAnswer?.at)]),
    initialized: true,
    leadership,
    members: told.map(({ host, probe }) => memberOfHost(host, probe, before, { next, position, beganAt })),
    settings: noManager,
    failsafeMembers: [],
    plannedSwitch: undefined,
    ...timelineOf(before, told, now),
    problems: [],
    position,
  };
}

const nextRevision = (was: Revision, changed: boolean): Revision => (changed ? revision(was + 1n) : was);

const holderOf = (leadership: Leadership): string | undefined =>
  leadership.kind === 'held' ? leadership.member : undefined;

const memberBefore = (before: ClusterView | undefined, name: string): Member | undefined =>
  before === undefined ? undefined : memberOf(before, name);

const stateText = (probe: ProbeState | undefined): string => probe?.latest.kind ?? 'not asked';

function newLeadership(
  before: ClusterView | undefined,
  sole: string | undefined,
  readings: ReadonlyMap<string, ProbeState>,
  next: Revision,
  now: Millis,
): Leadership {
  const was = before?.leadership;
  const former = was?.kind === 'vacant' ? was.former : was?.member;
  if (sole === undefined) return { kind: 'vacant', former, revision: next, seenAt: now, graceful: false };
  const probe = readings.get(sole);
  // Where its own word makes it the primary that word counts already, from when it was asked for. Where others have gone it has to say so once more.
  const saidAt = memberBefore(before, sole)?.stateText === stateText(probe) ? now : (probe?.lastAnswer?.at ?? now);
  const seenAt = millis(Math.max(saidAt, was?.seenAt ?? saidAt));
  return { kind: 'held', member: sole, revision: next, seenAt, origin: originOf(before, former, sole) };
}

/** `found`: it was so when we came to know it, since somebody had not been asked before. */
function originOf(
  before: ClusterView | undefined,
  former: string | undefined,
  sole: string,
): 'found' | 'regained' | 'named' {
  if (former !== undefined) return former === sole ? 'regained' : 'named';
  const known = before?.members.every(({ probe }) => probe !== undefined) === true;
  return known ? 'named' : 'found';
}

interface Whole {
  readonly next: Revision;
  readonly position: Lsn | undefined;
  readonly beganAt: Millis;
}

function memberOfHost(
  { name, address }: PostgresHost,
  probe: ProbeState | undefined,
  before: ClusterView | undefined,
  { next, position, beganAt }: Whole,
): Member {
  const was = memberBefore(before, name);
  const state = stateText(probe);
  const said = probe?.lastAnswer;
  const replayed = said?.kind === 'standby' ? said.replayPosition : undefined;
  return {
    name,
    address,
    role: roleOf(probe),
    running: probe !== undefined && probe.latest === said,
    stateText: state,
    version: undefined,
    timeline: said?.timeline,
    position: ownPosition(probe),
    receivePosition: said?.kind === 'standby' ? said.receivePosition : undefined,
    replayPosition: replayed,
    lagBytes: position === undefined || replayed === undefined ? undefined : lagBytes(position, replayed),
    replicationState: undefined,
    tags: noTags,
    sync: 'async',
    pendingRestart: false,
    pauseSeen: false,
    recordRevision: was?.stateText === state ? was.recordRevision : next,
    recordSeenAt: beganAt,
    present: true,
    problem: undefined,
    probe,
  };
}

function roleOf(probe: ProbeState | undefined): Role {
  const said = probe?.lastAnswer?.kind;
  if (said === undefined) return 'unknown';
  return said === 'primary' ? 'primary' : 'replica';
}

function ownPosition(probe: ProbeState | undefined): Lsn | undefined {
  const said = probe?.lastAnswer;
  if (said?.kind !== 'standby') return said?.position;
  const { receivePosition: received, replayPosition: replayed } = said;
  if (received === undefined || replayed === undefined) return received ?? replayed;
  if (received > replayed) return received;
  return replayed;
}

/** What this primary is known to have written. Another one begins anew: it may have been promoted before it had all of it. */
function furthest(known: Lsn | undefined, primary: ProbeState | undefined): Lsn | undefined {
  const written = primary?.lastAnswer?.kind === 'primary' ? primary.lastAnswer.position : undefined;
  return known !== undefined && (written === undefined || known > written) ? known : written;
}

function timelineOf(
  before: ClusterView | undefined,
  told: readonly { readonly probe: ProbeState | undefined }[],
  now: Millis,
): Pick<ClusterView, 'timeline' | 'timelineSeenAt'> {
  const seen = told.flatMap(({ probe }) => probe?.lastAnswer?.timeline ?? []);
  const known = before?.timeline;
  const timeline = Math.max(known ?? 0, ...seen);
  if (timeline === 0) return { timeline: undefined };
  return { timeline, timelineSeenAt: timeline === known ? before?.timelineSeenAt : now };
}

const latest = (instants: readonly (Millis | undefined)[]): Millis =>
  millis(Math.max(...instants.flatMap((at) => at ?? [])));
