// For HAProxy's own check of a server line: would this router set it ready now, on what it can prove now? Where HAProxy asks this, a router that is dead or
// stands still closes the service (fail-closed). Where it does not, HAProxy keeps its last state. The answer is worked out in core (haproxy-check.ts).
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';

export function checkRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get<{ Params: { backend: string; server: string } }>('/haproxy/:backend/:server', (request, reply) => {
    const { status, state, code } = api.checkLine(request.params.backend, request.params.server);
    return reply.code(status).header('content-type', 'text/plain; charset=utf-8').send(`${state} ${code}\n`);
  });
}
