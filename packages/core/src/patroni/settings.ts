// config: Patroni's dynamic configuration, as far as routing depends on it. Booleans may be words, numbers may be text.
import * as z from 'zod';
import type { ManagerSettings } from '../model/view.ts';
import { type Parsed, parsed, parseJson } from '../store/parsed.ts';

/** Patroni's defaults: what holds while no `config` key has been seen. */
export const defaultSettings: ManagerSettings = {
  ttlMs: 30_000,
  loopWaitMs: 10_000,
  retryTimeoutMs: 10_000,
  maximumLagOnFailoverBytes: 1_048_576,
  synchronousMode: 'off',
  failsafeMode: false,
  standbyCluster: false,
  paused: false,
};

const yes = new Set(['on', 'true', 'yes', '1']);
const no = new Set(['off', 'false', 'no', '0']);

/** Patroni's booleans: real ones, or these words in any case. Undefined: neither. */
export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const word = String(value).trim().toLowerCase();
  if (yes.has(word)) return true;
  return no.has(word) ? false : undefined;
}

const flag = z.unknown().transform((value, context) => {
  if (value === undefined || value === null) return false;
  const read = booleanOf(value);
  if (read !== undefined) return read;
  context.addIssue({ code: 'custom', message: 'neither yes nor no' });
  return z.NEVER;
});

const syncMode = z.unknown().transform((value, context) => {
  if (value === undefined || value === null) return 'off' as const;
  if (typeof value === 'string' && value.trim().toLowerCase() === 'quorum') return 'quorum' as const;
  const read = booleanOf(value);
  if (read !== undefined) return read ? ('on' as const) : ('off' as const);
  context.addIssue({ code: 'custom', message: 'neither yes, no nor quorum' });
  return z.NEVER;
});

const amount = (missing: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .pipe(z.number().finite().nonnegative().max(1e15))
    .nullish()
    .transform((value) => value ?? missing);

const configSchema = z.object({
  ttl: amount(30),
  loop_wait: amount(10),
  retry_timeout: amount(10),
  maximum_lag_on_failover: amount(1_048_576),
  synchronous_mode: syncMode.default('off'),
  failsafe_mode: flag.default(false),
  pause: flag.default(false),
  // Patroni takes the cluster for a standby cluster when this is a mapping that says where to replicate from.
  standby_cluster: z.record(z.string(), z.unknown()).nullish(),
});

const followsFrom = ['host', 'port', 'restore_command'];

export function parseConfig(text: string): Parsed<ManagerSettings> {
  const config = parseJson(text, configSchema);
  if (!config.ok) return config;
  const { value } = config;
  const standby = value.standby_cluster ?? {};
  return parsed({
    ttlMs: value.ttl * 1000,
    loopWaitMs: value.loop_wait * 1000,
    retryTimeoutMs: value.retry_timeout * 1000,
    maximumLagOnFailoverBytes: value.maximum_lag_on_failover,
    synchronousMode: value.synchronous_mode,
    failsafeMode: value.failsafe_mode,
    standbyCluster: followsFrom.some(
      (key) => standby[key] !== undefined && standby[key] !== null && standby[key] !== '',
    ),
    paused: value.pause,
  });
}
