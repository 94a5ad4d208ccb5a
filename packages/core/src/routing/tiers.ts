// Who of the candidates serves: the first tier, filled up with those that lag least where the service keeps some; else the first lower tier that anybody is
// in. Each tier is computed from the picture, at each look: nobody has to reload anything after a switchover.
import type { ServiceSpec } from '../model/service.ts';
import type { Candidate } from './candidate.ts';
import type { Case } from './ruling.ts';
import { selectionOf } from './selected.ts';

export interface Tiers {
  /** Of the first tier, by name. */
  readonly first: ReadonlySet<string>;
  /** Those of the first tier that are kept although they lag. */
  readonly kept: ReadonlySet<string>;
  /** The first lower tier that is not empty, whether it is needed or not, and who is in it. */
  readonly lower: LowerTier | undefined;
  /** For each member that may stand in, the highest of the lower tiers that it is in. */
  readonly standIns: ReadonlyMap<string, number>;
}

export interface LowerTier {
  /** From 1. */
  readonly tier: number;
  /** It is the last one: `fallback: primary`. */
  readonly fallback: boolean;
  readonly members: ReadonlySet<string>;
}

export function tiersOf(given: Case, service: ServiceSpec, candidates: readonly Candidate[]): Tiers {
  const fit = candidates.filter(({ against }) => against === undefined);
  const kept = keptOf(service.keepAtLeast - fit.length, candidates);
  const first = new Set([...namesIn(fit), ...kept]);
  const mayStandIn = candidates.filter(({ barred, member }) => barred === undefined && !first.has(member.name));
  const tiers = lowerTiers(given, service).map(
    (takes, index): LowerTier => ({
      tier: index + 1,
      fallback: index === service.backup.length,
      members: new Set(namesIn(mayStandIn.filter(takes))),
    }),
  );
  const standIns = new Map<string, number>();
  for (const { tier, members } of tiers) {
    for (const name of members) if (!standIns.has(name)) standIns.set(name, tier);
  }
  return { first, kept, lower: tiers.find(({ members }) => members.size > 0), standIns };
}

const namesIn = (candidates: readonly Candidate[]): readonly string[] => candidates.map(({ member }) => member.name);

function lowerTiers(given: Case, { backup, fallback }: ServiceSpec): readonly ((candidate: Candidate) => boolean)[] {
  const selected = backup.map(
    (text) =>
      ({ member }: Candidate): boolean =>
        selectionOf(given, text).names.has(member.name),
  );
  return fallback === 'primary' ? [...selected, ({ asPrimary }) => asPrimary] : selected;
}

/**
 * Those that nothing but lag takes out, least lagging first. Who was in stays before another until that one lags less than half as much: two that lag
 * alike don't take turns.
 */
function keptOf(wanted: number, candidates: readonly Candidate[]): ReadonlySet<string> {
  if (wanted <= 0) return new Set();
  const wasIn = ({ remembered }: Candidate): boolean => remembered?.last?.tier === 0 && remembered.out === undefined;
  const ranked = candidates
    .filter(({ onlyLags }) => onlyLags)
    .map((candidate) => {
      const excess = candidate.lag?.excess ?? Number.POSITIVE_INFINITY;
      const stays = wasIn(candidate);
      return { name: candidate.member.name, stays, excess: stays ? excess / 2 : excess };
    })
    .sort((a, b) => compare(a.excess, b.excess) || Number(b.stays) - Number(a.stays) || (a.name < b.name ? -1 : 1));
  return new Set(ranked.slice(0, wanted).map(({ name }) => name));
}

/** Two that are infinite are equal. */
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
