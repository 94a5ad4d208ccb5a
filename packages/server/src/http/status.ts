// The whole picture as one document, and the schema that describes it.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';
import { sendJson } from './json.ts';

export function statusRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get('/v2/status', (_request, reply) => sendJson(reply, 200, api.status()));

  let schema: Promise<unknown> | undefined;
  app.get('/v2/status/schema', async (_request, reply) => {
    schema ??= import('./status-schema.ts').then(({ statusJsonSchema }) => statusJsonSchema());
    return sendJson(reply, 200, await schema);
  });
}
