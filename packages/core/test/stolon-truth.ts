// What each PostgreSQL of a stream was at the time, from the marks beside the stream and from what its keeper told of it.
import { z } from 'zod';
import type { ProbeWord, RecordedEvent, RecordedProbe } from '../src/replay/replay.ts';
import { type Document, documentSchema, parsedAs } from './stolon-history.ts';

export interface Mark {
  readonly t_ms: number;
  readonly mark: string;
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
export function truth(events: readonly RecordedEvent[], marks: readonly Mark[]): readonly RecordedProbe[] {
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
