// The whole picture as one document, and the schema that describes it.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';
import { sendJson } from './json.ts';

export function statusRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get('/v2/status', (_request, reply) => sendJson(reply, 200, api.status()));

  // Made when it is first asked for: few ever ask, and it takes memory.
  let schema: Promise<unknown> | undefined;
  app.get('/v2/status/schema', async (_request, reply) => {
    schema ??= jsonSchema();
    return sendJson(reply, 200, await schema);
  });
}

async function jsonSchema(): Promise<unknown> {
  const [{ z }, { statusSchema }] = await Promise.all([import('zod'), import('@pgrouted/core/status/schema')]);
  return z.toJSONSchema(statusSchema);
}
