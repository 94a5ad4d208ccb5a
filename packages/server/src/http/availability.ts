// PgRoute66's availability: how old a row that the primary writes is on a member. The only route that waits for PostgreSQL, and that writes to it.
import type { AvailabilityAnswer, RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';
import { queryText, sendJson } from './json.ts';
import { fixed, limitOf } from './limit.ts';

export function availabilityRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get<{ Params: { name: string } }>('/v1/:name/availability', async (request, reply) => {
    const answer = await api.availability(request.params.name, limitOf(queryText(request.query, 'limit')));
    return sendJson(reply, statuses[answer.kind], textOf(answer));
  });
}

const statuses: Readonly<Record<AvailabilityAnswer['kind'], number>> = {
  ok: 200,
  exceeded: 408,
  failed: 417,
  not_allowed: 417,
};

function textOf(answer: AvailabilityAnswer): string {
  switch (answer.kind) {
    case 'ok':
      return 'ok';
    case 'exceeded':
      // What is called msec is seconds: PgRoute66's words.
      return `exceeded (exceeded ${fixed(answer.limit)} by ${fixed(answer.age)} msec)`;
    case 'failed':
      return answer.text;
    case 'not_allowed':
      return 'this check writes to the primary; allow it with http.availability: true';
  }
}
