// Whether what an operator asks for can be meant: the names are looked up in what is known, with the nearest one where there is none. Pure; does nothing.
import { GREATEST_WEIGHT, instantOf, LONGEST_TEXT, type Moment } from '../fleet/override-record.ts';
import { nearestWord } from '../model/nearest.ts';
import { type Override, overrideWords } from '../model/override.ts';
import { isWriteService } from '../model/service.ts';
import { after } from '../model/units.ts';
import { hasControlCharacter, shown } from '../store/names.ts';
import type { OverrideRefusal, OverrideRequest } from './api.ts';
import type { ToldCluster } from './fleet-facts.ts';
import type { ClusterOverride } from './overrides.ts';

export type CheckedRequest =
  | { readonly ok: true; readonly cluster: string; readonly override: Omit<Override, 'id' | 'scope' | 'revision'> }
  | { readonly ok: false; readonly refusal: OverrideRefusal };

/** Longer than any maintenance; what is to stay for ever is a tag. */
const LONGEST_MS = 366 * 24 * 3_600_000;

export function checkRequest(
  request: OverrideRequest,
  clusters: readonly ToldCluster[],
  moment: Moment,
): CheckedRequest {
  const { action, member, service, owner, reason } = request;
  const refusal = checkName('owner', owner) ?? checkName('reason', reason);
  if (refusal !== undefined) return { ok: false, refusal };
  if (
    action.kind === 'weight' &&
    !(Number.isInteger(action.weight) && action.weight >= 0 && action.weight <= GREATEST_WEIGHT)
  )
    return unfit('the weight is no whole number from 0 to 256', 'write one, such as 50');
  const found = clusterOf(request.cluster, clusters);
  if (!('spec' in found)) return found;
  const { spec } = found;
  const members = found.view()?.members.map(({ name }) => name);
  if (members === undefined)
    return refused('unavailable', `nothing is known of cluster ${spec.name} yet`, 'try again when it has been read');
  if (!members.includes(member)) return unknown(`member ${shown(member)} in cluster ${spec.name}`, member, members);
  const named = spec.services.find(({ name }) => name === service);
  const services = spec.services.map(({ name }) => name);
  if (service !== undefined && named === undefined)
    return unknown(`service ${shown(service)} in cluster ${spec.name}`, service, services);
  if (action.kind === 'ready' && named !== undefined && isWriteService(named) && services.length === 1)
    return unfit(
      `no override makes a writer, so \`ready\` means nothing in ${named.name}`,
      'leave it to the cluster manager',
    );
  const end = endOf(request, moment);
  if (!end.ok) return end;
  return {
    ok: true,
    cluster: spec.name,
    override: {
      member,
      service,
      action,
      owner: owner.trim(),
      reason: reason.trim(),
      createdAt: moment.wall.toISOString(),
      since: moment.now,
      ...end.times,
    },
  };
}

/** `what`: the field. Undefined: the text can stand in a record and be shown. */
export function checkName(what: 'owner' | 'reason' | 'by', text: string): OverrideRefusal | undefined {
  if (text.trim() === '')
    return unfit(`${what} is missing`, what === 'reason' ? 'say why' : 'say who asks for it').refusal;
  if (text.length <= LONGEST_TEXT && !hasControlCharacter(text)) return undefined;
  return unfit(`${what} is no line of at most ${LONGEST_TEXT} characters`, 'make it shorter, on one line').refusal;
}

export function unknownOverride(cluster: string, id: string, all: readonly ClusterOverride[]): OverrideRefusal {
  const known = all.filter((one) => one.cluster === cluster);
  return {
    kind: 'refused',
    as: 'unknown',
    error: `no override ${shown(id)} stands in cluster ${shown(cluster)}`,
    remedy:
      known.length === 0
        ? 'none does; it may have run out'
        : `these do: ${known.map(({ override }) => `${override.id} (${overrideWords(override)})`).join(', ')}`,
  };
}

function clusterOf(name: string | undefined, clusters: readonly ToldCluster[]): ToldCluster | Refused {
  const names = clusters.map(({ spec }) => spec.name);
  const [only, another] = clusters;
  if (name === undefined) {
    if (only !== undefined && another === undefined) return only;
    return unfit('the cluster is missing', `there are several (${listed(names)}): name one`);
  }
  return clusters.find(({ spec }) => spec.name === name) ?? unknown(`cluster ${shown(name)}`, name, names);
}

type Ends = { readonly ok: true; readonly times: Pick<Override, 'expiresAt' | 'until'> } | Refused;

function endOf({ ends }: OverrideRequest, moment: Moment): Ends {
  if (ends === undefined) return { ok: true, times: { expiresAt: undefined, until: undefined } };
  const until = 'at' in ends ? instantOf(ends.at, moment) : after(moment.now, ends.forMs);
  const leftMs = until - moment.now;
  if (!Number.isFinite(leftMs)) return unfit('its end is no instant', 'write it as 2026-11-21T18:00:00Z');
  if (leftMs <= 0) return unfit('its end is over already', 'write one that is to come');
  if (leftMs > LONGEST_MS) return unfit('it would last longer than a year', 'leave its end out, or set a tag instead');
  const expiresAt = new Date(moment.wall.getTime() + leftMs).toISOString();
  return { ok: true, times: { expiresAt, until } };
}

type Refused = { readonly ok: false; readonly refusal: OverrideRefusal };

const refused = (as: OverrideRefusal['as'], error: string, remedy: string): Refused => ({
  ok: false,
  refusal: { kind: 'refused', as, error, remedy },
});

const unfit = (error: string, remedy: string): Refused => refused('unfit', error, remedy);

function unknown(what: string, name: string, known: readonly string[]): Refused {
  const near = nearestWord(name, known);
  return refused(
    'unknown',
    `there is no ${what}`,
    near === undefined ? `known: ${listed(known)}` : `did you mean ${near}? Known: ${listed(known)}`,
  );
}

/** Never more names than a person reads. */
const listed = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : `${names.slice(0, 20).join(', ')}${names.length > 20 ? ', ...' : ''}`;
