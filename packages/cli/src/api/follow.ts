// Follows the journal over /v2/events/stream and never loses an entry without saying so.
//
//   catch up (GET /v2/events) ──▶ stream ──broken or silent──▶ pause ──▶ catch up ...
//
// The journal lives in the router's memory: a restarted router counts from one again, and old entries leave. Both are told.
import type { IncomingMessage } from 'node:http';
import { type JournalEntry, journalEntrySchema } from '@pgrouted/core/status/schema';
import { errorText, type Failure } from '../failure.ts';
import { type Io, pause } from '../io.ts';
import { getEvents } from './documents.ts';
import { EventStreamReader } from './event-stream.ts';
import { open, type RouterAddress, toFailure } from './request.ts';

export type Followed =
  | { readonly kind: 'entry'; readonly entry: JournalEntry }
  /** Entries from `fromSeq` to `toSeq` had left the router's memory before they could be read. */
  | { readonly kind: 'lost'; readonly fromSeq: number; readonly toSeq: number }
  | { readonly kind: 'restarted' }
  | { readonly kind: 'disconnected'; readonly failure: Failure }
  | { readonly kind: 'connected' }
  /** An entry of a form that we do not know. */
  | { readonly kind: 'unreadable'; readonly detail: string };

/** The most that one answer brings; more than any journal keeps. */
export const allEntries = 100_000;

const streamPath = '/v2/events/stream';
/** The router sends a comment every 15 s: a stream that is silent for three of them is half open. Looking again costs one request. */
const silenceMs = 45_000;
const firstRetryMs = 250;
const lastRetryMs = 2_000;

/**
 * Gives each entry after `last` once, in order, until the user interrupts. `last`: the newest entry already shown; undefined: none,
 * then everything after `afterSeq` comes.
 */
export async function* follow(
  router: RouterAddress,
  io: Io,
  afterSeq: number,
  last: JournalEntry | undefined,
): AsyncGenerator<Followed, void> {
  const place: Place = { seq: last?.seq ?? afterSeq, last };
  let retryMs = firstRetryMs;
  let told = false;
  while (!io.interrupted.aborted) {
    try {
      yield* catchUp(router, place);
      const stream = await openStream(router, io, place.seq);
      if (told) yield { kind: 'connected' };
      told = false;
      retryMs = firstRetryMs;
      yield* readStream(io, stream, place);
    } catch (error) {
      if (io.interrupted.aborted) return;
      if (!told) yield { kind: 'disconnected', failure: toFailure(router, streamPath, error, false) };
      told = true;
    }
    await pause(io, retryMs);
    retryMs = Math.min(lastRetryMs, retryMs * 2);
  }
}

/** How far we have read. */
interface Place {
  seq: number;
  last: JournalEntry | undefined;
}

async function* catchUp(router: RouterAddress, place: Place): AsyncGenerator<Followed, void> {
  // The last entry is asked for once more: if it is another one now, this is another journal.
  const known = place.last;
  const { events } = await getEvents(router, known === undefined ? place.seq : known.seq - 1, allEntries);
  const again = events.entries.find((entry) => entry.seq === known?.seq);
  if (events.lastSeq < place.seq || (known !== undefined && again !== undefined && again.at !== known.at)) {
    yield { kind: 'restarted' };
    place.seq = 0;
    place.last = undefined;
    yield* deliver((await getEvents(router, 0, allEntries)).events.entries, place);
    return;
  }
  yield* deliver(events.entries, place);
}

function* deliver(entries: readonly JournalEntry[], place: Place): Generator<Followed, void> {
  for (const entry of entries) {
    if (entry.seq <= place.seq) continue;
    if (entry.seq > place.seq + 1) yield { kind: 'lost', fromSeq: place.seq + 1, toSeq: entry.seq - 1 };
    place.seq = entry.seq;
    place.last = entry;
    yield { kind: 'entry', entry };
  }
}

async function openStream(router: RouterAddress, io: Io, afterSeq: number): Promise<IncomingMessage> {
  const head = new AbortController();
  const timer = setTimeout(() => head.abort(), router.timeoutMs);
  const abort = AbortSignal.any([head.signal, io.interrupted]);
  const headers = { accept: 'text/event-stream', 'last-event-id': String(afterSeq) };
  try {
    return await open(router, streamPath, { after: afterSeq }, headers, abort);
  } catch (error) {
    throw toFailure(router, streamPath, error, head.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends when the stream ends, breaks, falls silent or turns out to be another journal's. */
async function* readStream(io: Io, stream: IncomingMessage, place: Place): AsyncGenerator<Followed, void> {
  const reader = new EventStreamReader();
  stream.setEncoding('utf8');
  stream.setTimeout(silenceMs, () => stream.destroy());
  const stop = (): void => {
    stream.destroy();
  };
  io.interrupted.addEventListener('abort', stop);
  try {
    for await (const chunk of stream) {
      for (const { data } of reader.push(String(chunk))) {
        const entry = readEntry(data);
        if (typeof entry === 'string') {
          yield { kind: 'unreadable', detail: entry };
        } else if (entry.seq <= place.seq && place.last !== undefined && entry.at > place.last.at) {
          // Newer, yet counted lower: a restarted router. Catching up sorts it out.
          return;
        } else {
          yield* deliver([entry], place);
        }
      }
    }
  } catch {
    // However it broke: catching up tells whether the router is still there, and words it if not.
  } finally {
    io.interrupted.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function readEntry(data: string): JournalEntry | string {
  try {
    const parsed = journalEntrySchema.safeParse(JSON.parse(data));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    return issue === undefined ? 'unknown form' : `${issue.path.join('.')}: ${issue.message}`;
  } catch (error) {
    return errorText(error);
  }
}
