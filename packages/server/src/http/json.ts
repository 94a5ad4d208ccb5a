// JSON answers in PgRoute66's form: four spaces of indentation, escapes as Go's encoder writes them, and this content type to the letter.
import type { FastifyReply } from 'fastify';

export const jsonType = 'application/json; charset=utf-8';

/** Go's encoder makes its texts safe to be put into HTML, and into JavaScript older than 2019. */
const escapedByGo = /[<>&\u2028\u2029]/g;

export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 4).replace(
    escapedByGo,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).header('content-type', jsonType).send(jsonText(body));
}

/** A query parameter; the first if it is given more than once. */
export function queryText(query: unknown, name: string): string | undefined {
  const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}
