// For HAProxy's own check of a server line: would this router set it ready now, on what it can prove now? Where HAProxy asks this, a router that is dead or
// stands still closes the service (fail-closed). Where it does not, HAProxy keeps its last state. The answer is worked out in core (haproxy-check.ts).
import type { RequestListener } from 'node:http';
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';
import type { RequestCounts } from './request-counts.ts';

const path = '/haproxy/:backend/:server';
const type = 'text/plain; charset=utf-8';

/** As HAProxy writes it; its names need no escapes. */
const asHaproxyAsks = /^\/haproxy\/([\w.:-]+)\/([\w.:-]+)$/;

export function checkRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get<{ Params: { backend: string; server: string } }>(path, (request, reply) => {
    const { status, text } = answerOf(api, request.params.backend, request.params.server);
    return reply.code(status).header('content-type', type).send(text);
  });
}

/** Answers what HAProxy asks some hundred times a second before any route is looked for, with the same bytes; hands everything else on. */
export const checksFirst =
  (next: RequestListener, api: RouterApi, counts: RequestCounts): RequestListener =>
  (request, response) => {
    const [, backend, server] = asHaproxyAsks.exec((request.method === 'GET' && request.url) || '') ?? [];
    const answer = backend === undefined || server === undefined ? undefined : attempt(api, backend, server);
    if (answer === undefined) return next(request, response);
    counts.count(path, answer.status);
    response.writeHead(answer.status, ['Content-Type', type, 'Content-Length', String(answer.text.length)]);
    response.end(answer.text);
  };

/** Undefined: it broke inside, as before there is a router; the route has a way to say so. */
function attempt(api: RouterApi, backend: string, server: string): ReturnType<typeof answerOf> | undefined {
  try {
    return answerOf(api, backend, server);
  } catch {
    return undefined;
  }
}

function answerOf(api: RouterApi, backend: string, server: string): { readonly status: number; readonly text: string } {
  const { status, state, code } = api.checkLine(backend, server);
  return { status, text: `${state} ${code}\n` };
}
