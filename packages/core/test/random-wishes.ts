// Random wishes, for properties: services of every kind, overrides, and what is remembered of looks before. Small numbers, so that coincidences are common.
import fc from 'fast-check';
import type { RoutingMemory } from '../src/model/memory.ts';
import type { Override, OverrideAction } from '../src/model/override.ts';
import {
  isWriteService,
  type LeaveCause,
  type Leaving,
  leavingDefaults,
  type OutagePolicy,
  type ServiceSpec,
  serversDefault,
  serviceRoles,
} from '../src/model/service.ts';
import type { ClusterSpec } from '../src/model/spec.ts';
import { revision } from '../src/model/units.ts';
import { aSpec, probeSpec, reads } from './cluster.ts';
import { anOverride } from './overrides.ts';
import { instant, name, optional } from './random-views.ts';

const serviceNames = ['a', 'b', 'c', 'd'] as const;

const leaving = fc.constantFrom<Leaving>('kill', 'drain', 'drain_then_kill');
const causes = Object.keys(leavingDefaults).filter((cause): cause is LeaveCause => cause in leavingDefaults);

const table: fc.Arbitrary<ServiceSpec['leaving']> = fc
  .array(fc.tuple(fc.constantFrom(...causes), leaving), { maxLength: 6 })
  .map((changes) => ({ ...leavingDefaults, ...Object.fromEntries(changes) }));

export const outage: fc.Arbitrary<OutagePolicy> = fc.oneof(
  fc.constantFrom({ kind: 'auto' as const }, { kind: 'close' as const }),
  fc.record({ kind: fc.constant('hold' as const), forMs: fc.constantFrom(0, 3_000, 60_000, undefined) }),
);

const selector = fc.constantFrom(
  "[? name != 'n1' ]",
  "[? role == 'replica' ]",
  "[? role == 'primary' ]",
  '[? lag > `100` ]',
  "[? name == 'n2' || name == 'n3' ]",
);

const threshold = fc.constantFrom(0, 500, 3_000).map((leave) => ({ leave, enter: Math.floor(leave / 2) }));
const maxLag = fc.record({ bytes: optional(threshold), time: optional(threshold), dwellMs: fc.constantFrom(0, 2_000) });

const service = (serviceName: string): fc.Arbitrary<ServiceSpec> =>
  fc
    .record({
      role: fc.constantFrom(...serviceRoles, 'primary' as const, 'replica' as const),
      selector: optional(selector),
      backup: fc.array(selector, { maxLength: 2 }),
      fallback: fc.constantFrom('primary' as const, 'none' as const),
      maxLag: optional(maxLag),
      keepAtLeast: fc.constantFrom(0, 1, 2),
      leaving: table,
      drainTimeoutMs: fc.constantFrom(0, 1_000, 60_000),
      outage,
      hold: optional(fc.constant({ waitMs: 15_000, most: 100 })),
      backupName: fc.constantFrom(undefined, '{member}-fb'),
    })
    .map(({ backupName, hold, ...wishes }) => ({
      ...reads,
      ...wishes,
      ...(isWriteService(wishes) ? { backup: [], fallback: 'none', maxLag: undefined, keepAtLeast: 0 } : {}),
      hold: isWriteService(wishes) ? hold : undefined,
      name: serviceName,
      backends: [serviceName],
      servers: { ...serversDefault, backupName: isWriteService(wishes) ? undefined : backupName },
    }));

export const wishes: fc.Arbitrary<ClusterSpec> = fc
  .record({
    probed: fc.boolean(),
    grace: fc.constantFrom('auto' as const, 0, 5_000, 60_000),
    services: fc.tuple(...serviceNames.map(service)),
  })
  .map(({ probed, grace, services }) => aSpec({ probe: probed ? probeSpec : undefined, grace, services }));

const action: fc.Arbitrary<OverrideAction> = fc.oneof(
  fc.record({ kind: fc.constantFrom('maint' as const, 'drain' as const, 'ready' as const) }),
  fc.record({ kind: fc.constant('weight' as const), weight: fc.constantFrom(0, 1, 256) }),
);

const override: fc.Arbitrary<Override> = fc
  .record({
    member: name,
    action,
    service: optional(fc.constantFrom(...serviceNames)),
    since: instant,
    until: optional(instant),
    revision: optional(fc.integer({ min: 1, max: 9 }).map(revision)),
  })
  .map(({ member, action: act, ...changes }) =>
    anOverride(member, act, { ...changes, scope: changes.revision === undefined ? 'local' : 'fleet' }),
  );

export const overrides: fc.Arbitrary<readonly Override[]> = fc
  .array(override, { maxLength: 6 })
  .map((all) => all.map((one, index) => ({ ...one, id: `o${index}` })));

/** As a look before, of a cluster that may have been quite another then, could have left it. */
export const memory: fc.Arbitrary<RoutingMemory> = fc.uniqueArray(
  fc.record({
    service: fc.constantFrom(...serviceNames),
    member: name,
    last: optional(fc.record({ tier: fc.constantFrom(0, 1, 2), asPrimary: fc.boolean() })),
    out: optional(fc.record({ cause: fc.constantFrom(...causes), since: instant, found: fc.boolean() })),
    lag: optional(fc.record({ beyond: fc.boolean(), since: instant })),
  }),
  { selector: ({ service: of, member }) => `${of} ${member}`, maxLength: 16 },
);
