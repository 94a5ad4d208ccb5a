// What a stream of a Stolon cluster says, read from the raw documents only: nothing of it goes through the code under test.
import { z } from 'zod';
import type { RecordedEvent } from '../src/replay/replay.ts';

/** Who is named to the proxies from this revision on; told from the raw document only. */
export interface Naming {
  readonly t_ms: number;
  readonly revision: number;
  /** The keeper of the db that masterDbUid names; undefined: nobody, or nothing that may be acted on. */
  readonly keeper: string | undefined;
  readonly db: string | undefined;
  readonly enabled: readonly string[];
  readonly generation: number;
}

/** A proxy has published this generation. */
export interface Acknowledgement {
  readonly t_ms: number;
  readonly revision: number;
  readonly uid: string;
  readonly generation: number;
}

export const documentSchema = z.object({
  formatVersion: z.literal(1),
  dbs: z.record(
    z.string(),
    z.object({
      generation: z.number(),
      spec: z.object({ keeperUID: z.string(), role: z.string() }),
      status: z.object({ currentGeneration: z.number().default(0) }),
    }),
  ),
  proxy: z.object({
    generation: z.number().default(0),
    spec: z.object({ masterDbUid: z.string().optional(), enabledProxies: z.array(z.string()).optional() }),
  }),
});

export type Document = z.infer<typeof documentSchema>;

/** Undefined: it can't be read as that. */
export function parsedAs<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const namingSchema = z.object({
  formatVersion: z.literal(1),
  dbs: z.record(z.string(), z.unknown()),
  proxy: z.object({
    generation: z.number().nullish(),
    spec: z.object({ masterDbUid: z.string().nullish(), enabledProxies: z.array(z.string()).nullish() }).nullish(),
  }),
});
const ownerSchema = z.object({ spec: z.object({ keeperUID: z.string() }) });

/** Each write of clusterdata as a naming, in the order of time. Reads no more of it than that takes. */
export function namings(events: readonly RecordedEvent[]): readonly Naming[] {
  return events.flatMap((event) => {
    if (!('key' in event) || !event.key.endsWith('/clusterdata')) return [];
    const document = parsedAs(namingSchema, event.value);
    const db = document?.proxy.spec?.masterDbUid || undefined;
    const owner = ownerSchema.safeParse(db === undefined ? undefined : document?.dbs[db]);
    return [
      {
        t_ms: event.t_ms,
        revision: event.mod_revision,
        keeper: owner.data?.spec.keeperUID,
        db: owner.success ? db : undefined,
        enabled: document?.proxy.spec?.enabledProxies ?? [],
        generation: document?.proxy.generation ?? 0,
      },
    ];
  });
}

const proxyInfoSchema = z.object({ UID: z.string(), Generation: z.number() });

/** What the proxies published. */
export function acknowledgements(events: readonly RecordedEvent[]): readonly Acknowledgement[] {
  return events.flatMap((event) => {
    if (!('key' in event) || event.type === 'delete' || !event.key.includes('/proxies/info/')) return [];
    const { UID: uid, Generation: generation } = proxyInfoSchema.parse(JSON.parse(event.value));
    return [{ t_ms: event.t_ms, revision: event.mod_revision, uid, generation }];
  });
}

/** When clusterdata says that this db, named at this revision, has carried out what made it master. */
export function convergences(
  { events }: { readonly events: readonly RecordedEvent[] },
  db: string,
  namedAt: number,
): readonly number[] {
  let needed: number | undefined;
  return events.flatMap((event) => {
    if (!('key' in event) || !event.key.endsWith('/clusterdata') || event.mod_revision < namedAt) return [];
    const found = parsedAs(documentSchema, event.value)?.dbs[db];
    if (found === undefined || found.spec.role !== 'master') return [];
    needed ??= found.generation;
    return found.status.currentGeneration >= needed ? [event.t_ms] : [];
  });
}
