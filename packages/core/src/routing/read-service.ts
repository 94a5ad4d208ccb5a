// What a read service holds: the members of its first tier, or whoever stands in for them, each with its weight; and how everybody else leaves.
// It only puts together: candidate.ts judges each member, tiers.ts chooses, leaving.ts sends away.
import type { Verdict } from '../model/decision.ts';
import type { ServerMemory } from '../model/memory.ts';
import { clusterDataReason, type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import { type Candidate, candidateOf } from './candidate.ts';
import { type Left, leave, remember, unchanged } from './leaving.ts';
import { FIRST_PROBE_MS } from './limits.ts';
import { unasked } from './postgres-writer.ts';
import { type Case, namesOf, type ServiceRuling, type WriterRuling } from './ruling.ts';
import { failedSelectors, selectionOf } from './selected.ts';
import { type LowerTier, type Tiers, tiersOf } from './tiers.ts';
import { weightOf } from './weights.ts';

export function readService(given: Case, service: ServiceSpec, writer: WriterRuling): ServiceRuling {
  const candidates = given.view.members.map((member) => candidateOf(given, service, member, writer));
  const tiers = tiersOf(given, service, candidates);
  const placed = candidates.map((candidate) => place(given, service, candidate, tiers, writer));
  const waits = awaited(given, service, candidates, tiers, writer);
  return {
    decision: {
      ...namesOf(service),
      verdicts: placed.map(({ verdict }) => verdict),
      reason: waits?.reason ?? summary(tiers),
      undecided: waits !== undefined,
      keep: waits?.keep,
    },
    memory: remembered(given, service, placed, waits),
    alarms: [
      ...placed.flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm])),
      ...failedSelectors(given, service.name, [
        ...(service.selector === undefined ? [] : [service.selector]),
        ...service.backup,
      ]),
    ],
  };
}

interface Placed {
  readonly verdict: Verdict;
  readonly memory: ServerMemory;
  readonly alarm: Reason | undefined;
}

/** Of what is not decided nothing is learnt. */
function remembered(
  given: Case,
  service: ServiceSpec,
  placed: readonly Placed[],
  waits: Awaited | undefined,
): readonly ServerMemory[] {
  if (waits === undefined) return placed.map(({ memory }) => memory);
  const before = unchanged(given, service);
  if (waits.keep === undefined) return before;
  const kept = before.filter(({ member }) => member === waits.keep);
  return [...placed.flatMap(({ memory }) => (memory.member === waits.keep ? [] : [memory])), ...kept];
}

function place(given: Case, service: ServiceSpec, candidate: Candidate, tiers: Tiers, writer: WriterRuling): Placed {
  const { member, asPrimary, remembered } = candidate;
  const { name } = member;
  const isFirst = tiers.first.has(name);
  const lower = tiers.lower?.members.has(name) === true ? tiers.lower : undefined;
  // One of which nothing is asked now keeps the side that it was on.
  const lag = candidate.lag === undefined ? remembered?.lag : candidate.lag.memory;
  const { weight, alarm } = weightOf(service, member, candidate.orders);
  const hasLines = service.servers.backupName !== undefined;
  const backup = lower === undefined ? 'maint' : 'ready';
  if (isFirst) {
    const lines = hasLines ? ({ own: 'ready', backup } as const) : undefined;
    return {
      verdict: stated('ready', inFirst(service, candidate, tiers), candidate, { weight, lines }),
      memory: remember(given, service, name, { last: { tier: 0, asPrimary } }, lag),
      alarm,
    };
  }
  const serves = lower !== undefined && tiers.first.size === 0 ? lower : undefined;
  const follows = followsWriter(candidate, writer);
  const told = follows ? writer.reason : whyOut(candidate, tiers);
  const against = serves === undefined ? told : (candidate.against ?? candidate.why);
  const left = leaveAs(given, service, candidate, against, follows && serves === undefined);
  const lines = hasLines ? ({ own: left.state, backup } as const) : undefined;
  // Where only its backup line serves, its own line is still to be left by those who are on it.
  const ends = left.ends && (serves === undefined || hasLines) ? true : undefined;
  if (serves === undefined) {
    return {
      verdict: stated(left.state, against, candidate, { weight, lines, ends }),
      memory: remember(given, service, name, { out: left.out }, lag),
      alarm,
    };
  }
  const memory = remember(given, service, name, { last: { tier: serves.tier, asPrimary } }, lag);
  return {
    verdict: stated('ready', standsIn(name, serves), candidate, { weight, lines, ends }),
    memory: hasLines ? { ...memory, out: left.out } : memory,
    alarm,
  };
}

function stated(
  state: Verdict['state'],
  why: Reason,
  { member, orders }: Candidate,
  { weight, lines, ends }: Pick<Verdict, 'weight' | 'lines' | 'ends'>,
): Verdict {
  const rests = why.code === 'override_ready' || why.code === 'override_maint' || why.code === 'override_drain';
  const override = (rests ? orders.action : undefined) ?? orders.weight?.override;
  return { member: member.name, state, reason: why, ends, weight, lines, override: override?.id };
}

