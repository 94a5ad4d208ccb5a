// On which side of its service's lag limit a standby is: out above the one threshold, back at or below the other, and on either side for the dwell at
// least, so that one that hovers does not flap. Only lag is judged here, and only what is remembered is looked back at.
//
//            lag > leave, after the dwell             unknown counts as beyond both thresholds
//   within ──────────────────────────────▶ beyond     first look: beyond or within by `leave`, with no dwell before it
//     ▲                                       │
//     └───────────────────────────────────────┘
//            lag <= enter, after the dwell
import type { ServerMemory } from '../model/memory.ts';
import { type Reason, type ReasonFact, reason } from '../model/reason.ts';
import { type LagLimit, type LagThreshold, lagLimitOfBytes, type ServiceSpec } from '../model/service.ts';
import type { ClusterView, Member } from '../model/view.ts';
import { lagOf, replayDelayOf } from './lag.ts';
import type { Case } from './ruling.ts';

export interface LagSide {
  readonly beyond: boolean;
  readonly reason: Reason;
  /** How far behind, in limits: above 1 is too far. Infinite: not known. */
  readonly excess: number;
  /** In words and figures, for other reasons. */
  readonly facts: Reason['facts'];
  /** To be remembered. */
  readonly memory: ServerMemory['lag'];
}

/** The limit of the service; in Stolon its own maxStandbyLag where the operator gives none. */
export function lagLimitOf({ maxLag }: ServiceSpec, { proxies }: ClusterView): LagLimit | undefined {
  if (maxLag !== undefined || proxies?.maxStandbyLagBytes === undefined) return maxLag;
  return lagLimitOfBytes(proxies.maxStandbyLagBytes);
}

export function lagSideOf(given: Case, limit: LagLimit, member: Member, before: ServerMemory['lag']): LagSide {
  const { horizon } = given;
  const measures = measured(given, limit, member);
  const known = measures.every(({ lag }) => lag !== undefined);
  const crosses = before?.beyond === true ? !isWithin(measures, 'enter') : !isWithin(measures, 'leave');
  const dwells = before !== undefined && crosses !== before.beyond && horizon.within(before.since, limit.dwellMs);
  const beyond = dwells ? before.beyond : crosses;
  const side: ServerMemory['lag'] = before?.beyond === beyond ? before : { beyond, since: horizon.now };
  const facts = {
    member: member.name,
    ...figures(measures),
    limit: words(measures, 'leave'),
    ...(dwells ? { dwell_ms: limit.dwellMs } : {}),
  };
  return {
    beyond,
    reason: told({ beyond, dwells, known, wasBeyond: before?.beyond === true }, measures, facts),
    excess: Math.max(...measures.map(({ lag, threshold: { leave } }) => excess(lag, leave))),
    facts,
    // What was never known has no side yet; the first that is known is judged without a dwell.
    memory: known || before !== undefined ? side : undefined,
  };
}

interface Measure {
  readonly unit: 'bytes' | 'ms';
  readonly lag: number | undefined;
  readonly threshold: LagThreshold;
}

function measured(given: Case, { bytes, time }: LagLimit, member: Member): readonly Measure[] {
  return [
    ...(bytes === undefined ? [] : [{ unit: 'bytes' as const, lag: lagOf(given, member), threshold: bytes }]),
    ...(time === undefined ? [] : [{ unit: 'ms' as const, lag: replayDelayOf(given, member), threshold: time }]),
  ];
}

const isWithin = (measures: readonly Measure[], edge: keyof LagThreshold): boolean =>
  measures.every(({ lag, threshold }) => lag !== undefined && lag <= threshold[edge]);

/** A limit of 0 is passed by anything, and by more the further it lags. */
function excess(lag: number | undefined, leave: number): number {
  if (lag === undefined) return Number.POSITIVE_INFINITY;
  return leave === 0 ? (lag === 0 ? 0 : 1 + lag) : lag / leave;
}

interface Situation {
  readonly beyond: boolean;
  readonly dwells: boolean;
  readonly known: boolean;
  readonly wasBeyond: boolean;
}

function told(
  { beyond, dwells, known, wasBeyond }: Situation,
  measures: readonly Measure[],
  facts: Reason['facts'],
): Reason {
  if (!beyond) return reason(dwells ? 'replica_lag_tolerated' : 'replica_within_lag', facts);
  if (!known) return reason('replica_lag_unknown', { ...facts, missing: missing(measures) });
  if (dwells) return reason('replica_lag_dwells', facts);
  const catchesUp = wasBeyond && isWithin(measures, 'leave');
  return reason(
    'replica_lagging',
    catchesUp ? { ...facts, limit: `${words(measures, 'enter')}, at which it comes back` } : facts,
  );
}

const missing = (measures: readonly Measure[]): string =>
  measures
    .filter(({ lag }) => lag === undefined)
    .map(({ unit }) =>
      unit === 'bytes' ? 'its position' : 'by the probe, how old the newest transaction is that it has replayed',
    )
    .join(', and ');

function figures(measures: readonly Measure[]): Record<string, ReasonFact> {
  const lags = measures.flatMap(({ unit, lag }) => (lag === undefined ? [] : [[`lag_${unit}`, lag] as const]));
  const limits = measures.map(({ unit, threshold }) => [`max_lag_${unit}`, threshold.leave] as const);
  const lag = measures.flatMap(({ unit, lag }) => (lag === undefined ? [] : [`${lag} ${unit}`]));
  return { ...Object.fromEntries([...lags, ...limits]), lag: lag.length === 0 ? 'unknown' : lag.join(' and ') };
}

const words = (measures: readonly Measure[], edge: keyof LagThreshold): string =>
  measures.map(({ unit, threshold }) => `${threshold[edge]} ${unit}`).join(' or ');
