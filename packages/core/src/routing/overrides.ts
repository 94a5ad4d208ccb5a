// Which of the operators' own words counts for a member in a service. Tells what was asked for; whether it may be done is for the services to judge: an
// override takes out or lets back in, and never makes a writer.
import type { Override } from '../model/override.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { Horizon } from './horizon.ts';
import type { Case } from './ruling.ts';

/** What is asked for of one member in one service. The two are apart: a member can be weighed and drained at once. */
export interface Orders {
  /** The one of kind `maint`, `drain` or `ready` that counts. */
  readonly action: Override | undefined;
  readonly weight: { readonly value: number; readonly override: Override } | undefined;
}

const none: Orders = { action: undefined, weight: undefined };

export function overrideFor(given: Case, service: ServiceSpec, member: string): Orders {
  if (given.overrides.length === 0) return none;
  const about = standing(given).filter(
    (one) => one.member === member && (one.service === undefined || one.service === service.name),
  );
  const weighing = foremost(about.filter(({ action }) => action.kind === 'weight'));
  return {
    action: foremost(about.filter(({ action }) => action.kind !== 'weight')),
    weight: weighing?.action.kind === 'weight' ? { value: weighing.action.weight, override: weighing } : undefined,
  };
}

/** Why an override keeps the member out; undefined: none does. */
export function refusedBy({ action }: Orders): Reason | undefined {
  if (action === undefined) return undefined;
  switch (action.action.kind) {
    case 'maint':
      return reason('override_maint', factsOf(action));
    case 'drain':
      return reason('override_drain', factsOf(action));
    case 'ready':
    case 'weight':
      return undefined;
  }
}

/** Whose override it is, why, and until when: for the reason that rests on it. */
export const factsOf = ({ id, member, owner, reason: because, expiresAt }: Override): Reason['facts'] => ({
  member,
  owner,
  because,
  override: id,
  until: expiresAt ?? null,
});

/** Those that are not over yet. */
export const standing = ({ overrides, horizon }: Pick<Case, 'overrides' | 'horizon'>): readonly Override[] =>
  overrides.filter(({ until }) => until === undefined || isAhead(horizon, until));

const isAhead = (horizon: Horizon, until: NonNullable<Override['until']>): boolean => horizon.within(until, 0);

/** One that names the service beats one for all; among equals the later one counts. */
function foremost(overrides: readonly Override[]): Override | undefined {
  const named = overrides.filter(({ service }) => service !== undefined);
  const equals = named.length > 0 ? named : overrides;
  // Revisions order those of the fleet on every router alike; a local one has none, and is set against the last of them by the clock.
  const fleet = latest(equals.filter(({ revision }) => revision !== undefined));
  const local = latest(equals.filter(({ revision }) => revision === undefined));
  if (fleet === undefined || local === undefined) return fleet ?? local;
  return fleet.since > local.since ? fleet : local;
}

const latest = (overrides: readonly Override[]): Override | undefined =>
  overrides.reduce<Override | undefined>((a, b) => (a === undefined || isLater(b, a) ? b : a), undefined);

function isLater(a: Override, b: Override): boolean {
  if (a.revision !== undefined && b.revision !== undefined && a.revision !== b.revision) return a.revision > b.revision;
  if (a.since !== b.since) return a.since > b.since;
  return a.id > b.id;
}