function inFirst({ keepAtLeast }: ServiceSpec, { member, lag, why }: Candidate, { kept }: Tiers): Reason {
  if (!kept.has(member.name) || lag === undefined) return why;
  return reason('replica_kept', { ...lag.facts, keep_at_least: keepAtLeast });
}

/** Why it stands in, in words that tell the usual case from those that an operator made up. */
const standsIn = (member: string, { tier, fallback }: LowerTier): Reason =>
  fallback ? reason('fallback_to_primary', { member }) : reason('backup_serves', { member, tier });

/**
 * Why it is out. One that was in as a stand-in leaves because it is not needed any more, or because of what would keep any stand-in out; that the service
 * never wanted it is no news. One that was of the first tier leaves for what speaks against it there.
 */
function whyOut({ member, against, barred, why, remembered, asPrimary }: Candidate, { standIns }: Tiers): Reason {
  const told = against ?? why;
  if (remembered?.last?.tier === 0) return told;
  const stoodIn = remembered?.last !== undefined;
  if (barred !== undefined) return stoodIn ? barred : told;
  const tier = standIns.get(member.name);
  return tier === undefined || asPrimary ? told : reason('backup_not_needed', { member: member.name, tier });
}

/**
 * The primary, where it takes reads too, is drained along with the write service: for the moments in which it may keep its writers' sessions it may keep its
 * readers' as well.
 */
const followsWriter = ({ member, remembered }: Candidate, { member: writer, state }: WriterRuling): boolean =>
  writer === member.name && state === 'drain' && remembered?.last?.asPrimary === true;

function leaveAs(given: Case, service: ServiceSpec, candidate: Candidate, why: Reason, spared: boolean): Left {
  const { member, orders, remembered } = candidate;
  const orderedAt = why.code === 'override_maint' || why.code === 'override_drain' ? orders.action?.since : undefined;
  // Where it stands in by its backup line, sessions on its own line are from when it was of the first tier, also after others are back: they may follow
  // within milliseconds, so that HAProxy never hears of what was decided in between.
  const ofOwnLine =
    service.servers.backupName !== undefined && remembered !== undefined
      ? { ...given, memory: [{ ...remembered, last: remembered.last?.tier === 0 ? remembered.last : undefined }] }
      : given;
  const left = leave(ofOwnLine, service, member.name, why, orderedAt);
  return spared ? { ...left, state: 'drain', ends: false } : left;
}

interface Awaited {
  readonly reason: Reason;
  readonly keep: string | undefined;
}

/** What is still on its way, and must be known before anything is done: a router that starts must not close a correct server for want of having asked. */
function awaited(
  given: Case,
  service: ServiceSpec,
  candidates: readonly Candidate[],
  tiers: Tiers,
  writer: WriterRuling,
): Awaited | undefined {
  const unknown = unknownReads(given) ?? firstDelays(given, service, candidates);
  if (unknown !== undefined) return { reason: unknown, keep: undefined };
  const { member } = writer;
  if (!writer.undecided) return undefined;
  if (tiers.first.size === 0 && wouldStandIn(given, service, tiers, member)) {
    return { reason: summary(tiers), keep: undefined };
  }
  if (service.role !== 'any' || member === undefined) return undefined;
  return { reason: reason('read_undecided', { member }), keep: member };
}

/** The primary, if it turns out to be one, would stand in before anybody who can be found now. */
function wouldStandIn(
  given: Case,
  { backup, fallback }: ServiceSpec,
  { lower }: Tiers,
  writer: string | undefined,
): boolean {
  const above = backup.slice(0, lower === undefined ? undefined : lower.tier - 1);
  if (writer !== undefined && above.some((text) => selectionOf(given, text).names.has(writer))) return true;
  return lower === undefined && fallback === 'primary';
}

/** A cluster of which nothing could be read yet, or a server that was not asked yet, may well have standbys that serve. */
function unknownReads(given: Case): Reason | undefined {
  const waits = unasked(given);
  if (waits !== undefined) return reason('read_undecided', { member: waits });
  const { members, proxies } = given.view;
  return members.length > 0 || proxies?.problem === undefined ? undefined : clusterDataReason(proxies.problem);
}

/** At the first look at a service with a limit in time: only the probe knows that, and has not answered yet. */
function firstDelays(given: Case, { maxLag, name }: ServiceSpec, candidates: readonly Candidate[]): Reason | undefined {
  if (maxLag?.time === undefined || given.spec.probe === undefined) return undefined;
  if (given.memory.some(({ service }) => service === name)) return undefined;
  const waiting = candidates.filter(
    ({ onlyLags, member: { probe, recordSeenAt } }) =>
      onlyLags && probe === undefined && given.horizon.within(recordSeenAt, FIRST_PROBE_MS),
  );
  const [first] = waiting;
  return first === undefined ? undefined : reason('read_undecided', { member: first.member.name });
}

function summary({ first, lower }: Tiers): Reason {
  if (first.size > 0) return reason('read_open', { members: [...first].sort().join(', ') });
  if (lower === undefined) return reason('read_closed');
  const members = [...lower.members].join(', ');
  return lower.fallback
    ? reason('read_on_primary', { member: members })
    : reason('read_on_backup', { tier: lower.tier, members });
}
