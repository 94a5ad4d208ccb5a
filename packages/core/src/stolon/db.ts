// dbs[..] in clusterdata: one data directory on one keeper. `spec` is what the sentinel wants of it, `status` what its
// keeper told, up to some 10 s ago.
import * as z from 'zod';
import { type Lsn, lsn } from '../model/units.ts';
import type { Address } from '../model/view.ts';
import { hasControlCharacter } from '../store/names.ts';
import { fits, type Parsed } from '../store/parsed.ts';

export interface Db {
  readonly keeperUid: string;
  readonly generation: number;
  /** The generation that its keeper has carried out; 0: none ever. */
  readonly currentGeneration: number;
  readonly role: 'master' | 'standby' | undefined;
  readonly initMode: string;
  readonly follows: 'internal' | 'external' | undefined;
  readonly synchronousStandbys: readonly string[];
  readonly healthy: boolean;
  /** Undefined until its keeper has told. */
  readonly address: Address | undefined;
  readonly systemId: string | undefined;
  readonly timeline: number | undefined;
  /** Master: flushed. Standby: received, not replayed (Stolon asks by IDENTIFY_SYSTEM). */
  readonly position: Lsn | undefined;
  /** Those standbys that the master has told to be in sync. */
  readonly reportedSynchronousStandbys: readonly string[];
}

/** A db, or what is wrong with it and, where that much can be read, whose it is. */
export interface DbEntry {
  readonly keeperUid: string | undefined;
  readonly db: Parsed<Db>;
}

const DEFAULT_PORT = '5432';

const count = z
  .number()
  .int()
  .nonnegative()
  .nullish()
  .transform((value) => value ?? 0);
/** 64 bits; a double is exact up to 8 PiB of write-ahead log, and 2 KiB off at the worst. */
const position = z
  .number()
  .nonnegative()
  .max(2 ** 64)
  .refine(Number.isInteger, 'no whole number')
  .nullish();
const word = z
  .string()
  .max(256)
  .refine((text) => !hasControlCharacter(text), 'control characters')
  .nullish();
const uids = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const keeperUid = z.string().min(1);

const specSchema = z.object({
  keeperUID: keeperUid,
  role: word,
  initMode: word,
  followConfig: z.object({ type: word }).nullish(),
  synchronousStandbys: uids,
});

const statusSchema = z.object({
  healthy: z.boolean().nullish(),
  currentGeneration: count,
  listenAddress: word,
  port: word,
  systemdID: word,
  timelineID: count,
  xLogPos: position,
  synchronousStandbys: uids,
});

const dbSchema = z
  .object({ generation: count, spec: specSchema, status: statusSchema.nullish() })
  .transform(({ generation, spec, status }, context): Db => {
    const address = addressOf(status?.listenAddress ?? '', status?.port || DEFAULT_PORT);
    if (address === 'unusable') {
      context.addIssue({
        code: 'custom',
        path: ['status', 'listenAddress'],
        message: 'no host and port to connect to',
      });
      return z.NEVER;
    }
    return {
      keeperUid: spec.keeperUID,
      generation,
      currentGeneration: status?.currentGeneration ?? 0,
      role: spec.role === 'master' || spec.role === 'standby' ? spec.role : undefined,
      initMode: spec.initMode ?? '',
      follows: followsOf(spec.followConfig?.type),
      synchronousStandbys: spec.synchronousStandbys,
      healthy: status?.healthy ?? false,
      address,
      systemId: status?.systemdID || undefined,
      timeline: status?.timelineID || undefined,
      position: status?.xLogPos ? lsn(status.xLogPos) : undefined,
      reportedSynchronousStandbys: status?.synchronousStandbys ?? [],
    };
  });

const ownerSchema = z.object({ spec: z.object({ keeperUID: keeperUid }) });

/** One entry of `dbs`; whatever it is, it does not make this throw. */
export function dbEntry(entry: unknown): DbEntry {
  const owner = fits(entry, ownerSchema);
  return { keeperUid: owner.ok ? owner.value.spec.keeperUID : undefined, db: fits(entry, dbSchema) };
}

const followsOf = (type: string | null | undefined): Db['follows'] =>
  type === 'internal' || type === 'external' ? type : undefined;

/** Host names, IPv4 and IPv6 addresses (without brackets) are what Go's JoinHostPort takes here. */
function addressOf(host: string, port: string): Address | undefined | 'unusable' {
  if (host === '') return undefined;
  const isHost = /^(?:[0-9A-Fa-f:.]+(?:%[\w.-]+)?|[^\s:[\]%;'"\\/@?#]+)$/.test(host) && host.length <= 255;
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return isHost && number >= 1 && number <= 65_535 ? { host, port: number } : 'unusable';
}

/** In the middle of being made: its data directory has never been complete. */
export const isBeingBuilt = ({ initMode, generation }: Db): boolean => initMode !== 'none' && generation <= 1;
