// Streams of Stolon clusters, composed by a model of its sentinel, keepers and proxies (0.17), and what each PostgreSQL was at the time. The second is
// derived from the marks beside each stream and from what keepers told of themselves; nothing of it goes through the code under test.
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Decision } from '../src/model/decision.ts';
import type { ClusterView } from '../src/model/view.ts';
import {
  type ProbeWord,
  parseEvents,
  type RecordedEvent,
  type RecordedProbe,
  type ReplayChange,
  replay,
} from '../src/replay/replay.ts';
import { reads, writes } from './cluster.ts';
import type { Recording } from './recordings.ts';
import { stolonSpec } from './stolon-cluster.ts';

export type Proof = 'probe' | 'record';

/** `as`: the uid of a recorded proxy; undefined: a router that only reads. */
export interface StolonMode {
  readonly proof: Proof;
  readonly as: string | undefined;
}

export interface Mark {
  readonly t_ms: number;
  readonly mark: string;
}

export interface StolonRecording extends Recording {
  readonly marks: readonly Mark[];
  /** The uids of the recorded proxies. */
  readonly proxies: readonly string[];
  readonly namings: readonly Naming[];
  readonly acknowledgements: readonly Acknowledgement[];
}

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

const folder = new URL('./fixtures/stolon/', import.meta.url);
const AFTERMATH_MS = 3_000;

export const stolonRecordingNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.jsonl'))
  .map((file) => file.slice(0, -'.jsonl'.length))
  .sort();

const markSchema = z.object({ t_ms: z.number(), mark: z.string() });

export function stolonRecording(name: string): StolonRecording {
  const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
  const events = parseEvents(read(`${name}.jsonl`), `${name}.jsonl`);
  if (!events.ok) throw new Error(events.error);
  const marks = read(`probes/${name}.jsonl`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => markSchema.parse(JSON.parse(line)));
  const changes = events.value.filter((event) => 'key' in event);
  const prefix = changes[0]?.key.split('/').slice(0, 3).join('/') ?? '';
  const lines = [...events.value, ...marks];
  const proxies = changes.flatMap(({ key }) => /\/proxies\/info\/(.*)$/.exec(key)?.[1] ?? []);
  return {
    name,
    prefix: `${prefix}/`,
    events: events.value,
    marks,
    probes: truth(events.value, marks),
    proxies: [...new Set(proxies)].sort(),
    namings: namings(events.value),
    acknowledgements: acknowledgements(events.value),
    endMs: lines.reduce((end, { t_ms }) => Math.max(end, t_ms), 0) + AFTERMATH_MS,
  };
}

/** Every way in which a stream can be decided. */
export const modesOf = ({ proxies }: StolonRecording): readonly StolonMode[] =>
  (['probe', 'record'] as const).flatMap((proof) => [undefined, ...proxies].map((as) => ({ proof, as })));

export const modeName = ({ proof, as }: StolonMode): string => `${proof}, ${as === undefined ? 'passive' : `as ${as}`}`;

export function stolonReplayed(
  { prefix, events, probes, endMs }: Pick<StolonRecording, 'prefix' | 'events' | 'probes' | 'endMs'>,
  { proof, as }: StolonMode,
  onDecision?: (t_ms: number, decision: Decision, view: ClusterView) => void,
): readonly ReplayChange[] {
  return replay({
    cluster: stolonSpec({ services: [writes, { ...reads, fallback: 'primary' }] }),
    prefix,
    events,
    probes: proof === 'probe' ? probes : undefined,
    as,
    untilMs: endMs,
    onDecision,
  });
}

