// The lines of a recorded stream and of recorded probes, checked one by one. Made by `pgroutectl record`, or by hand for a test.
//
//   {"t_ms":0,"type":"put"|"delete","key":..,"value":..,"lease":"0","mod_revision":8,"init":true}   init: there at the start
//   {"t_ms":5000,"type":"unconfirmed"|"confirmed"}                                                 etcd did not (does again) confirm the view
//   {"t_ms":16,"node":"n1","probe":"pg","value":"primary"}                                         other probes and marks are passed over
import { z } from 'zod';
import { type Parsed, parsed, parseJson, unreadable } from '../store/parsed.ts';

const t_ms = z.number().nonnegative().finite();

const eventSchema = z.discriminatedUnion('type', [
  z.object({
    t_ms,
    type: z.enum(['put', 'delete']),
    key: z.string().min(1),
    value: z.string(),
    lease: z.string(),
    mod_revision: z.number().int().nonnegative(),
    init: z.boolean().optional(),
  }),
  z.object({ t_ms, type: z.enum(['unconfirmed', 'confirmed']) }),
]);

const probeWords = ['primary', 'standby', 'starting', 'shutting down', 'lost', 'down', 'denied'] as const;

const probeSchema = z.object({ t_ms, node: z.string().min(1), probe: z.literal('pg'), value: z.enum(probeWords) });
const anyProbeSchema = z.object({ t_ms, probe: z.string().optional() });

/** One line of a stream; times in milliseconds since the recording began. */
export type RecordedEvent = z.infer<typeof eventSchema>;
export type RecordedChange = Extract<RecordedEvent, { readonly key: string }>;

/** What PostgreSQL of `node` said from this instant on. `lost`: nothing any more. */
export type RecordedProbe = z.infer<typeof probeSchema>;
export type ProbeWord = RecordedProbe['value'];

/** All events of a file's text; the error names file and line. */
export function parseEvents(text: string, file: string): Parsed<readonly RecordedEvent[]> {
  return parseLines(text, file, (line) => parseJson(line, eventSchema));
}

/** All `pg` probes of a file's text; marks and probes of other kinds are passed over. */
export function parseProbes(text: string, file: string): Parsed<readonly RecordedProbe[]> {
  return parseLines(text, file, (line) => {
    const any = parseJson(line, anyProbeSchema);
    if (!any.ok) return any;
    return any.value.probe === 'pg' ? parseJson(line, probeSchema) : parsed(undefined);
  });
}

function parseLines<T>(
  text: string,
  file: string,
  parse: (line: string) => Parsed<T | undefined>,
): Parsed<readonly T[]> {
  const values: T[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const result = parse(line);
    if (!result.ok) return unreadable(`${file}:${index + 1}: ${result.error}`);
    if (result.value !== undefined) values.push(result.value);
  }
  return parsed(values);
}
