// What holds for every read service, whatever the picture: lag alone empties none that keeps some, a lower tier serves only while all above it are empty,
// selectors let in nobody who is not safe, and a lag that hovers moves nobody oftener than the dwell allows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision, ServiceDecision } from '../src/model/decision.ts';
import type { ServiceSpec } from '../src/model/service.ts';
import type { ClusterSpec } from '../src/model/spec.ts';
import type { Millis } from '../src/model/units.ts';
import type { ClusterView } from '../src/model/view.ts';
import { decide } from '../src/routing/decide.ts';
import { aSpec, aView, later, reads, serviceOf, verdictOn, withMember, writes } from './cluster.ts';
import { postgresPicture } from './random-postgres-words.ts';
import { instant, view as patroniView } from './random-views.ts';
import { memory, overrides, wishes } from './random-wishes.ts';

/** A second or so in all; for a thorough search set it to 100 000. */
const numRuns = 250;

const picture = fc.oneof(patroniView, postgresPicture);
const readServices = wishes.map(
  (spec): ClusterSpec => ({
    ...spec,
    services: spec.services.filter(({ role }) => role !== 'primary'),
  }),
);

/** The same cluster, each of its services changed. */
const withEach = (spec: ClusterSpec, change: Partial<ServiceSpec>): ClusterSpec => ({
  ...spec,
  services: spec.services.map((service) => ({ ...service, ...change })),
});

const inOf = ({ verdicts }: ServiceDecision): readonly string[] =>
  verdicts.flatMap(({ member, state }) => (state === 'ready' ? [member] : []));
/** Those of the first tier, and of the lower one that serves; the other way round one would be wrong. */
const standsIn = (code: string): boolean => code === 'backup_serves' || code === 'fallback_to_primary';

describe('a read service', () => {
  it('with keep_at_least is not emptied by lag alone', () => {
    fc.assert(
      fc.property(picture, readServices, instant, overrides, memory, (view, spec, now, given, remembered) => {
        const circumstances = { overrides: given, memory: remembered };
        const keeping = decide(
          view,
          withEach(spec, { keepAtLeast: 2, backup: [], fallback: 'none' }),
          now,
          circumstances,
        );
        const free = withEach(spec, { maxLag: undefined, keepAtLeast: 0, backup: [], fallback: 'none' });
        for (const service of decide(view, free, now, circumstances).services) {
          const kept = serviceOf(keeping, service.service);
          if (service.undecided === true || kept.undecided === true) continue;
          expect(inOf(kept).length).toBeGreaterThanOrEqual(Math.min(2, inOf(service).length));
        }
      }),
      { numRuns },
    );
  });

  it('calls a lower tier only while all above it are empty', () => {
    fc.assert(
      fc.property(picture, readServices, instant, overrides, memory, (view, spec, now, given, remembered) => {
        const circumstances = { overrides: given, memory: remembered };
        const decision = decide(view, spec, now, circumstances);
        const above = (count: number): Decision =>
          decide(
            view,
            {
              ...spec,
              services: spec.services.map((service) => ({
                ...service,
                backup: service.backup.slice(0, count),
                fallback: 'none',
              })),
            },
            now,
            circumstances,
          );
        for (const service of decision.services) {
          if (service.undecided === true) continue;
          const ready = service.verdicts.filter(({ state }) => state === 'ready');
          const tiers = new Set(
            ready.map(({ reason: { code, facts } }) =>
              code === 'backup_serves' ? Number(facts['tier']) : standsIn(code) ? Number.POSITIVE_INFINITY : 0,
            ),
          );
          expect(tiers.size).toBeLessThanOrEqual(1);
          const [tier = 0] = tiers;
          const without = serviceOf(above(tier === 0 ? 0 : tier - 1), service.service);
          expect(inOf(without)).toEqual(tier === 0 ? inOf(service) : []);
        }
      }),
      { numRuns },
    );
  });

  it('has both lines of nobody in, and backup lines of one tier only', () => {
    fc.assert(
      fc.property(picture, readServices, instant, overrides, memory, (view, spec, now, given, remembered) => {
        for (const { verdicts } of decide(view, spec, now, { overrides: given, memory: remembered }).services) {
          for (const { state, lines } of verdicts) {
            if (lines === undefined) continue;
            expect(lines.own === 'ready' && lines.backup === 'ready').toBe(false);
            // Without any controller HAProxy comes to what this one would do.
            const ownTier = verdicts.some((one) => one.lines?.own === 'ready');
            expect(state === 'ready').toBe(ownTier ? lines.own === 'ready' : lines.backup === 'ready');
          }
        }
      }),
      { numRuns },
    );
  });

  it('lets in nobody by selector, role or tier who could not serve anybody', () => {
    fc.assert(
      fc.property(picture, readServices, instant, memory, (view, spec, now, remembered) => {
        const anybody: ServiceSpec = { ...reads, role: 'any', name: 'anybody', backends: ['anybody'] };
        const all = { ...spec, services: [...spec.services, anybody] };
        const { services } = decide(view, all, now, { memory: remembered });
        const safe = services.find(({ service }) => service === 'anybody');
        for (const service of services) {
          if (service.undecided !== true)
            expect(safe === undefined ? [] : inOf(safe)).toEqual(expect.arrayContaining([...inOf(service)]));
        }
      }),
      { numRuns },
    );
  });
});

describe('a lag that hovers', () => {
  const dwellMs = 2_000;
  const spec = aSpec({
    services: [writes, { ...reads, maxLag: { bytes: { leave: 1_000, enter: 500 }, time: undefined, dwellMs } }],
  });
  const lagging = (lagBytes: number | undefined): ClusterView =>
    withMember(aView(), 'n2', { lagBytes, probe: undefined });

  /** In or out after each look, with the instant. */
  function play(
    lags: readonly (readonly [afterMs: number, lag: number | undefined])[],
  ): readonly (readonly [Millis, boolean])[] {
    let before: Decision | undefined;
    let elapsedMs = 0;
    return lags.map(([afterMs, lag]) => {
      elapsedMs += afterMs;
      const at = later(elapsedMs);
      before = decide(lagging(lag), spec, at, { memory: before?.memory ?? [] });
      return [at, verdictOn(before, 'replica', 'n2').state === 'ready'] as const;
    });
  }

  const moves = (looks: readonly (readonly [Millis, boolean])[]): readonly Millis[] =>
    looks.flatMap(([at, isIn], i) => (i > 0 && looks[i - 1]?.[1] !== isIn ? [at] : []));

  const steps = (lag: fc.Arbitrary<number | undefined>) =>
    fc.array(fc.tuple(fc.integer({ min: 1, max: 1_500 }), lag), { minLength: 2, maxLength: 30 });

  it('within the band moves nobody', () => {
    fc.assert(
      fc.property(steps(fc.integer({ min: 501, max: 1_000 })), fc.constantFrom(100, 5_000), (lags, first) => {
        expect(moves(play([[0, first], ...lags]))).toEqual([]);
      }),
      { numRuns: numRuns / 2 },
    );
  });

  it('around it moves nobody oftener than the dwell allows', () => {
    fc.assert(
      fc.property(steps(fc.constantFrom(0, 400, 700, 1_001, 9_000, undefined)), (lags) => {
        const at = moves(play([[0, 0], ...lags]));
        at.forEach((move, i) => {
          if (i > 0) expect(move - (at[i - 1] ?? 0)).toBeGreaterThanOrEqual(dwellMs);
        });
      }),
      { numRuns: numRuns / 2 },
    );
  });
});
