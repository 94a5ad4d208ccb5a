// Recorded Patroni clusters (3.0.2; -v4: 4.1.4; -v2: 2.1.4; -v20: 2.0.2): what etcd held and, apart from that, what each PostgreSQL was at the time.
// The second is the truth that decisions are held against; 10 ms sampling, "primary" also took writes.
import { readdirSync, readFileSync } from 'node:fs';
import type { Decision } from '../src/model/decision.ts';
import type { ClusterView } from '../src/model/view.ts';
import {
  parseEvents,
  parseProbes,
  type RecordedEvent,
  type RecordedProbe,
  type ReplayChange,
  replay,
} from '../src/replay/replay.ts';
import { aSpec, readsWithin, writes } from './cluster.ts';

export type Mode = 'probe' | 'record';

export interface Recording {
  readonly name: string;
  readonly prefix: string;
  readonly events: readonly RecordedEvent[];
  readonly probes: readonly RecordedProbe[];
  readonly endMs: number;
}

/** A stretch of time in which one member is let in. */
export interface Open {
  readonly member: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const folder = new URL('./fixtures/patroni/', import.meta.url);
/** Everything that was still under way at the last line has this long to show. */
const AFTERMATH_MS = 3_000;

/**
 * While these ran, etcd was down: the router would have seen the view unconfirmed. From the kill of etcd until half a second after its start, when a
 * linearizable read works again (the recorded watch took longer to come back).
 */
const etcdDown: Readonly<Record<string, readonly [fromMs: number, toMs: number]>> = {
  'etcd-outage': [3_013, 63_542],
  'etcd-outage-failsafe': [3_009, 63_531],
  'etcd-outage-failsafe-v4': [3_017, 63_534],
};

export const recordingNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.jsonl'))
  .map((file) => file.slice(0, -'.jsonl'.length))
  .sort();

export function recording(name: string): Recording {
  const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
  const events = parseEvents(read(`${name}.jsonl`), `${name}.jsonl`);
  const probes = parseProbes(read(`probes/${name}.jsonl`), `probes/${name}.jsonl`);
  if (!events.ok) throw new Error(events.error);
  if (!probes.ok) throw new Error(probes.error);
  const changes = events.value.filter((event) => 'key' in event);
  const [, namespace, scope] = changes[0]?.key.split('/') ?? [];
  const lines = [...events.value, ...probes.value];
  const down = etcdDown[name];
  return {
    name,
    prefix: `/${namespace}/${scope}/`,
    events: down === undefined ? events.value : [...events.value, ...outage(down)],
    probes: probes.value,
    endMs: lines.reduce((end, { t_ms }) => Math.max(end, t_ms), 0) + AFTERMATH_MS,
  };
}

const outage = ([from, to]: readonly [number, number]): readonly RecordedEvent[] => [
  { t_ms: from, type: 'unconfirmed' },
  { t_ms: to, type: 'confirmed' },
];

export function replayed(
  { prefix, events, probes, endMs }: Recording,
  mode: Mode,
  onDecision?: (t_ms: number, decision: Decision, view: ClusterView) => void,
): readonly ReplayChange[] {
  const services = [writes, { ...readsWithin(16 * 1024 * 1024), fallback: 'primary' as const }];
  return replay({
    cluster: aSpec({ services }),
    prefix,
    events,
    probes: mode === 'probe' ? probes : undefined,
    untilMs: endMs,
    onDecision,
  });
}

/** When which member was let into the write service. */
export function opens(changes: readonly ReplayChange[], endMs: number): readonly Open[] {
  const open = new Map<string, number>();
  const done: Open[] = [];
  for (const { t_ms, service, member, state } of changes) {
    if (service !== writes.name) continue;
    const fromMs = open.get(member);
    if (state === 'ready' && fromMs === undefined) open.set(member, t_ms);
    if (state !== 'ready' && fromMs !== undefined) {
      open.delete(member);
      done.push({ member, fromMs, toMs: t_ms });
    }
  }
  return [...done, ...[...open].map(([member, fromMs]) => ({ member, fromMs, toMs: endMs }))];
}

/** The parts of these stretches in which PostgreSQL of the member was not a primary that takes writes. */
export function untrue(all: readonly Open[], { probes, endMs }: Recording): readonly Open[] {
  return all.flatMap(({ member, fromMs, toMs }) => {
    const words = probes.filter(({ node }) => node === member);
    const wrong = words.flatMap(({ t_ms, value }, i) => {
      const from = Math.max(t_ms, fromMs);
      const to = Math.min(words[i + 1]?.t_ms ?? endMs, toMs);
      return value !== 'primary' && from < to ? [{ member, fromMs: from, toMs: to }] : [];
    });
    return joined(wrong);
  });
}

function joined(parts: readonly Open[]): readonly Open[] {
  const done: Open[] = [];
  for (const part of parts) {
    const last = done.at(-1);
    if (last?.toMs === part.fromMs) done[done.length - 1] = { ...last, toMs: part.toMs };
    else done.push(part);
  }
  return done;
}

/** A write of the leader key: who holds it from this revision on (undefined: nobody), and who held it last. */
export interface Authority {
  readonly revision: number;
  readonly t_ms: number;
  readonly holder: string | undefined;
  readonly last: string | undefined;
}

/** The history of the leader key, told from the raw events only. */
export function authorities({ events, prefix }: Recording): readonly Authority[] {
  const history: Authority[] = [];
  for (const event of events) {
    if (!('key' in event) || event.key !== `${prefix}leader`) continue;
    const holder = event.type === 'put' ? event.value : undefined;
    const last = holder ?? history.at(-1)?.last;
    history.push({ revision: event.mod_revision, t_ms: event.t_ms, holder, last });
  }
  return history;
}
