// The headers that tell what an answer from memory rests on: the kinds of sources, the revision, and its age.
import type { Freshness, RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyReply } from 'fastify';

/** Names and values in turn, as Node's writeHead takes them. */
export function factHeaders(source: string, { revision, ageMs }: Freshness): string[] {
  const headers = ['X-Pgrouted-Source', source];
  if (revision !== undefined) headers.push('X-Pgrouted-Revision', revision);
  if (ageMs !== undefined) headers.push('X-Pgrouted-Age-Ms', String(ageMs));
  return headers;
}

export function addFacts(reply: FastifyReply, api: RouterApi): void {
  const headers = factHeaders(api.members().source, api.freshness());
  for (let at = 0; at < headers.length; at += 2) reply.header(headers[at] ?? '', headers[at + 1]);
}
