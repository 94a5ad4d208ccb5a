// clusterdata: the one record in which Stolon keeps everything that it has decided (format version 1, stolon v0.17.0,
// internal/cluster/cluster.go). Go leaves out what is false, zero or empty, so a missing `healthy` is false and a missing
// `generation` is 0. Unknown fields are ignored. What is wrong within one keeper or db costs only that one; what is wrong
// elsewhere, everything.
import * as z from 'zod';
import { hasControlCharacter } from '../store/names.ts';
import { fits, type Parsed, parsed, parseJson, readOnce } from '../store/parsed.ts';
import { clusterSpecSchema, type SpecFault, type StolonClusterSpec, specFault, specOf } from './cluster-spec.ts';
import { type DbEntry, dbEntry } from './db.ts';
import { type Keeper, keeperSchema } from './keeper.ts';

export interface ClusterData {
  readonly clusterUid: string;
  readonly phase: string;
  /** `cluster.status.master`: who shall become or is the master; moves before the proxies have let go. */
  readonly statusMaster: string | undefined;
  readonly spec: StolonClusterSpec;
  /** By keeper uid. */
  readonly keepers: ReadonlyMap<string, Parsed<Keeper>>;
  /** By db uid. */
  readonly dbs: ReadonlyMap<string, DbEntry>;
  readonly proxyGeneration: number;
  readonly masterDbUid: string | undefined;
  readonly enabledProxies: readonly string[];
}

export type ClusterDataReading =
  | { readonly kind: 'data'; readonly data: ClusterData }
  | { readonly kind: 'format_version'; readonly version: string }
  | ({ readonly kind: 'spec_invalid' } & SpecFault);

/** A uid or name of a sensible size that breaks no line. */
const name = z
  .string()
  .max(256)
  .refine((text) => !hasControlCharacter(text), 'control characters');
/** Go writes an empty one as a missing one. */
const optionalName = name.nullish().transform((text) => text || undefined);
const generation = z
  .number()
  .int()
  .nonnegative()
  .nullish()
  .transform((value) => value ?? 0);
const byUid = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((map) => map ?? {});

const versionSchema = z.object({ formatVersion: generation });

const schema = z.object({
  cluster: z.object({
    uid: name.min(1),
    spec: clusterSpecSchema.nullish(),
    status: z.object({ phase: name.nullish(), master: optionalName }).nullish(),
  }),
  keepers: byUid,
  dbs: byUid,
  proxy: z
    .object({
      generation,
      spec: z.object({ masterDbUid: optionalName, enabledProxies: z.array(name).nullish() }).nullish(),
    })
    .nullish(),
});

/** The entry `clusterdata`, read once: it is by far the longest record, and most events change another key. */
export const readClusterData = readOnce(parseClusterData);

/** Not readable only where Stolon's own components could not read it either; what they refuse is told apart. */
export function parseClusterData(text: string): Parsed<ClusterDataReading> {
  // Apart from the rest: another version may look otherwise altogether.
  const version = parseJson(text, versionSchema);
  if (!version.ok) return version;
  if (version.value.formatVersion !== 1) {
    return parsed({ kind: 'format_version', version: String(version.value.formatVersion) });
  }
  const document = parseJson(text, schema);
  if (!document.ok) return document;
  const { cluster, keepers, dbs, proxy } = document.value;
  const spec = cluster.spec ?? clusterSpecSchema.parse({});
  const fault = specFault(spec);
  if (fault !== undefined) return parsed({ kind: 'spec_invalid', ...fault });
  const data: ClusterData = {
    clusterUid: cluster.uid,
    phase: cluster.status?.phase ?? '',
    statusMaster: cluster.status?.master,
    spec: specOf(spec),
    keepers: new Map(Object.entries(keepers).map(([uid, entry]) => [uid, fits(entry, keeperSchema)])),
    dbs: new Map(Object.entries(dbs).map(([uid, entry]) => [uid, dbEntry(entry)])),
    proxyGeneration: proxy?.generation ?? 0,
    masterDbUid: proxy?.spec?.masterDbUid,
    enabledProxies: proxy?.spec?.enabledProxies ?? [],
  };
  return parsed({ kind: 'data', data });
}
