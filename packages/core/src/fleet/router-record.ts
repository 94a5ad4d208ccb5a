// A router as it stands in etcd for one cluster: what it has decided, and what its HAProxies have taken over. JSON of version 1 under the router's own lease.
// Holds no ages and no counters: it is written when something in it changes, and only then.
import * as z from 'zod';
import { type Parsed, parseJson, readOnce, unreadable } from '../store/parsed.ts';
import type { FleetEntry } from './store.ts';

const text = z.string().max(256);

/** Whose word the leadership's revision is: etcd's, the same for all routers, or (source postgres) a count of this router's own. */
const leaderSchema = z.object({ member: text.nullable(), revision: text, shared: z.boolean() });

const recordSchema = z.object({
  version: z.literal(1),
  /** Random, of this process: two processes of one name are told apart by it. */
  instance: text,
  pgrouted: text,
  host: text,
  since: text,
  /** Of the view that was decided on; null: nothing was read yet. `member` null: nobody leads. */
  leader: leaderSchema.nullable(),
  /** Who is let in, by service, and the code of the service's reason. */
  services: z.record(text, z.object({ role: text, in: z.array(text), reason: text, overridden: z.boolean() })),
  /** `converged`: it was read back as holding what was decided under this leadership. */
  targets: z.array(z.object({ name: text, state: text, converged: z.boolean() })),
  /** Codes of the alarms that are on. */
  health: z.array(text),
});

export type RouterRecord = z.infer<typeof recordSchema>;

/** The part that the router itself has to find out; the rest is the same for all of its clusters. */
export type RouterFacts = Pick<RouterRecord, 'leader' | 'services' | 'targets' | 'health'>;

/** Who writes: the same in all of a router's records. */
export type RouterSelf = Pick<RouterRecord, 'instance' | 'pgrouted' | 'host' | 'since'>;

export const routerText = (self: RouterSelf, facts: RouterFacts): string =>
  JSON.stringify({ version: 1, ...self, ...facts } satisfies RouterRecord);

function parse(value: string): Parsed<RouterRecord> {
  const version = parseJson(value, z.object({ version: z.number() }));
  if (version.ok && version.value.version !== 1)
    return unreadable(`version ${version.value.version}; only version 1 is understood`);
  return parseJson(value, recordSchema);
}

/** Each entry is read once, and only when somebody wants to know: a fleet of a thousand clusters writes a thousand of them at once. */
export const readRouter: (entry: Pick<FleetEntry, 'value'>) => Parsed<RouterRecord> = readOnce(parse);
