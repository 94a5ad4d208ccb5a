// The router's documents, checked with the published schemas before anything looks at them.
import {
  type EventsDocument,
  eventsSchema,
  type FleetDocument,
  fleetSchema,
  type StatusDocument,
  statusSchema,
} from '@pgrouted/core/status/schema';
import { z } from 'zod';
import { Failure } from '../failure.ts';
import { version } from '../version.ts';
import { get, type RouterAddress, shown } from './request.ts';

export async function getStatus(router: RouterAddress): Promise<StatusDocument> {
  const { text } = await get(router, '/v2/status');
  return read(router, '/v2/status', text, statusSchema);
}

export async function getFleet(router: RouterAddress): Promise<FleetDocument> {
  const { text } = await get(router, '/v2/fleet');
  return read(router, '/v2/fleet', text, fleetSchema);
}

export interface DatedEvents {
  readonly events: EventsDocument;
  /** The router's time of day, to one second; undefined if its answer did not tell. */
  readonly date: Date | undefined;
}

/** Journal entries after `afterSeq`, the newest `limit` of them. */
export async function getEvents(router: RouterAddress, afterSeq: number, limit: number): Promise<DatedEvents> {
  const { text, date } = await get(router, '/v2/events', { after: afterSeq, limit });
  return { events: read(router, '/v2/events', text, eventsSchema), date };
}

const looseSchema = z.object({
  schema: z.number().optional(),
  router: z.object({ version: z.string() }).partial().optional(),
});

function read<T>(router: RouterAddress, path: string, text: string, schema: z.ZodType<T>): T {
  const where = shown(router.url);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Failure(
      `${where} answered ${path} with something that is no JSON: is that pgrouted's API? (--url URL or PGROUTED_URL)`,
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const loose = looseSchema.safeParse(json);
  const theirs = loose.success ? loose.data.router?.version : undefined;
  const form = loose.success && loose.data.schema !== undefined ? ` (form ${loose.data.schema})` : '';
  const issue = parsed.error.issues[0];
  const detail = issue === undefined ? '' : `: ${issue.path.join('.') || 'document'}: ${issue.message}`;
  throw new Failure(
    `${where} answered ${path} in a form${form} that this pgroutectl (${version}) does not know${detail}. ` +
      `${theirs === undefined ? 'Is it a pgrouted of another version?' : `pgrouted there is ${theirs}.`} Use the pgroutectl that came with it, or read \`curl ${where}${path}\``,
  );
}
