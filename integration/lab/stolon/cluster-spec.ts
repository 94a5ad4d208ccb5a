// A cluster spec as every Stolon component uses it: the defaults of 0.17.0 for what is not set, refused as a whole when one value is wrong.
import type { ClusterSpec } from './cluster-data.ts';
import { durationMs } from './go-json.ts';

/** The part of a spec that this lab acts on. Times in milliseconds, lag in bytes. */
export interface EffectiveSpec {
  readonly sleepIntervalMs: number;
  readonly requestTimeoutMs: number;
  readonly convergenceTimeoutMs: number;
  readonly initTimeoutMs: number;
  /** 0: none. */
  readonly syncTimeoutMs: number;
  readonly failIntervalMs: number;
  readonly deadKeeperRemovalIntervalMs: number;
  readonly proxyCheckIntervalMs: number;
  readonly proxyTimeoutMs: number;
  readonly maxStandbys: number;
  readonly maxStandbysPerSender: number;
  readonly maxStandbyLag: number;
  readonly additionalWalSenders: number;
  readonly role: 'master' | 'standby';
}

const ms = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : durationMs(text));

export const effectiveSpec = (spec: ClusterSpec): EffectiveSpec => ({
  sleepIntervalMs: ms(spec.sleepInterval, 5_000),
  requestTimeoutMs: ms(spec.requestTimeout, 10_000),
  convergenceTimeoutMs: ms(spec.convergenceTimeout, 30_000),
  initTimeoutMs: ms(spec.initTimeout, 300_000),
  syncTimeoutMs: ms(spec.syncTimeout, 0),
  failIntervalMs: ms(spec.failInterval, 20_000),
  deadKeeperRemovalIntervalMs: ms(spec.deadKeeperRemovalInterval, 172_800_000),
  proxyCheckIntervalMs: ms(spec.proxyCheckInterval, 5_000),
  proxyTimeoutMs: ms(spec.proxyTimeout, 15_000),
  maxStandbys: spec.maxStandbys ?? 20,
  maxStandbysPerSender: spec.maxStandbysPerSender ?? 3,
  // Written 1024 * 1204 in Stolon's source.
  maxStandbyLag: spec.maxStandbyLag ?? 1_232_896,
  additionalWalSenders: spec.additionalWalSenders ?? 5,
  role: spec.role ?? 'master',
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

/** Why every component refuses this spec; undefined: it is good. Rules for recovery configurations and slots are left out. */
export function specProblem(spec: ClusterSpec): string | undefined {
  for (const name of durations) {
    const text = spec[name];
    if (text !== undefined && durationMs(text) < 0) return `${name} must be positive`;
  }
  const all = effectiveSpec(spec);
  if (all.proxyCheckIntervalMs >= all.proxyTimeoutMs) return 'proxyCheckInterval should be less than proxyTimeout';
  if (all.maxStandbys < 1) return 'maxStandbys must be at least 1';
  if (all.maxStandbysPerSender < 1) return 'maxStandbysPerSender must be at least 1';
  if ((spec.maxSynchronousStandbys ?? 1) < 1) return 'maxSynchronousStandbys must be at least 1';
  if ((spec.maxSynchronousStandbys ?? 1) < (spec.minSynchronousStandbys ?? 1))
    return 'maxSynchronousStandbys must not be less than minSynchronousStandbys';
  if (!['new', 'existing', 'pitr'].includes(spec.initMode ?? '')) return 'initMode undefined or unknown';
  if (spec.initMode === 'pitr' && spec.pitrConfig === undefined)
    return 'pitrConfig undefined. Required when initMode is "pitr"';
  if (spec.initMode === 'new' && all.role === 'standby') return 'invalid cluster role standby when initMode is new';
  if (all.role === 'standby' && spec.standbyConfig === undefined)
    return 'standbyConfig undefined. Required when cluster role is "standby"';
  return undefined;
}