const documentSchema = z.object({
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

type Document = z.infer<typeof documentSchema>;

/** Undefined: it can't be read as that. */
function parsedAs<T>(schema: z.ZodType<T>, text: string): T | undefined {
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

function acknowledgements(events: readonly RecordedEvent[]): readonly Acknowledgement[] {
  return events.flatMap((event) => {
    if (!('key' in event) || event.type === 'delete' || !event.key.includes('/proxies/info/')) return [];
    const { UID: uid, Generation: generation } = proxyInfoSchema.parse(JSON.parse(event.value));
    return [{ t_ms: event.t_ms, revision: event.mod_revision, uid, generation }];
  });
}

/** When clusterdata says that this db, named at this revision, has carried out what made it master. */
export function convergences(
  { events }: Pick<StolonRecording, 'events'>,
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

const keeperInfoSchema = z.object({
  postgresState: z.object({ uid: z.string().optional(), healthy: z.boolean().default(false) }).nullish(),
});

interface Postgres {
  readonly db: string | undefined;
  readonly primary: boolean;
  readonly dead: boolean;
  readonly word: ProbeWord;
}

/**
 * What each keeper's PostgreSQL was. It is up while its keeper tells so; a new data directory is primary if its db's role says master, an old one
 * becomes primary with the mark of its promotion; it is down from the mark of its death until its keeper tells otherwise.
 */
function truth(events: readonly RecordedEvent[], marks: readonly Mark[]): readonly RecordedProbe[] {
  const nodes = new Map<string, Postgres>();
  const probes: RecordedProbe[] = [];
  let document: Document | undefined;
  const become = (t_ms: number, node: string, next: Omit<Postgres, 'word'>, up: boolean): void => {
    const word = !up || next.dead ? 'down' : next.primary ? 'primary' : 'standby';
    const was = nodes.get(node)?.word;
    // No PostgreSQL becomes a standby without a restart, which ends every session.
    if (was === 'primary' && word === 'standby') probes.push({ t_ms: t_ms - 1, node, probe: 'pg', value: 'down' });
    if (was !== word) probes.push({ t_ms, node, probe: 'pg', value: word });
    nodes.set(node, { ...next, word });
  };
  const told = (t_ms: number, node: string, value: string): void => {
    const state = keeperInfoSchema.parse(JSON.parse(value)).postgresState ?? undefined;
    const was = nodes.get(node);
    const role = document?.dbs[state?.uid ?? '']?.spec.role;
    const primary = state?.uid === was?.db ? was?.primary === true : role === 'master';
    become(t_ms, node, { db: state?.uid, primary, dead: was?.dead === true }, state?.healthy === true);
  };
  const marked = (t_ms: number, mark: string): void => {
    const [, node, what] = /^(keeper\d)\b.*?(dies|comes back|promoted)/.exec(mark) ?? [];
    if (node === undefined) return;
    const was = nodes.get(node) ?? { db: undefined, primary: false, dead: false, word: 'down' };
    if (what === 'dies') become(t_ms, node, { ...was, dead: true }, false);
    else if (what === 'promoted') become(t_ms, node, { ...was, primary: true }, true);
    else become(t_ms, node, { db: undefined, primary: false, dead: false }, false);
  };
  const rank = (event: RecordedEvent): number => ('key' in event && event.key.endsWith('/clusterdata') ? 0 : 1);
  const lines = [
    ...events.map((event) => ({ t_ms: event.t_ms, event, mark: undefined })),
    ...marks.map(({ t_ms, mark }) => ({ t_ms, event: undefined, mark })),
  ].sort((a, b) => a.t_ms - b.t_ms || (a.event && b.event ? rank(a.event) - rank(b.event) : 0));
  for (const { t_ms, event, mark } of lines) {
    if (mark !== undefined) marked(t_ms, mark);
    if (event === undefined || !('key' in event) || event.type === 'delete') continue;
    if (event.key.endsWith('/clusterdata')) document = parsedAs(documentSchema, event.value) ?? document;
    const keeper = /\/keepers\/info\/(.*)$/.exec(event.key)?.[1];
    if (keeper !== undefined) told(t_ms, keeper, event.value);
  }
  return probes;
}
