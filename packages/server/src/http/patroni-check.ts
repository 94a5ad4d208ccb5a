// Patroni's health checks for any member: what stands behind `/v1/NAME/check/` is a path of Patroni's REST API, so that an HAProxy with `option httpchk`
// asks one router instead of each node. 200 or 503 alone, from memory; only a name that nobody bears is 404. The rules are in core (checks/).

import { answersStatusOnly } from '@pgrouted/core/checks/kind';
import type { CheckAnswer, CheckQuestion, RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addFacts } from './facts.ts';
import { jsonType, sendJson } from './json.ts';

/** Of a check GET has a body; HEAD and OPTIONS, which is what HAProxy sends, have a status line. */
export const checkMethods = ['GET', 'HEAD', 'OPTIONS'];

export function patroniCheckRoutes(app: FastifyInstance, api: RouterApi): void {
  app.route<{ Params: { name: string; '*': string } }>({
    method: checkMethods,
    url: '/v1/:name/check/*',
    handler: (request, reply) => {
      const { name, '*': kind } = request.params;
      const answer = api.check({ member: name, kind, query: queryOf(request) });
      addFacts(reply, api);
      if (request.method === 'GET') return sendCheck(reply, answer);
      return statusOnly(reply, answersStatusOnly(kind) ? answer?.status : answer && 503);
    },
  });
}

function sendCheck(reply: FastifyReply, answer: CheckAnswer | undefined): FastifyReply {
  if (answer === undefined) return sendJson(reply, 404, 'invalid');
  // As Patroni writes it, without indentation.
  return reply.code(answer.status).header('content-type', jsonType).send(JSON.stringify(answer.body));
}

/** Undefined: nobody bears the name. */
export const statusOnly = (reply: FastifyReply, status: number | undefined): FastifyReply =>
  reply.code(status ?? 404).send();

/** The parameters in the order in which they were written, which an object of them would lose. */
export function queryOf(request: FastifyRequest): CheckQuestion['query'] {
  const [, query = ''] = /\?(.*)$/s.exec(request.url) ?? [];
  return query === '' ? [] : [...new URLSearchParams(query)];
}
