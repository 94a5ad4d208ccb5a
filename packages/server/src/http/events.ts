// The journal over HTTP: what is in memory at once, or everything as it comes, as server-sent events.
import type { ServerResponse } from 'node:http';
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { Clock, Timer } from '@pgrouted/core/model/clock';
import type { JournalEntry } from '@pgrouted/core/status/schema';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { queryText, sendJson } from './json.ts';

const defaultLimit = 1000;
const greatestLimit = 1_000_000;
/** A comment line, so that both ends notice a connection that has died. */
const heartbeatMs = 15_000;
/** A follower that does not read is let go before it costs memory. */
const greatestBacklogBytes = 4 * 1024 ** 2;
const greatestFollowers = 50;

const streamHeaders = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' };

export function eventRoutes(app: FastifyInstance, api: RouterApi, clock: Clock): void {
  app.get('/v2/events', (request, reply) => {
    const after = numberIn(queryText(request.query, 'after'), 0, 0, Number.MAX_SAFE_INTEGER);
    const limit = numberIn(queryText(request.query, 'limit'), defaultLimit, 1, greatestLimit);
    if (after === undefined) return refuse(reply, 'after must be a whole number');
    if (limit === undefined) return refuse(reply, `limit must be a whole number from 1 to ${greatestLimit}`);
    return sendJson(reply, 200, api.events(after, limit));
  });

  // Its headers alone; what Fastify would make of the GET below never ends.
  app.head('/v2/events/stream', (_request, reply) => reply.headers(streamHeaders).send());
  let followers = 0;
  app.get('/v2/events/stream', { exposeHeadRoute: false }, (request, reply) => {
    // A browser that reconnects tells by this header how far it had come.
    const from = queryText(request.query, 'after') ?? headerText(request.headers['last-event-id']);
    const after = numberIn(from, 0, 0, Number.MAX_SAFE_INTEGER);
    if (after === undefined) return refuse(reply, 'after must be a whole number');
    if (followers >= greatestFollowers) return sendJson(reply, 503, { error: 'too many followers' });
    followers += 1;
    reply.hijack();
    follow(api, clock, reply.raw, after, () => {
      followers -= 1;
    });
    return reply;
  });
}

function follow(api: RouterApi, clock: Clock, out: ServerResponse, after: number, ended: () => void): void {
  out.writeHead(200, streamHeaders);
  out.flushHeaders();
  const send = (text: string): void => {
    if (out.writableLength > greatestBacklogBytes) out.destroy();
    else out.write(text);
  };
  let heartbeat: Timer;
  const beat = (): void => {
    heartbeat = clock.after(heartbeatMs, () => {
      send(':\n\n');
      beat();
    });
  };
  // What is there, then what comes: in one go, so none is lost and none comes twice.
  out.write(api.events(after, greatestLimit).entries.map(asEvent).join(''));
  const stop = api.onEvent((entry) => send(asEvent(entry)));
  beat();
  out.on('error', () => out.destroy());
  out.on('close', () => {
    stop();
    heartbeat.cancel();
    ended();
  });
}

const asEvent = (entry: JournalEntry): string => `id: ${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`;

const refuse = (reply: FastifyReply, error: string): FastifyReply => sendJson(reply, 400, { error });

const headerText = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

/** `text` as a whole number within bounds; `otherwise` if there is none; undefined if it is something else. */
function numberIn(text: string | undefined, otherwise: number, least: number, most: number): number | undefined {
  if (text === undefined) return otherwise;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
