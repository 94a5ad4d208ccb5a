// What is not answered: unknown routes, broken URLs, faults of our own. Below PgRoute66's paths, and for all that is not ours, its words to the letter;
// our own routes say it in JSON. Never repeats what the client sent, and never tells more than the status does.
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendJson } from './json.ts';
import { redirectOf } from './redirect.ts';
import { type RequestPath, requestPath } from './request-path.ts';

const ours = /^\/(?:v2|health|haproxy|metrics)(?:\/|$)/;

const isOurs = ({ path }: RequestPath): boolean => ours.test(path);

/** For a path that no route has, or with a method that it does not have. */
export function refuseUnknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = requestPath(request.url);
  if (asked === undefined) return refuseMalformed(request, reply);
  const redirect = request.method === 'GET' || request.method === 'HEAD' ? redirectOf(asked) : undefined;
  if (redirect !== undefined)
    return reply
      .code(301)
      .header('location', redirect.location)
      .header('content-type', 'text/html; charset=utf-8')
      .send(redirect.body);
  if (isOurs(asked)) return sendJson(reply, 404, { error: 'no such route' });
  return plain(reply, 404, 'text/plain', '404 page not found');
}

/** A path that our router can't decode. PgRoute66 takes any bytes in a name; a name that is no UTF-8 is one that nobody bears. */
export function refuseUndecodable(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = requestPath(request.url);
  if (request.method === 'GET' && asked !== undefined) {
    if (/^\/v1\/[^/]*\/status$/.test(asked.path)) return sendJson(reply, 404, 'invalid');
    if (/^\/v1\/[^/]*\/availability$/.test(asked.path)) return sendJson(reply, 417, 'invalid');
  }
  return refuseUnknown(request, reply);
}

/** What is wrong with the request itself. */
export function refuseMalformed(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = requestPath(request.url);
  if (asked !== undefined && isOurs(asked)) return sendJson(reply, 400, { error: 'bad request' });
  return plain(reply, 400, 'text/plain; charset=utf-8', '400 Bad Request');
}

/** A fault of ours; the log tells more. */
export const refuseBroken = (reply: FastifyReply): FastifyReply => sendJson(reply, 500, { error: 'internal error' });

function plain(reply: FastifyReply, status: number, type: string, body: string): FastifyReply {
  // As bytes: with a text Fastify would put a character set after the type.
  return reply.code(status).header('content-type', type).send(Buffer.from(body));
}

const notHttp = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain; charset=utf-8',
  'Connection: close',
  '',
  '400 Bad Request',
].join('\r\n');

/** For bytes that are no HTTP request. */
export function refuseConnection(socket: Duplex): void {
  if (socket.writable) socket.end(notHttp);
  else socket.destroy();
}
