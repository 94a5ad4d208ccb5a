// Streams of Stolon clusters, composed by a model of its sentinel, keepers and proxies (0.17), and the truth that decisions
// are held against: who was named (stolon-history.ts), and what each PostgreSQL was (stolon-truth.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Decision } from '../src/model/decision.ts';
import type { ClusterView } from '../src/model/view.ts';
import { parseEvents, type ReplayChange, replay } from '../src/replay/replay.ts';
import { reads, writes } from './cluster.ts';
import type { Recording } from './recordings.ts';
import { stolonSpec } from './stolon-cluster.ts';
import { type Acknowledgement, acknowledgements, type Naming, namings } from './stolon-history.ts';
import { type Mark, truth } from './stolon-truth.ts';

export type Proof = 'probe' | 'record';

/** `as`: the uid of a recorded proxy; undefined: a router that only reads. */
export interface StolonMode {
  readonly proof: Proof;
  readonly as: string | undefined;
}

export interface StolonRecording extends Recording {
  readonly marks: readonly Mark[];
  /** The uids of the recorded proxies. */
  readonly proxies: readonly string[];
  readonly namings: readonly Naming[];
  readonly acknowledgements: readonly Acknowledgement[];
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
