// JSON answers in PgRoute66's form: four spaces of indentation, and this content type to the letter.
import type { FastifyReply } from 'fastify';

export const jsonType = 'application/json; charset=utf-8';

export function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply
    .code(status)
    .header('content-type', jsonType)
    .send(JSON.stringify(body, null, 4));
}

/** A query parameter; the first if it is given more than once. */
export function queryText(query: unknown, name: string): string | undefined {
  const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}
