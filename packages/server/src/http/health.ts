// Whether the daemon lives, and whether it can route writes now.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';
import { sendJson } from './json.ts';

export function healthRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get('/health/is-live', (_request, reply) => sendJson(reply, 200, true));
  // 500 and not 503, as EDB's PGD Proxy answers.
  app.get('/health/is-ready', (_request, reply) => {
    const ready = api.ready();
    return sendJson(reply, ready ? 200 : 500, ready);
  });
}
