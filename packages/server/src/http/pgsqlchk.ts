// What the pgsqlchk scripts behind xinetd answer, for any member: 200 for a primary, 206 for a standby, 503 for anything else, and a line of text for
// people. One check serves both listeners of HAProxy, by `http-check expect status`.
import type { CheckAnswer, RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { addFacts } from './facts.ts';
import { checkMethods, queryOf, statusOnly } from './patroni-check.ts';

const statuses: Readonly<Record<CheckAnswer['standing'], number>> = { primary: 200, standby: 206, neither: 503 };

export function pgsqlchkRoutes(app: FastifyInstance, api: RouterApi): void {
  app.route<{ Params: { name: string } }>({
    method: checkMethods,
    url: '/v1/:name/pgsqlchk',
    handler: (request, reply) => {
      const { name } = request.params;
      const query = queryOf(request).filter(([key]) => key === 'cluster');
      const answer = api.check({ member: name, kind: 'read-only', query });
      addFacts(reply, api);
      if (request.method === 'GET') return sendLine(reply, name, answer);
      return statusOnly(reply, answer && statuses[answer.standing]);
    },
  });
}

function sendLine(reply: FastifyReply, name: string, answer: CheckAnswer | undefined): FastifyReply {
  const plain = reply.header('content-type', 'text/plain; charset=utf-8');
  if (answer === undefined) return plain.code(404).send('no such member\n');
  const line =
    answer.standing === 'neither' ? `${name} takes no traffic: ${answer.reason}` : `${name} is ${answer.standing}`;
  return plain.code(statuses[answer.standing]).send(`${line.replaceAll(/\s+/g, ' ')}\n`);
}
