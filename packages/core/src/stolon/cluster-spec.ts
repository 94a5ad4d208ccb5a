// The cluster spec in clusterdata: what an operator set with stolonctl, with the defaults that every Stolon component
// applies when it reads it, and the validation that each of them runs first (stolon v0.17.0, internal/cluster/cluster.go).
import * as z from 'zod';
import { parseDuration } from './duration.ts';

/** As routing needs it. Milliseconds, bytes. */
export interface StolonClusterSpec {
  readonly sleepIntervalMs: number;
  readonly requestTimeoutMs: number;
  readonly failIntervalMs: number;
  readonly proxyCheckIntervalMs: number;
  readonly proxyTimeoutMs: number;
  readonly maxStandbyLagBytes: number;
  readonly synchronousReplication: boolean;
  readonly role: 'master' | 'standby';
}

/** Why a spec is refused; `field` is its name in the spec. */
export interface SpecFault {
  readonly field: string;
  readonly error: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Go's decoder takes quotes away from the text before it reads it, so a bare 0 is a duration too. */
const duration = (missing: number) =>
  z
    .union([z.string(), z.literal(0)])
    .nullish()
    .transform((value, context) => {
      if (value === null || value === undefined) return missing;
      const ms = parseDuration(String(value));
      if (ms !== undefined) return ms;
      context.addIssue({ code: 'custom', message: 'no duration such as 5s or 1m30s' });
      return z.NEVER;
    });
const count = (missing: number, max = 65_535) =>
  z
    .number()
    .int()
    .nonnegative()
    .max(max)
    .nullish()
    .transform((value) => value ?? missing);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const word = (missing: string) =>
  z
    .string()
    .nullish()
    .transform((value) => value ?? missing);
const words = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const text = z.string().nullish();

/** Everything that the validation looks at. maxStandbyLag is 1024 * 1204 in the source, which is not quite 1.2 MiB. */
export const clusterSpecSchema = z.object({
  sleepInterval: duration(5 * SECOND),
  requestTimeout: duration(10 * SECOND),
  convergenceTimeout: duration(30 * SECOND),
  initTimeout: duration(5 * MINUTE),
  syncTimeout: duration(0),
  dbWaitReadyTimeout: duration(60 * SECOND),
  failInterval: duration(20 * SECOND),
  deadKeeperRemovalInterval: duration(48 * HOUR),
  proxyCheckInterval: duration(5 * SECOND),
  proxyTimeout: duration(15 * SECOND),
  maxStandbys: count(20),
  maxStandbysPerSender: count(3),
  maxStandbyLag: count(1024 * 1204, 2 ** 32 - 1),
  synchronousReplication: flag,
  minSynchronousStandbys: count(1),
  maxSynchronousStandbys: count(1),
  additionalMasterReplicationSlots: words,
  pgHBA: words,
  initMode: text,
  role: word('master'),
  defaultSUReplAccessMode: word('all'),
  existingConfig: z.object({ keeperUID: text }).nullish(),
  pitrConfig: z.object({ dataRestoreCommand: text, recoveryTargetSettings: z.object({}).nullish() }).nullish(),
  standbyConfig: z.object({}).nullish(),
});

type Spec = z.infer<typeof clusterSpecSchema>;

/** What routing needs of a spec that Stolon takes. */
export const specOf = (spec: Spec): StolonClusterSpec => ({
  sleepIntervalMs: spec.sleepInterval,
  requestTimeoutMs: spec.requestTimeout,
  failIntervalMs: spec.failInterval,
  proxyCheckIntervalMs: spec.proxyCheckInterval,
  proxyTimeoutMs: spec.proxyTimeout,
  maxStandbyLagBytes: spec.maxStandbyLag,
  synchronousReplication: spec.synchronousReplication,
  role: spec.role === 'standby' ? 'standby' : 'master',
});

const durations = [
  'sleepInterval',
  'requestTimeout',
  'convergenceTimeout',
  'initTimeout',
  'syncTimeout',
  'dbWaitReadyTimeout',
  'failInterval',
  'deadKeeperRemovalInterval',
  'proxyCheckInterval',
  'proxyTimeout',
] as const;
const atLeastOne = ['maxStandbys', 'maxStandbysPerSender', 'maxSynchronousStandbys'] as const;

/** The first thing for which Stolon refuses this spec; undefined: it takes it. The order is Stolon's. */
export function specFault(spec: Spec): SpecFault | undefined {
  return numbersFault(spec) ?? listsFault(spec) ?? initFault(spec) ?? wordsFault(spec);
}

const fault = (field: string, error: string): SpecFault => ({ field, error });

function numbersFault(spec: Spec): SpecFault | undefined {
  const negative = durations.find((name) => spec[name] < 0);
  if (negative !== undefined) return fault(negative, 'must be positive');
  if (spec.proxyCheckInterval >= spec.proxyTimeout)
    return fault('proxyCheckInterval', 'must be less than proxyTimeout');
  const zero = atLeastOne.find((name) => spec[name] < 1);
  if (zero !== undefined) return fault(zero, 'must be at least 1');
  return spec.maxSynchronousStandbys < spec.minSynchronousStandbys
    ? fault('maxSynchronousStandbys', 'must be greater than or equal to minSynchronousStandbys')
    : undefined;
}

function listsFault({ additionalMasterReplicationSlots: slots, pgHBA }: Spec): SpecFault | undefined {
  if (!slots.every((name) => /^[a-z0-9_]+$/.test(name))) {
    return fault('additionalMasterReplicationSlots', 'holds a name that no replication slot can have');
  }
  if (slots.some((name) => name.startsWith('stolon_'))) {
    return fault('additionalMasterReplicationSlots', 'holds a name that is reserved (stolon_...)');
  }
  return pgHBA.some((line) => line.includes('\n')) ? fault('pgHBA', 'holds an entry with a line break') : undefined;
}

function initFault({ initMode, role, existingConfig, pitrConfig }: Spec): SpecFault | undefined {
  switch (initMode) {
    case null:
    case undefined:
      return fault('initMode', 'is missing');
    case 'new':
      return role === 'standby' ? fault('initMode', '"new" does not go with role standby') : undefined;
    case 'existing':
      return existingConfig?.keeperUID
        ? undefined
        : fault('existingConfig.keeperUID', 'is missing; initMode "existing" needs it');
    case 'pitr':
      if (!pitrConfig?.dataRestoreCommand) {
        return fault('pitrConfig.dataRestoreCommand', 'is missing; initMode "pitr" needs it');
      }
      return pitrConfig.recoveryTargetSettings && role === 'standby'
        ? fault('pitrConfig.recoveryTargetSettings', 'does not go with role standby')
        : undefined;
    default:
      return fault('initMode', 'is unknown');
  }
}

function wordsFault({ defaultSUReplAccessMode, role, standbyConfig }: Spec): SpecFault | undefined {
  if (!['all', 'strict'].includes(defaultSUReplAccessMode)) return fault('defaultSUReplAccessMode', 'is unknown');
  if (!['master', 'standby'].includes(role)) return fault('role', 'is unknown');
  return role === 'standby' && !standbyConfig ? fault('standbyConfig', 'is missing; role standby needs it') : undefined;
}
